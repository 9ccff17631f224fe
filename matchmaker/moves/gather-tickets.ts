/** A match that is kept takes its tickets in; only with all of them may a server be asked for. */
import type { Match } from '../match.ts';
import type { MatchmakerParts } from './matchmaker-parts.ts';

/** Repeatable after a crash, and harmless when two processes do it: forming → asking or returning happens once. */
export async function gatherTickets(parts: MatchmakerParts, match: Match): Promise<void> {
  const held = await Promise.all(match.tickets.map((ticketId) => hold(parts, ticketId, match._id)));
  const whole = held.every((one) => one);
  const next = whole ? { state: 'asking' as const } : { state: 'returning' as const, reason: 'ticket_gone' };
  const moved = await parts.matches.change({ _id: match._id, state: 'forming' }, { $set: next });
  if (moved && whole) {
    parts.events.matchFormed(match);
    for (const ticketId of match.tickets) parts.news.changed(ticketId);
  }
}

async function hold(parts: MatchmakerParts, ticketId: string, matchId: string): Promise<boolean> {
  const taken = { state: 'matched' as const, matchId, matchedAt: parts.now() };
  if (await parts.tickets.change({ _id: ticketId, state: 'waiting' }, { $set: taken })) return true;
  const ticket = await parts.tickets.find(ticketId);
  return ticket?.state === 'matched' && ticket.matchId === matchId;
}
