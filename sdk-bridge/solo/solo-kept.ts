/** What a solo bridge keeps of the world that it invents, so that it goes on where it was when it is started anew. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SeatRole, Session } from '../../contracts/allocator.ts';
import { AgonesState } from '../../contracts/bridge-solo.ts';
import { jsonText } from '../../contracts/json-text.ts';
import { Notices } from '../../contracts/notices.ts';
import { SoloCounters, SoloLists, type SoloSpec } from './solo-spec.ts';
import { readKept } from '../store/kept-file.ts';
import { writeDurably } from '../store/write-durably.ts';

const Allocation = z.object({
  id: z.string(),
  uid: z.string(),
  attempt: z.literal(1),
  state: z.enum(['allocated', 'ready', 'ended', 'lost']),
  reason: z.string().optional(),
  port: z.int().optional(),
  mode: z.string(),
  build: z.string(),
  session: Session,
  players: z.array(z.object({ id: z.string(), role: SeatRole, packetKey: z.string() })),
  worldEpoch: z.int().optional(),
});
export type KeptAllocation = z.infer<typeof Allocation>;

const Kept = z.object({
  life: z.int().min(1),
  agones: z.object({
    state: AgonesState,
    version: z.int(),
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    /** In seconds since the epoch; 0 is never. */
    deletedAt: z.int(),
    reservedUntil: z.string().nullable().default(null),
    counters: SoloCounters,
    lists: SoloLists,
    /** Null where players are not tracked. */
    players: z
      .object({ count: z.int(), capacity: z.int(), ids: z.array(z.string()).readonly().nullable() })
      .nullable()
      .default(null),
  }),
  allocation: Allocation.optional(),
  notices: Notices,
  /** Signs join tickets: an Ed25519 key as a JWK. */
  ticketKey: z.looseObject({ kty: z.string() }).optional(),
});
export type SoloKept = z.infer<typeof Kept>;

export interface SoloKeeper {
  current(): SoloKept;
  /** In hand at once, on disk when the promise resolves. */
  change(make: (kept: SoloKept) => SoloKept): Promise<void>;
}

/** @param spec what the game server has that is not kept yet. */
export async function openSoloKeeper(folder: string, spec: SoloSpec): Promise<SoloKeeper> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'solo.json');
  const before = await readKept(path, (text) => Kept.parse(JSON.parse(text)));
  let kept = before === undefined ? firstLife(spec) : withSpec(before, spec);
  let writing: Promise<void> = Promise.resolve();
  return {
    current: () => kept,
    change: (make) => {
      kept = make(kept);
      writing = writing.catch(() => {}).then(() => writeDurably(path, `${jsonText(kept, 2)}\n`));
      return writing;
    },
  };
}

/** Worlds, players and the key stay. */
export function nextLife(kept: SoloKept, spec: SoloSpec): SoloKept {
  const { allocation: _, ...rest } = kept;
  return { ...rest, life: kept.life + 1, agones: newAgones(spec), notices: [] };
}

export function gameServerOf({ life }: Pick<SoloKept, 'life'>): string {
  return `solo-${life}`;
}

/** A game server that was there before has what it is told to have now; what it counted stays. */
function withSpec(kept: SoloKept, spec: SoloSpec): SoloKept {
  const { counters, lists, players } = newAgones(spec);
  const { agones } = kept;
  return {
    ...kept,
    agones: {
      ...agones,
      counters: { ...counters, ...agones.counters },
      lists: { ...lists, ...agones.lists },
      players: agones.players ?? players,
    },
  };
}

function firstLife(spec: SoloSpec): SoloKept {
  return { life: 1, agones: newAgones(spec), notices: [] };
}

function newAgones({ counters, lists, players }: SoloSpec): SoloKept['agones'] {
  return {
    state: 'Scheduled',
    version: 1,
    labels: {},
    annotations: {},
    deletedAt: 0,
    reservedUntil: null,
    counters,
    lists,
    players: players === undefined ? null : { count: 0, capacity: players.initialCapacity, ids: [] },
  };
}
