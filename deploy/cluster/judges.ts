/** What `kubectl get -o json` says of progress. Pure. */
import { z } from 'zod';

export interface Progress {
  readonly done: boolean;
  /** One line for the person who waits. */
  readonly told: string;
}

const Meta = z.object({ name: z.string(), generation: z.number().optional() });
const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });

const Fleets = listOf(
  z.object({
    metadata: Meta,
    spec: z.object({ replicas: z.number().default(0) }),
    status: z
      .object({ replicas: z.number().default(0), readyReplicas: z.number().default(0), allocatedReplicas: z.number().default(0) })
      .optional(),
  }),
);

/** Those in use count: a deployment must not wait for players to leave. A fleet that an autoscaler keeps at none is done. */
export function judgeFleets(text: string): Progress {
  const fleets = Fleets.parse(JSON.parse(text)).items.map(({ metadata, spec, status }) => {
    const up = (status?.readyReplicas ?? 0) + (status?.allocatedReplicas ?? 0);
    return { name: metadata.name, wanted: spec.replicas, up };
  });
  const told = fleets.map(({ name, wanted, up }) => `${name} ${up}/${wanted}`).join(', ');
  const served = fleets.some(({ up }) => up > 0);
  return { done: served && fleets.every(({ wanted, up }) => up >= wanted), told: told === '' ? 'no fleet yet' : told };
}

const Conditions = z.array(
  z.object({ type: z.string(), status: z.string(), reason: z.string().default(''), message: z.string().default('') }),
);

const Deployments = listOf(
  z.object({
    metadata: Meta,
    spec: z.object({ replicas: z.number().default(1) }),
    status: z.object({
      observedGeneration: z.number().default(0),
      replicas: z.number().default(0),
      updatedReplicas: z.number().default(0),
      availableReplicas: z.number().default(0),
      conditions: Conditions.default([]),
    }),
  }),
);

/** As `kubectl rollout status` judges: all of the new kind, none of the old, all available. */
export function judgeDeployments(text: string): Progress {
  const all = Deployments.parse(JSON.parse(text)).items.map(({ metadata, spec, status }) => {
    const seen = status.observedGeneration >= (metadata.generation ?? 0);
    const done =
      seen &&
      status.updatedReplicas >= spec.replicas &&
      status.replicas <= status.updatedReplicas &&
      status.availableReplicas >= spec.replicas;
    return { done, told: `${metadata.name} ${seen ? Math.min(status.availableReplicas, status.updatedReplicas) : 0}/${spec.replicas}` };
  });
  return {
    done: all.length > 0 && all.every(({ done }) => done),
    told: all.length === 0 ? 'no Deployment yet' : all.map(({ told }) => told).join(', '),
  };
}

const ExternalSecrets = listOf(
  z.object({ metadata: Meta, status: z.object({ conditions: Conditions.default([]) }).default({ conditions: [] }) }),
);

export function judgeExternalSecrets(text: string): Progress {
  const all = ExternalSecrets.parse(JSON.parse(text)).items.map(({ metadata, status }) => {
    const ready = status.conditions.find(({ type }) => type === 'Ready');
    const done = ready?.status === 'True';
    return {
      done,
      told: done ? metadata.name : `${metadata.name} not yet${ready === undefined ? '' : ` (${ready.reason}: ${ready.message})`}`,
    };
  });
  return {
    done: all.length > 0 && all.every(({ done }) => done),
    told: all.length === 0 ? 'no ExternalSecret yet' : all.map(({ told }) => told).join(', '),
  };
}
