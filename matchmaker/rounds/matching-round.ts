/** Forms the matches of one mode from those who wait now. */
import { ownMember } from '../../contracts/own-member.ts';
import { newMatch } from '../match.ts';
import { formMatches } from '../matching/form-matches.ts';
import type { MatchmakerParts } from '../moves/matchmaker-parts.ts';
import { failClosed } from '../moves/refuse-closed.ts';
import { failTicket } from '../moves/return-tickets.ts';
import { takeTurn } from '../store/matchmaker-store.ts';
import { MATCH_LEASE_MS, type MatchDriver } from './match-driver.ts';

/** One process at a time forms the matches of a mode, so that two do not reach for the same tickets. */
const TURN_MS = 5_000;
/** The oldest so many are looked at in one round. */
const MOST_TICKETS = 5_000;

export async function matchingRound(parts: MatchmakerParts, driver: Pick<MatchDriver, 'drive'>, modeName: string): Promise<void> {
  const mode = ownMember(parts.modes, modeName);
  const now = parts.now();
  if (mode === undefined || !(await takeTurn(parts, `match ${modeName}`, parts.self, now, TURN_MS))) return;
  const waiting = await parts.tickets.list({ state: 'waiting', mode: modeName }, { sort: { createdAt: 1 }, limit: MOST_TICKETS });
  for (const ticket of waiting) {
    if (ticket.expiresAt <= now) await failTicket(parts, { _id: ticket._id, state: 'waiting' }, ticket._id, 'no_match_in_time');
  }
  const open = await failClosed(
    parts,
    mode,
    waiting.filter((ticket) => ticket.expiresAt > now),
  );
  const ready = open.filter((ticket) => ticket.notBefore <= now);
  const candidates = ready.map(({ _id, build, players, party, createdAt }) => ({
    id: _id,
    build,
    players,
    party,
    createdAt: createdAt.getTime(),
  }));
  for (const formed of formMatches(candidates, mode, now.getTime())) {
    const leaseUntil = new Date(parts.now().getTime() + MATCH_LEASE_MS);
    const match = newMatch({ id: parts.mint(), modeName, mode, formed, by: parts.self, now: parts.now(), leaseUntil });
    if ((await parts.matches.insert(match)).inserted) driver.drive(match._id);
  }
}
