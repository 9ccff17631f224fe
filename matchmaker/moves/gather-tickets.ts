/** A match that is kept takes its tickets in; only with all of them may a server be asked for. */
import type { Match } from '../match.ts';
import type { MatchmakerParts } from './matchmaker-parts.ts';

/** Repeatable after a crash, and harmless when two processes do it: forming → asking or returning happens once. */
export async function gatherTickets(parts: MatchmakerParts, match: Match): Promise<void> {
  const whole = await holdAll(parts, match);
  const next = whole ? { state: 'asking' as const } : { state: 'returning' as const, reason: 'ticket_gone' };
  const moved = await parts.matches.change({ _id: match._id, state: 'forming' }, { $set: next });
  if (moved && whole) {
    parts.events.matchFormed(match);
    for (const ticketId of match.tickets) parts.news.changed(ticketId);
  }
}

/** In order and up to the first that is gone: of two matches that want the same tickets, one gets them. */
async function holdAll(parts: MatchmakerParts, match: Match): Promise<boolean> {
  for (const ticketId of match.tickets) if (!(await hold(parts, ticketId, match._id))) return false;
  return true;
}

async function hold(parts: MatchmakerParts, ticketId: string, matchId: string): Promise<boolean> {
  const taken = { state: 'matched' as const, matchId, matchedAt: parts.now() };
  if (await parts.tickets.change({ _id: ticketId, state: 'waiting' }, { $set: taken })) return true;
  const ticket = await parts.tickets.find(ticketId);
  return ticket?.state === 'matched' && ticket.matchId === matchId;
}
