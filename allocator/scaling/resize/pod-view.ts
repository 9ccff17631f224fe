/** A game server's pod as far as its size goes. Pure. */
import { z } from 'zod';
import { Size } from './size.ts';

/** Agones names the game server's own container so. */
const GAME_CONTAINER = 'agones.dev/container';

const PENDING = 'PodResizePending';

const Container = z.object({
  name: z.string(),
  resources: Size.prefault({}),
  resizePolicy: z.array(z.object({ resourceName: z.string(), restartPolicy: z.string() })).default([]),
});

const Condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().default(''),
  message: z.string().default(''),
  /** Of the pod as the node knew it then; from Kubernetes 1.34 on. */
  observedGeneration: z.int().optional(),
});

const PodObject = z.object({
  metadata: z.object({
    uid: z.string(),
    resourceVersion: z.string(),
    generation: z.int().optional(),
    annotations: z.record(z.string(), z.string()).default({}),
    ownerReferences: z.array(z.object({ kind: z.string(), uid: z.string() })).default([]),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z.object({ containers: z.array(Container) }),
  status: z
    .object({
      /** Before 1.33; conditions have taken its place. */
      resize: z.string().optional(),
      conditions: z.array(Condition).default([]),
      containerStatuses: z.array(z.object({ name: z.string(), resources: Size.optional() })).default([]),
    })
    .prefault({}),
});
type PodObject = z.infer<typeof PodObject>;

export interface PodView {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Of the game server that it runs. */
  readonly gameServerUid: string | undefined;
  readonly deleting: boolean;
  readonly container: (name: string | undefined) => ContainerView | undefined;
  /** What the node says of the last change of size. */
  readonly verdict: Verdict;
  /** It does say whether it knew the pod as it is now. */
  readonly isVerdictDated: boolean;
}

export interface ContainerView {
  readonly name: string;
  readonly size: Size;
  /** What the node has given it; undefined where it does not tell. */
  readonly granted: Size | undefined;
  /** Resources that it is restarted for: its game server would not survive that. */
  readonly restartsFor: readonly string[];
}

export type Verdict =
  | { readonly kind: 'none' }
  /** It fits the node in principle, but not now; the node goes on trying. */
  | { readonly kind: 'deferred' | 'infeasible' | 'under-way' | 'error'; readonly message: string };

/** @throws ZodError when it is no pod. */
export function podOf(object: unknown): PodView {
  const { metadata, spec, status } = PodObject.parse(object);
  return {
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    gameServerUid: metadata.ownerReferences.find(({ kind }) => kind === 'GameServer')?.uid,
    deleting: metadata.deletionTimestamp !== undefined,
    container: (name = metadata.annotations[GAME_CONTAINER]) => {
      const found = spec.containers.find((one) => one.name === name);
      if (found === undefined) return undefined;
      return {
        name: found.name,
        size: found.resources,
        granted: status.containerStatuses.find((one) => one.name === name)?.resources,
        restartsFor: found.resizePolicy.filter((one) => one.restartPolicy !== 'NotRequired').map((one) => one.resourceName),
      };
    },
    verdict: verdictOf(metadata.generation, status),
    isVerdictDated: status.conditions.some(({ type, observedGeneration }) => type === PENDING && observedGeneration !== undefined),
  };
}

/** What a node said of the pod before its last change tells nothing of that one. */
function verdictOf(generation: number | undefined, { conditions, resize = '' }: PodObject['status']): Verdict {
  const isOld = (observed: number | undefined) => observed !== undefined && generation !== undefined && observed < generation;
  const holding = (type: string) => conditions.find((one) => one.type === type && one.status === 'True' && !isOld(one.observedGeneration));
  const pending = holding(PENDING);
  const message = pending?.message ?? '';
  if (pending?.reason === 'Infeasible' || resize === 'Infeasible') return { kind: 'infeasible', message };
  if (pending !== undefined || resize === 'Deferred') return { kind: 'deferred', message };
  const underWay = holding('PodResizeInProgress');
  if (underWay?.reason === 'Error') return { kind: 'error', message: underWay.message };
  if (underWay !== undefined || resize === 'InProgress') return { kind: 'under-way', message: underWay?.message ?? '' };
  return { kind: 'none' };
}
