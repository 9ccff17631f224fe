/** A GameServer as Agones' REST surface writes it: snake case, numbers of 64 bits as texts, maps by key, nothing left out. Pure. */
import type { GameServer } from '../agones/game-server.ts';

/** JSON, as `GET /gameserver` answers it. */
export function restGameServer({ objectMeta: meta, spec: { health }, status }: GameServer): string {
  return object({
    object_meta: object({
      name: json(meta.name),
      namespace: json(meta.namespace),
      uid: json(meta.uid),
      resource_version: json(meta.resourceVersion),
      generation: int64(meta.generation),
      creation_timestamp: int64(meta.creationTimestamp),
      deletion_timestamp: int64(meta.deletionTimestamp),
      annotations: map(meta.annotationsMap, json),
      labels: map(meta.labelsMap, json),
    }),
    spec: object({
      health: health
        ? json({
            disabled: health.disabled,
            period_seconds: health.periodSeconds,
            failure_threshold: health.failureThreshold,
            initial_delay_seconds: health.initialDelaySeconds,
          })
        : 'null',
    }),
    status: object({
      state: json(status.state),
      address: json(status.address),
      addresses: json(status.addressesList.map(({ type, address }) => ({ type, address }))),
      ports: json(status.portsList.map(({ name, port }) => ({ name, port }))),
      players: status.players
        ? object({ count: int64(status.players.count), capacity: int64(status.players.capacity), ids: json(status.players.idsList) })
        : 'null',
      counters: map(status.countersMap, ({ count, capacity }) => object({ count: int64(count), capacity: int64(capacity) })),
      lists: map(status.listsMap, ({ capacity, valuesList }) => object({ capacity: int64(capacity), values: json(valuesList) })),
    }),
  });
}

/** One line of the watch, without its line feed. Inside a stream Go escapes what could end a script element. */
export function watchLine(gameServer: GameServer): string {
  return `{"result":${restGameServer(gameServer)}}`.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const json = (value: unknown): string => JSON.stringify(value);

const int64 = (value: bigint): string => `"${value}"`;

/** Put together by hand: an object of JavaScript moves keys that look like numbers to the front. */
const object = (fields: Readonly<Record<string, string>>): string => written(Object.entries(fields));

function map<Value>(entries: readonly (readonly [string, Value])[], write: (value: Value) => string): string {
  return written(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, write(value)]));
}

const written = (entries: readonly (readonly [string, string])[]): string =>
  `{${entries.map(([key, value]) => `${json(key)}:${value}`).join(',')}}`;
