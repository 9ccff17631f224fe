/**
 * Seats of a session. Pure.
 *
 *            admit            present          leave            grace over, or for good
 *     held ────────▶ admitted ────────▶ present ────────▶ away ────────▶ left
 *                     ▲ ▲  │ leave         │                │ admit        │ admit with a fresh ticket
 *                     │ │  └───────────────┼───────▶ away   │              │
 *                     │ └──────────────────┼────────────────┴──────────────┘
 *                     └─ admit: another connection takes the place of the present one
 *
 * Connections of a player are numbered by their admissions: what an older one still says of itself changes nothing. Who is kicked has
 * no seat any more; one that is connected keeps its record until the game says that they left, so that the game is told until then.
 */
import { z } from 'zod';
import { SeatRole } from '../../contracts/allocator.ts';
import { SeatState, type Seat } from '../../contracts/bridge-api/seat.ts';

export const SeatRecord = z.object({
  playerId: z.string(),
  role: SeatRole,
  state: SeatState,
  packetKey: z.string(),
  /** When the state was entered, in milliseconds since the epoch. */
  since: z.number(),
  /** The allocator has given the seat up while its player was in: they may stay, but not come back. */
  released: z.boolean().default(false),
  /** Number of the newest connection that was let in; 0: none yet. */
  connection: z.int().default(0),
  /** Why and since when the player has to go: this seat is over, until it is given anew with another key. */
  kicked: z.object({ reason: z.string(), at: z.string() }).nullable().default(null),
});
export type SeatRecord = z.infer<typeof SeatRecord>;

export type Seats = readonly SeatRecord[];

export interface SeatRoom {
  readonly player: number;
  readonly spectator: number;
}

export type AdmitOutcome =
  /** `replaces`: an older connection of the player may still be there, and has to be dropped. */
  | { readonly kind: 'admitted'; readonly seats: Seats; readonly seat: SeatRecord; readonly replaces: boolean }
  | { readonly kind: 'kicked'; readonly reason: string }
  | { readonly kind: 'full' };

/**
 * The seats that the allocator promises now; those that are there already keep their state. Of the others only those whose players are in
 * stay, until they go.
 */
export function holdSeats(
  seats: Seats,
  players: readonly { id: string; role: SeatRecord['role']; packetKey: string }[],
  now: number,
): Seats {
  const promised = new Map(players.map((player) => [player.id, player.packetKey]));
  const known = new Set(seats.map((seat) => seat.playerId));
  const kept = seats
    .filter((seat) => promised.has(seat.playerId) || isConnected(seat))
    .map((seat) => {
      const key = promised.get(seat.playerId);
      const isAnew = key !== undefined && key !== seat.packetKey;
      // Whoever is told to go has gone first, and until then the promise may be from before the kick.
      if (seat.kicked !== null && (isConnected(seat) || !isAnew)) return seat;
      // Who is in goes on with the key that their packets have.
      const packetKey = key === undefined || seat.state === 'present' ? seat.packetKey : key;
      const released = key === undefined;
      if (seat.released === released && seat.packetKey === packetKey && seat.kicked === null) return seat;
      return { ...seat, released, packetKey, kicked: null };
    });
  const added = players
    .filter((player) => !known.has(player.id))
    .map(({ id, role, packetKey }) => ({
      playerId: id,
      role,
      packetKey,
      state: 'held' as const,
      since: now,
      released: false,
      connection: 0,
      kicked: null,
    }));
  return [...kept, ...added];
}

/** A player with a valid ticket comes in. Who was never promised a seat, or gave it up, needs a free one. */
export function admitTo(seats: Seats, playerId: string, room: SeatRoom, now: number): AdmitOutcome {
  const seat = findSeat(seats, playerId);
  if (seat === undefined) return { kind: 'full' };
  if (seat.kicked !== null) return { kind: 'kicked', reason: seat.kicked.reason };
  if (seat.released) return { kind: 'full' };
  // Who has no seat any more but is still in takes up room.
  const inside = seats.filter((other) => other !== seat && other.role === seat.role && !['held', 'left'].includes(other.state)).length;
  if (seat.state === 'held' && inside >= room[seat.role]) return { kind: 'full' };
  if (seat.state === 'left' && takenSeats(seats, seat.role) >= room[seat.role]) return { kind: 'full' };
  const admitted = { ...seat, state: 'admitted' as const, since: now, connection: seat.connection + 1 };
  return { ...moved(seats, admitted), replaces: isConnected(seat) };
}

