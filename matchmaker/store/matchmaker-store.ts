/** The collections of the matchmaker. */
import type { Db } from 'mongodb';
import { z } from 'zod';
import { documentsOf, ensureIndexes, translated, type Documents } from '../../runtime/documents/collection.ts';
import { Match } from '../match.ts';
import { KeptTicket } from '../ticket.ts';

/** Who does a thing that one process at a time should do. */
export const Turn = z.object({ _id: z.string(), by: z.string(), until: z.date() });
export type Turn = z.infer<typeof Turn>;

export interface QueueSize {
  readonly mode: string;
  readonly tickets: number;
  readonly players: number;
}

export interface MatchmakerStore {
  readonly tickets: Documents<KeptTicket>;
  readonly matches: Documents<Match>;
  readonly turns: Documents<Turn>;
  /** Who waits, by mode. */
  queueSizes(): Promise<QueueSize[]>;
}

const GroupedQueue = z.array(z.object({ _id: z.string(), tickets: z.number(), players: z.number() }));

export async function openMatchmakerStore(db: Db): Promise<MatchmakerStore> {
  const tickets = documentsOf(db, 'matchmaker_tickets', KeptTicket);
  const matches = documentsOf(db, 'matchmaker_matches', Match);
  await ensureIndexes(tickets, [
    { key: { state: 1, mode: 1, createdAt: 1 }, name: 'by_queue' },
    { key: { matchId: 1 }, name: 'by_match' },
    { key: { createdAt: 1 }, name: 'by_age' },
  ]);
  await ensureIndexes(matches, [
    { key: { open: 1, leaseUntil: 1 }, name: 'by_lease' },
    { key: { createdAt: 1 }, name: 'by_age' },
  ]);
  return {
    tickets,
    matches,
    turns: documentsOf(db, 'matchmaker_turns', Turn),
    queueSizes: async () => {
      const found = await translated(() =>
        tickets.raw
          .aggregate([
            { $match: { state: 'waiting' } },
            { $group: { _id: '$mode', tickets: { $sum: 1 }, players: { $sum: { $size: '$players' } } } },
          ])
          .toArray(),
      );
      return GroupedQueue.parse(found).map(({ _id, ...sizes }) => ({ mode: _id, ...sizes }));
    },
  };
}

/** True while `by` may do what the turn is for. A second one at work does no harm: a turn only saves work. */
export async function takeTurn(store: MatchmakerStore, id: string, by: string, now: Date, untilMs: number): Promise<boolean> {
  const until = new Date(now.getTime() + untilMs);
  if (await store.turns.change({ _id: id, $or: [{ by }, { until: { $lte: now } }] }, { $set: { by, until } })) return true;
  return (await store.turns.insert({ _id: id, by, until })).inserted;
}
