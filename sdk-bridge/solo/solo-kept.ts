/** What a solo bridge keeps of the world that it invents, so that it goes on where it was when it is started anew. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SeatRole, Session } from '../../contracts/allocator.ts';
import { AgonesState } from '../../contracts/bridge-solo.ts';
import { Notices } from '../../contracts/notices.ts';
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

export async function openSoloKeeper(folder: string): Promise<SoloKeeper> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'solo.json');
  let kept = (await readKept(path, (text) => Kept.parse(JSON.parse(text)))) ?? firstLife();
  let writing: Promise<void> = Promise.resolve();
  return {
    current: () => kept,
    change: (make) => {
      kept = make(kept);
      writing = writing.catch(() => {}).then(() => writeDurably(path, `${JSON.stringify(kept, undefined, 2)}\n`));
      return writing;
    },
  };
}

/** Worlds, players and the key stay. */
export function nextLife(kept: SoloKept): SoloKept {
  const { allocation: _, ...rest } = kept;
  return { ...rest, life: kept.life + 1, agones: newAgones(), notices: [] };
}

export function gameServerOf({ life }: Pick<SoloKept, 'life'>): string {
  return `solo-${life}`;
}

function firstLife(): SoloKept {
  return { life: 1, agones: newAgones(), notices: [] };
}

function newAgones(): SoloKept['agones'] {
  return { state: 'Scheduled', version: 1, labels: {}, annotations: {}, deletedAt: 0 };
}
