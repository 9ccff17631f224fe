/** A GameServer as Agones' SDK tells it (`agones.dev.sdk.GameServer`), and what the bridge reads from it. Pure. */
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { Attempt, Uid } from '../../contracts/words.ts';
import { readFields, type Fields } from './wire-reader.ts';

type Entry<Value> = readonly [string, Value];

/** Numbers of 64 bits are whole: counters and lists may hold what a double cannot. */
export interface GameServer {
  readonly objectMeta: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: bigint;
    /** Seconds since the epoch; 0 is never. */
    readonly creationTimestamp: bigint;
    readonly deletionTimestamp: bigint;
    readonly annotationsMap: readonly Entry<string>[];
    readonly labelsMap: readonly Entry<string>[];
  };
  readonly spec: { readonly health: HealthSpec | undefined };
  readonly status: {
    readonly state: string;
    readonly address: string;
    readonly addressesList: readonly { readonly type: string; readonly address: string }[];
    readonly portsList: readonly { readonly name: string; readonly port: number }[];
    /** Only where Agones tracks players. */
    readonly players: { readonly count: bigint; readonly capacity: bigint; readonly idsList: readonly string[] } | undefined;
    readonly countersMap: readonly Entry<{ readonly count: bigint; readonly capacity: bigint }>[];
    readonly listsMap: readonly Entry<{ readonly capacity: bigint; readonly valuesList: readonly string[] }>[];
  };
}

export interface HealthSpec {
  readonly disabled: boolean;
  readonly periodSeconds: number;
  readonly failureThreshold: number;
  readonly initialDelaySeconds: number;
}

/** @throws RangeError when the bytes are not a message. */
export function parseGameServer(message: Buffer): GameServer {
  const gameServer = readFields(message);
  const meta = gameServer.message(1) ?? NOTHING;
  const status = gameServer.message(3) ?? NOTHING;
  const health = gameServer.message(2)?.message(1);
  const players = status.message(4);
  return {
    objectMeta: {
      name: meta.text(1),
      namespace: meta.text(2),
      uid: meta.text(3),
      resourceVersion: meta.text(4),
      generation: meta.int(5),
      creationTimestamp: meta.int(6),
      deletionTimestamp: meta.int(7),
      annotationsMap: meta.messages(8).map((entry) => [entry.text(1), entry.text(2)]),
      labelsMap: meta.messages(9).map((entry) => [entry.text(1), entry.text(2)]),
    },
    spec: {
      health: health && {
        disabled: health.int(1) !== 0n,
        periodSeconds: Number(health.int(2)),
        failureThreshold: Number(health.int(3)),
        initialDelaySeconds: Number(health.int(4)),
      },
    },
    status: {
      state: status.text(1),
      address: status.text(2),
      portsList: status.messages(3).map((port) => ({ name: port.text(1), port: Number(port.int(2)) })),
      players: players && { count: players.int(1), capacity: players.int(2), idsList: players.texts(3) },
      countersMap: status.messages(5).map((entry) => valued(entry, (counter) => ({ count: counter.int(1), capacity: counter.int(2) }))),
      listsMap: status.messages(6).map((entry) => valued(entry, (list) => ({ capacity: list.int(1), valuesList: list.texts(2) }))),
      addressesList: status.messages(7).map((address) => ({ type: address.text(1), address: address.text(2) })),
    },
  };
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
  return gameServer.objectMeta.deletionTimestamp > 0n || ['Shutdown', 'Unhealthy', 'Error'].includes(gameServer.status.state);
}

const NOTHING = readFields(Buffer.alloc(0));

function valued<Value>(entry: Fields, read: (value: Fields) => Value): Entry<Value> {
  return [entry.text(1), read(entry.message(2) ?? NOTHING)];
}
