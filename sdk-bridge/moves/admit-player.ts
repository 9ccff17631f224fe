/** A player shows a join ticket at the door. */
import type { JoinTicketClaims } from '../../contracts/allocator.ts';
import type { Refusal, Verdict } from '../../contracts/bridge.ts';
import type { Log } from '../../runtime/log.ts';
import { packetKeyId } from '../../runtime/packet-key-id.ts';
import { admitTo, findSeat, seatView, type SeatRecord } from '../seats/seats.ts';
import type { SessionState } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { TicketCheck } from '../tickets/ticket-check.ts';
import { expiredAt, judgeTicket } from '../tickets/ticket-verdict.ts';
import { forgetTickets } from '../tickets/used-tickets.ts';

export interface AdmitParts {
  readonly store: SessionStore;
  readonly check: TicketCheck;
  /** Asks the allocator for players who were added since the claim; never rejects. */
  readonly refreshClaim: () => Promise<void>;
  /** Resolves when the player's lease is taken, or is left to be taken in the background; never rejects. */
  readonly leasePlayer: (playerId: string) => Promise<void>;
  readonly graceMs: number;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * The allocator lets players come as soon as it has noted the accept, which may be before its answer has reached us: who comes in between
 * waits for that answer.
 */
const ACCEPTED_MS = 5_000;

/** The verdict is on disk before it is given: a ticket opens the door once, also across a crash. */
export async function admitPlayer(parts: AdmitParts, ticket: string, signal: AbortSignal): Promise<Verdict> {
  const { store, check, refreshClaim, leasePlayer, graceMs, log, now } = parts;
  await store.until(({ phase }) => phase !== 'claimed', AbortSignal.any([signal, AbortSignal.timeout(ACCEPTED_MS)]));
  const { claim } = store.current();
  const closed = whyClosed(store.current());
  if (closed !== undefined || claim === null) return refuse(log, closed ?? 'no-session', CLOSED[closed ?? 'no-session']);
  const reading = await check(ticket, claim.ticketKeys);
  if (reading.kind === 'refused') return refuse(log, reading.refusal, reading.detail);
  const { claims } = reading;
  if (claims.uid === claim.uid && !isUpToDate(findSeat(store.current().seats, claims.sub), claims)) await refreshClaim();

  let verdict: Verdict | undefined;
  await store.change((state) => {
    const decided = decide(state, claims, graceMs, now());
    verdict = decided.verdict;
    return decided.state;
  });
  if (verdict === undefined || !verdict.admitted) return refuse(log, verdict?.refusal ?? 'no-session', verdict?.detail ?? '');
  if (verdict.seat.role === 'player') await leasePlayer(claims.sub);
  log.info('admitted', { playerId: claims.sub, role: verdict.seat.role, connection: verdict.connection, replace: verdict.replace });
  return verdict;
}

/** In one step with the change of the seats, so that two connections with one ticket cannot both come in. */
function decide(state: SessionState, claims: JoinTicketClaims, graceMs: number, now: number): { state: SessionState; verdict: Verdict } {
  const no = (refusal: Refusal, detail: string) => ({ state, verdict: { admitted: false as const, refusal, detail } });
  const closed = whyClosed(state);
  if (closed !== undefined || state.claim === null) return no(closed ?? 'no-session', CLOSED[closed ?? 'no-session']);
  const { ticketIssuer: issuer, uid, attempt, build, session } = state.claim;
  const seat = findSeat(state.seats, claims.sub);
  const expected = { issuer, uid, attempt, gameServer: state.gameServer, build };
  const judged = judgeTicket(claims, expected, { seat, usedBy: state.usedTickets[claims.jti]?.playerId, graceMs, now });
  // A genuine ticket, used or not: its player is to know why it opens nothing.
  const isSentAway = seat !== undefined && seat.kicked !== null && (judged.ok || judged.refusal === 'used');
  if (isSentAway) return no('kicked', `this player was sent away: ${seat.kicked?.reason ?? ''}`);
  if (!judged.ok) return no(judged.refusal, judged.detail);
  if (seat !== undefined && !isUpToDate(seat, claims)) return no('expired', 'the ticket is from before its player was given this seat');
  const outcome = admitTo(state.seats, claims.sub, { player: session.capacity, spectator: session.spectators }, now);
  if (outcome.kind === 'full') return no('full', 'no seat is free for this player');
  if (outcome.kind === 'kicked') return no('kicked', `this player was sent away: ${outcome.reason}`);
  const use = { playerId: claims.sub, until: expiredAt(claims), at: now };
  const usedTickets = forgetTickets({ ...state.usedTickets, [claims.jti]: use }, outcome.seats, now);
  const { seat: given, replaces } = outcome;
  const verdict = {
    admitted: true as const,
    seat: seatView(given),
    packetKey: given.packetKey,
    connection: given.connection,
    ...(replaces ? { replace: 'connection' as const } : {}),
  };
  return { state: { ...state, seats: [...outcome.seats], usedTickets }, verdict };
}

/** A seat that was given up and given anew has another packet key: then ours is old, or the ticket is. */
function isUpToDate(seat: SeatRecord | undefined, { keyId }: JoinTicketClaims): boolean {
  return seat !== undefined && (keyId === undefined || keyId === packetKeyId(seat.packetKey));
}

const CLOSED = {
  'no-session': 'no session is open here',
  'not-joinable': 'the session is being loaded',
  draining: 'this server is being taken away',
} as const;

function whyClosed({ phase, drain }: SessionState): keyof typeof CLOSED | undefined {
  if (phase === 'joinable') return drain === null ? undefined : 'draining';
  return phase === 'claimed' ? 'not-joinable' : 'no-session';
}

/** One line per refusal: refused tickets are security events. */
function refuse(log: Log, refusal: Refusal, detail: string): Verdict {
  log.warn('a join ticket was refused', { refusal, detail });
  return { admitted: false, refusal, detail };
}
