/** A match that came to nothing gives its tickets back: they wait again with their age, or their time is over. */
import type { Filter } from 'mongodb';
import { AppError } from '../../contracts/app-error.ts';
import { allocationIdOf, type Match } from '../match.ts';
import type { KeptTicket } from '../ticket.ts';
import type { MatchmakerParts } from './matchmaker-parts.ts';

/** Before it is matched again, in milliseconds. */
const REST_MS = 1_500;

export async function returnTickets(parts: MatchmakerParts, match: Match, signal: AbortSignal): Promise<void> {
  for (const ticketId of match.tickets) await returnTicket(parts, ticketId, match._id);
  // What may still become ready must not do so for nobody.
  if (match.cancel === true) await cancelAllocation(parts, match, signal);
  if (await parts.matches.change({ _id: match._id, state: 'returning' }, { $set: { state: 'over', open: false } })) {
    parts.events.matchReturned(match, match.reason ?? 'unknown');
  }
}

/** Does nothing unless the ticket is still in that match and not placed. */
export async function returnTicket(parts: MatchmakerParts, ticketId: string, matchId: string): Promise<void> {
  const now = parts.now();
  const mine: Filter<KeptTicket> = { _id: ticketId, state: 'matched', matchId };
  const waiting = {
    $set: { state: 'waiting' as const, notBefore: new Date(now.getTime() + REST_MS) },
    $unset: { matchId: true as const, matchedAt: true as const },
  };
  if (await parts.tickets.change({ ...mine, expiresAt: { $gt: now } }, waiting)) return;
  await failTicket(parts, mine, ticketId, 'not_placed_in_time');
}

/** @returns whether `filter` still held. */
export async function failTicket(
  parts: MatchmakerParts,
  filter: Filter<KeptTicket>,
  ticketId: string,
  reason: string,
  more: Pick<KeptTicket, 'openBuilds'> = {},
): Promise<boolean> {
  const failed = await parts.tickets.change(filter, { $set: { state: 'failed', reason, ...more } });
  if (failed) {
    parts.news.changed(ticketId);
    parts.events.ticketFailed((await parts.tickets.find(ticketId))?.mode ?? 'unknown', reason);
  }
  return failed;
}

async function cancelAllocation(parts: MatchmakerParts, match: Match, signal: AbortSignal): Promise<void> {
  try {
    await parts.allocator.cancelAllocation({ params: { id: allocationIdOf(match) } }, { signal });
  } catch (cause) {
    if (!(cause instanceof AppError && cause.kind === 'not-found')) throw cause;
  }
}