export type SeatChange =
  | { readonly kind: 'moved'; readonly seats: Seats; readonly seat: SeatRecord }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly seat: SeatRecord };

/** @param connection the one that is meant; without it the newest. */
export function markPresent(seats: Seats, playerId: string, now: number, connection?: number): SeatChange {
  const seat = findSeat(seats, playerId);
  if (seat === undefined) return { kind: 'unknown' };
  if (seat.kicked !== null || isOlder(seat, connection)) return { kind: 'refused', seat };
  if (seat.state === 'present') return { kind: 'moved', seats, seat };
  if (seat.state !== 'admitted') return { kind: 'refused', seat };
  return { ...moved(seats, { ...seat, state: 'present', since: now }), kind: 'moved' };
}

/** Repeating it changes nothing; the grace runs from the first leave. Nor does a connection whose place another has taken. */
export function markLeft(seats: Seats, playerId: string, forGood: boolean, now: number, connection?: number): SeatChange {
  const seat = findSeat(seats, playerId);
  if (seat === undefined) return { kind: 'unknown' };
  if (isOlder(seat, connection)) return { kind: 'moved', seats, seat };
  const state = forGood || seat.released ? 'left' : 'away';
  const stays = seat.state === state || seat.state === 'left' || (seat.state === 'held' && !forGood);
  if (stays) return { kind: 'moved', seats, seat };
  return { ...moved(seats, { ...seat, state, since: now }), kind: 'moved' };
}

/** The seat is over. Who is connected stays in the list until the game says that they left; the first reason stays. */
export function kick(seats: Seats, playerId: string, reason: string, now: number): SeatChange {
  const seat = findSeat(seats, playerId);
  if (seat === undefined) return { kind: 'unknown' };
  if (seat.kicked !== null) return { kind: 'moved', seats, seat };
  const state = isConnected(seat) ? seat.state : 'left';
  const kicked = { reason, at: new Date(now).toISOString() };
  return { ...moved(seats, { ...seat, state, since: now, released: true, kicked }), kind: 'moved' };
}

/** Who is really there, as the game server sees it: mends leaves and entries that got lost. A seat that no ticket opened stays held.
 * The same array when nothing changes. */
export function mendRoster(seats: Seats, present: readonly string[], now: number): Seats {
  const there = new Set(present);
  const mended = seats.map((seat): SeatRecord => {
    if (there.has(seat.playerId))
      return seat.state === 'present' || seat.state === 'held' ? seat : { ...seat, state: 'present', since: now };
    return seat.state === 'present' ? { ...seat, state: seat.released ? 'left' : 'away', since: now } : seat;
  });
  return mended.some((seat, index) => seat !== seats[index]) ? mended : seats;
}

/** Away, or admitted and never seen in the game, for longer than the grace: the seat is given up. The same array when nothing changes. */
export function endGraces(seats: Seats, graceMs: number, now: number): Seats {
  const over = (seat: SeatRecord) => (seat.state === 'away' || seat.state === 'admitted') && now - seat.since > graceMs;
  return seats.some(over) ? seats.map((seat) => (over(seat) ? { ...seat, state: 'left' as const, since: now } : seat)) : seats;
}

/** The session is over or its server died: nobody is in it any more. */
export function allAway(seats: Seats, now: number): Seats {
  return seats.map((seat) => (isConnected(seat) ? { ...seat, state: seat.released ? 'left' : 'away', since: now } : seat));
}

export function findSeat(seats: Seats, playerId: string): SeatRecord | undefined {
  return seats.find((seat) => seat.playerId === playerId);
}

/** What others see of a seat: never the key. */
export function seatView({ playerId, role, state, kicked }: SeatRecord): Seat {
  return { playerId, role, state, ...(kicked === null ? {} : { kicked: kicked.reason }) };
}

/** In the game, or on the way in. */
export function isConnected({ state }: SeatRecord): boolean {
  return state === 'present' || state === 'admitted';
}

function isOlder(seat: SeatRecord, connection: number | undefined): boolean {
  return connection !== undefined && connection < seat.connection;
}

function takenSeats(seats: Seats, role: SeatRecord['role']): number {
  return seats.filter((seat) => seat.role === role && seat.state !== 'left').length;
}

function moved(seats: Seats, seat: SeatRecord) {
  return { kind: 'admitted' as const, seats: seats.map((other) => (other.playerId === seat.playerId ? seat : other)), seat };
}
