/**
 * A fleet as it stands in a cluster, with what releases have written on it. That is all that is remembered of a release, so whoever
 * runs it next goes on from there:
 *
 *   coming ──▶ current ──▶ leaving ──▶ closed ──▶ deleted
 *     │           ▲           │          │
 *     └──▶ closed └───────────┴──────────┘  a rollback, or the same build once more (closed servers come up first)
 */
import { z } from 'zod';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { RELEASE_STATE, ReleaseState } from '../../contracts/allocator-api/autoscaler.ts';

export const RELEASE_MARKS = {
  /** Annotation: a `ReleaseState`. */
  state: RELEASE_STATE,
  /** Annotation: `ReleaseNote` as JSON. */
  note: 'lifeverse.dev/release',
  /** Annotation of game servers: digest of the manifest that their fleet was made from. */
  digest: 'lifeverse.dev/release-digest',
} as const;

const KeptAutoscaler = z.object({ name: z.string(), spec: z.looseObject({ fleetName: z.string() }) });
/** What it takes to make a FleetAutoscaler anew. */
export type KeptAutoscaler = z.infer<typeof KeptAutoscaler>;

export const ReleaseNote = z.object({
  /** Counts the releases and rollbacks of a fleet. The greatest one is the latest, whatever the clocks say. */
  number: z.int().min(0),
  by: z.enum(['release', 'rollback']),
  /** The build that was current when this one came. */
  before: z.string().optional(),
  /** Since when it is in its state. */
  since: z.iso.datetime(),
  /** Digest of the manifest that it was made from. */
  digest: z.string().optional(),
  /** What it is brought up with: from the release on for one that comes, from its closing on for one that is closed. */
  kept: z
    .object({
      /** Ready servers, beside those that are Allocated. */
      free: z.int().min(0),
      autoscaler: KeptAutoscaler.optional(),
    })
    .optional(),
});
export type ReleaseNote = z.infer<typeof ReleaseNote>;

export interface ObservedFleet {
  readonly cluster: string;
  /** Agones' name of it. */
  readonly name: string;
  /** What requests call it. */
  readonly fleet: string;
  readonly build: string;
  /** Undefined: no release has touched it. */
  readonly state: ReleaseState | undefined;
  readonly note: ReleaseNote | undefined;
  /** Wanted, as the Fleet says. */
  readonly replicas: number;
  /** Of one that comes: only those made from what it was last made from. */
  readonly ready: number;
  readonly allocated: number;
  /** All servers that are there, Reserved and starting ones included. */
  readonly servers: number;
  readonly autoscaler: KeptAutoscaler | undefined;
}

const Texts = z
  .record(z.string(), z.string())
  .nullish()
  .transform((texts) => texts ?? {});
/** Go leaves out a zero. */
const Count = z
  .int()
  .nullish()
  .transform((count) => count ?? 0);

export const FleetObject = z.object({
  metadata: z.object({ name: z.string(), labels: Texts, annotations: Texts, deletionTimestamp: z.string().optional() }),
  spec: z.object({ replicas: Count, template: z.object({ metadata: z.object({ labels: Texts }).default({ labels: {} }) }) }),
  status: z
    .object({ replicas: Count, readyReplicas: Count, allocatedReplicas: Count })
    .default({ replicas: 0, readyReplicas: 0, allocatedReplicas: 0 }),
});

export const AutoscalerObject = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.looseObject({ fleetName: z.string() }),
});

/** @throws an error that names the fleet and what is wrong with it. */
export function observedFleetOf(cluster: string, object: unknown, autoscalers: readonly unknown[]): ObservedFleet {
  const { metadata, spec, status } = FleetObject.parse(object);
  const { name, labels, annotations } = metadata;
  const own = autoscalers.map((one) => AutoscalerObject.parse(one)).filter((one) => one.spec.fleetName === name);
  if (own.length > 1)
    throw new Error(
      `${cluster}: fleet ${name} has ${own.length} FleetAutoscalers (${own.map((one) => one.metadata.name).join(', ')}): keep one`,
    );
  const build = labels[GAME_SERVER_MARKS.build] ?? spec.template.metadata.labels[GAME_SERVER_MARKS.build] ?? '';
  return {
    cluster,
    name,
    fleet: labels[GAME_SERVER_MARKS.fleet] ?? name,
    build,
    ...marksOf(cluster, name, annotations),
    replicas: spec.replicas,
    ready: status.readyReplicas,
    allocated: status.allocatedReplicas,
    servers: status.replicas,
    autoscaler: own[0] === undefined ? undefined : { name: own[0].metadata.name, spec: own[0].spec },
  };
}

function marksOf(cluster: string, name: string, annotations: Readonly<Record<string, string>>): Pick<ObservedFleet, 'state' | 'note'> {
  const [state, note] = [annotations[RELEASE_MARKS.state], annotations[RELEASE_MARKS.note]];
  if (state === undefined && note === undefined) return { state: undefined, note: undefined };
  try {
    return { state: ReleaseState.parse(state), note: ReleaseNote.parse(JSON.parse(note ?? '')) };
  } catch (cause) {
    const marks = [RELEASE_MARKS.state, RELEASE_MARKS.note].join(' and ');
    throw new Error(`${cluster}: the annotations ${marks} of fleet ${name} are not what a release writes: take both away or mend them`, {
      cause,
    });
  }
}
