/** Does a join ticket, whose signature holds, open the door of this session? Pure. */
import type { JoinTicketClaims } from '../../contracts/allocator.ts';
import type { Refusal } from '../../contracts/bridge.ts';
import type { SeatRecord } from '../seats/seats.ts';

/** What a ticket must say to be for us. */
export interface TicketExpectation {
  readonly issuer: string;
  readonly uid: string;
  readonly attempt: number;
  readonly gameServer: string;
  readonly build: string;
}

export interface TicketCircumstances {
  /** The seat of the ticket's player. */
  readonly seat: SeatRecord | undefined;
  /** The ticket was shown before, by whom. */
  readonly usedBy: string | undefined;
  readonly graceMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type TicketVerdict = { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal; readonly detail: string };

/** Clocks may be off by this much, either way: a ticket that is good where it was made is good here. */
const CLOCK_TOLERANCE_MS = 30_000;

export function judgeTicket(
  claims: JoinTicketClaims,
  expected: TicketExpectation,
  { seat, usedBy, graceMs, now }: TicketCircumstances,
): TicketVerdict {
  if (claims.iss !== expected.issuer) return refuse('signature', 'the ticket is from another issuer');
  if (claims.uid !== expected.uid || claims.attempt !== expected.attempt)
    return refuse('other-server', 'the ticket is for another session');
  if (claims.gameServer !== expected.gameServer) return refuse('other-server', 'the ticket is for another game server');
  if (claims.build !== expected.build) return refuse('other-build', 'the ticket is for another build');
  if (usedBy !== undefined) {
    if (usedBy === claims.sub && mayReEnter(seat, graceMs, now)) return { ok: true };
    return refuse('used', 'the ticket was used before');
  }
  if (expiredAt(claims) < now) return refuse('expired', 'the ticket has expired');
  return { ok: true };
}

/** By every clock that counts, in milliseconds since the epoch. */
export function expiredAt({ exp }: Pick<JoinTicketClaims, 'exp'>): number {
  return exp * 1_000 + CLOCK_TOLERANCE_MS;
}

/** The expiry governs first entry only: within the grace the same seat is re-entered with the same ticket. A seat that is present
 * is let through here and refused as taken by the seats themselves. */
function mayReEnter(seat: SeatRecord | undefined, graceMs: number, now: number): boolean {
  if (seat === undefined) return false;
  if (seat.state === 'away') return now - seat.since <= graceMs;
  return seat.state === 'admitted' || seat.state === 'present';
}

function refuse(refusal: Refusal, detail: string): TicketVerdict {
  return { ok: false, refusal, detail };
}
