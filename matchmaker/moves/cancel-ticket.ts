import type { KeptTicket } from '../ticket.ts';
import type { MatchmakerParts } from './matchmaker-parts.ts';

/** A waiting ticket leaves the queue; any other stays as it is. @returns what the ticket now is. */
export async function cancelTicket(parts: MatchmakerParts, ticket: KeptTicket): Promise<KeptTicket> {
  if (await parts.tickets.change({ _id: ticket._id, state: 'waiting' }, { $set: { state: 'cancelled', reason: 'cancelled' } })) {
    parts.news.changed(ticket._id);
  }
  return (await parts.tickets.find(ticket._id)) ?? ticket;
}
