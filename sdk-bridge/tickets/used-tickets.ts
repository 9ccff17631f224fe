/**
 * Tickets that were shown at the door: each opens it once. Pure.
 *
 * A ticket that has expired opens nothing, used or not, and need not be known for that. What it still opens is the seat of its own player
 * within the grace; of those the newest few are enough.
 */
import { z } from 'zod';
import { findSeat, type Seats } from '../seats/seats.ts';

export const UsedTicket = z.object({
  playerId: z.string(),
  /** When it has expired by every clock, in milliseconds since the epoch. */
  until: z.number(),
  /** When it was shown last. */
  at: z.number(),
});
export type UsedTicket = z.infer<typeof UsedTicket>;

/** Ticket id → its use. */
export type UsedTickets = Readonly<Record<string, UsedTicket>>;

/** Of one player whose seat they may open again: the client's own, and one that it was given beside it. */
const MOST_OF_PLAYER = 2;

/** @param used with the newest use. @returns the same where nothing may be forgotten. */
export function forgetTickets(used: UsedTickets, seats: Seats, now: number): UsedTickets {
  const mayForget = new Set(
    Object.entries(used)
      .filter(([, { until }]) => until < now)
      .filter(([id, ticket]) => !opensAgain(seats, ticket) || !isAmongNewest(used, id, ticket))
      .map(([id]) => id),
  );
  return mayForget.size === 0 ? used : Object.fromEntries(Object.entries(used).filter(([id]) => !mayForget.has(id)));
}

function opensAgain(seats: Seats, { playerId }: UsedTicket): boolean {
  const state = findSeat(seats, playerId)?.state;
  return state === 'admitted' || state === 'present' || state === 'away';
}

function isAmongNewest(used: UsedTickets, id: string, { playerId, at }: UsedTicket): boolean {
  const newer = Object.entries(used).filter(([other, one]) => other !== id && one.playerId === playerId && one.at >= at);
  return newer.length < MOST_OF_PLAYER;
}
