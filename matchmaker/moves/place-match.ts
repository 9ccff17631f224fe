/** A session that is ready: its players learn where to play. */
import type { Allocation } from '../../contracts/allocator.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { Match } from '../match.ts';
import type { MatchmakerParts } from './matchmaker-parts.ts';

/** Repeatable after a crash. A match of a world stays open, since the world is watched. */
export async function placeMatch(parts: MatchmakerParts, match: Match, allocation: Allocation): Promise<void> {
  const address = allocation.server?.address;
  if (address === undefined) throw new AppError('bad-gateway', 'address_missing', `${allocation.id} is ready without an address`);
  const admissions = new Map(allocation.admissions.map((admission) => [admission.playerId, admission]));
  for (const ticketId of match.tickets) {
    const ticket = await parts.tickets.find(ticketId);
    if (ticket?.matchId !== match._id) continue;
    const connection = {
      allocationId: allocation.aliasOf ?? allocation.id,
      address,
      ...(allocation.session.world === undefined ? {} : { world: allocation.session.world }),
      admissions: ticket.players.flatMap((player) => admissions.get(player.id) ?? []),
    };
    await parts.tickets.change(
      { _id: ticketId, matchId: match._id, state: { $in: ['matched', 'placed'] } },
      { $set: { state: 'placed', connection } },
    );
    parts.news.changed(ticketId);
  }
  const next = match.world === undefined ? { state: 'over' as const, open: false } : { state: 'placed' as const };
  if (await parts.matches.change({ _id: match._id, state: 'asking', round: match.round }, { $set: next })) {
    parts.events.matchPlaced(match, (parts.now().getTime() - match.createdAt.getTime()) / 1_000);
  }
}
