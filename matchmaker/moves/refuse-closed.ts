/** What a closed build means for tickets: new ones are refused, and those that wait come to their end, told which builds are open. */
import { BUILD_CLOSED, type ClosedBuild } from '../../contracts/build-closed.ts';
import { requestOf, worldFor } from '../match.ts';
import type { Mode } from '../mode.ts';
import type { KeptTicket } from '../ticket.ts';
import type { MatchmakerParts } from './matchmaker-parts.ts';
import { failTicket } from './return-tickets.ts';

type Asked = Pick<KeptTicket, 'mode' | 'build' | 'players'>;

/** Undefined where the ticket may still come to something: also in the world of its player, while that is played on this build. */
export async function closedFor(parts: MatchmakerParts, mode: Mode, ticket: Asked): Promise<ClosedBuild | undefined> {
  const closed = await parts.builds.closedIn(mode.fleet, ticket.build);
  return closed === undefined || (await isPlayedOn(parts, mode, ticket)) ? undefined : closed;
}

/** @returns those that are still worth matching */
export async function failClosed(parts: MatchmakerParts, mode: Mode, waiting: readonly KeptTicket[]): Promise<KeptTicket[]> {
  const left: KeptTicket[] = [];
  for (const ticket of waiting) {
    const closed = await closedFor(parts, mode, ticket);
    if (closed === undefined) left.push(ticket);
    else await failTicket(parts, { _id: ticket._id, state: 'waiting' }, ticket._id, BUILD_CLOSED, { openBuilds: [...closed.open] });
  }
  return left;
}

async function isPlayedOn(parts: MatchmakerParts, mode: Mode, { mode: name, build, players }: Asked): Promise<boolean> {
  const world = worldFor(name, mode, players[0]?.id ?? '');
  if (world === undefined) return false;
  // A match stays open while its world lives, and a world lives on one build at a time.
  const [live] = await parts.matches.list({ open: true, state: 'placed', mode: name, world }, { sort: { createdAt: -1 }, limit: 1 });
  return live !== undefined && requestOf(live).build === build;
}
