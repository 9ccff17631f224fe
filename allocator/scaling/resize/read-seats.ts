/** How full sessions are, by the seats that the allocator keeps. */
import { z } from 'zod';
import { translated } from '../../../runtime/documents/collection.ts';
import type { Allocations } from '../../store/allocations.ts';
import { shareOf } from './level.ts';

const Taken = z.object({ _id: z.string(), players: z.number(), capacity: z.number() });
const CHUNK = 500;

/** Uid of an allocation → share of its players' seats that are taken. */
export async function readSeats(
  { documents }: Pick<Allocations, 'documents'>,
  uids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const shares = new Map<string, number>();
  const isPlayer = { $eq: ['$$seat.role', 'player'] };
  const players = { $size: { $filter: { input: '$seats', as: 'seat', cond: isPlayer } } };
  for (let at = 0; at < uids.length; at += CHUNK) {
    const $match = { _id: { $in: uids.slice(at, at + CHUNK) } };
    const found = await translated(() =>
      documents.raw.aggregate([{ $match }, { $project: { players, capacity: '$request.session.capacity' } }]).toArray(),
    );
    for (const one of found) {
      const { _id, players: taken, capacity } = Taken.parse(one);
      const share = shareOf(taken, capacity);
      if (share !== undefined) shares.set(_id, share);
    }
  }
  return shares;
}
