/** A GameServer as Agones' SDK tells it, and as its REST surface writes it. Pure. */
import { z } from 'zod';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { Attempt, Uid } from '../../contracts/words.ts';

const Texts = z.array(z.tuple([z.string(), z.string()]));

/** What `toObject()` of the generated message gives. */
const GameServerMessage = z.object({
  objectMeta: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    generation: z.number(),
    creationTimestamp: z.number(),
    deletionTimestamp: z.number(),
    annotationsMap: Texts,
    labelsMap: Texts,
  }),
  spec: z.object({
    health: z
      .object({ disabled: z.boolean(), periodSeconds: z.number(), failureThreshold: z.number(), initialDelaySeconds: z.number() })
      .optional(),
  }),
  status: z.object({
    state: z.string(),
    address: z.string(),
    addressesList: z.array(z.object({ type: z.string(), address: z.string() })),
    portsList: z.array(z.object({ name: z.string(), port: z.number() })),
    players: z.object({ count: z.number(), capacity: z.number(), idsList: z.array(z.string()) }).optional(),
    countersMap: z.array(z.tuple([z.string(), z.object({ count: z.number(), capacity: z.number() })])),
    listsMap: z.array(z.tuple([z.string(), z.object({ capacity: z.number(), valuesList: z.array(z.string()) })])),
  }),
});
export type GameServer = z.infer<typeof GameServerMessage>;

export function parseGameServer(message: unknown): GameServer {
  return GameServerMessage.parse(message);
}

export interface AttemptMarks {
  readonly uid: string;
  readonly attempt: number;
}

/** The attempt that the allocator wrote on the server; `undefined` when it carries none that can be read. */
export function marksOf(gameServer: GameServer): AttemptMarks | undefined {
  const labels = new Map(gameServer.objectMeta.labelsMap);
  const uid = Uid.safeParse(labels.get(GAME_SERVER_MARKS.uid));
  const attempt = Attempt.safeParse(labels.get(GAME_SERVER_MARKS.attempt));
  return uid.success && attempt.success ? { uid: uid.data, attempt: attempt.data } : undefined;
}

/** The trace of the request that the server was allocated for, as the allocator wrote it. */
export function traceparentOf(gameServer: GameServer | undefined): string | undefined {
  return new Map(gameServer?.objectMeta.annotationsMap).get(GAME_SERVER_MARKS.traceparent);
}

/** On its way out, as far as Agones is concerned. */
export function isGoing(gameServer: GameServer): boolean {
  return gameServer.objectMeta.deletionTimestamp > 0 || ['Shutdown', 'Unhealthy', 'Error'].includes(gameServer.status.state);
}

/** As Agones' REST surface writes it: snake case, 64-bit numbers as texts, nothing left out. */
export function restView({ objectMeta: meta, spec: { health }, status }: GameServer): unknown {
  return {
    object_meta: {
      name: meta.name,
      namespace: meta.namespace,
      uid: meta.uid,
      resource_version: meta.resourceVersion,
      generation: String(meta.generation),
      creation_timestamp: String(meta.creationTimestamp),
      deletion_timestamp: String(meta.deletionTimestamp),
      annotations: sortedObject(meta.annotationsMap),
      labels: sortedObject(meta.labelsMap),
    },
    spec: {
      health: health
        ? {
            disabled: health.disabled,
            period_seconds: health.periodSeconds,
            failure_threshold: health.failureThreshold,
            initial_delay_seconds: health.initialDelaySeconds,
          }
        : null,
    },
    status: {
      state: status.state,
      address: status.address,
      addresses: status.addressesList,
      ports: status.portsList,
      players: status.players
        ? { count: String(status.players.count), capacity: String(status.players.capacity), ids: status.players.idsList }
        : null,
      counters: sortedObject(
        status.countersMap.map(([name, { count, capacity }]) => [name, { count: String(count), capacity: String(capacity) }]),
      ),
      lists: sortedObject(
        status.listsMap.map(([name, { capacity, valuesList }]) => [name, { capacity: String(capacity), values: valuesList }]),
      ),
    },
  };
}

/** Protobuf maps have no order; Go writes them by key. */
function sortedObject<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
