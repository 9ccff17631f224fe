/**
 * Seats of a session. Pure.
 *
 *            admit            present          leave            grace over, or for good
 *     held ────────▶ admitted ────────▶ present ────────▶ away ────────▶ left
 *                       ▲  │ leave                          │ admit        │ admit with a fresh ticket
 *                       │  └───────────────────────▶ away   │              │
 *                       └───────────────────────────────────┴──────────────┘
 */
import { z } from 'zod';
import { SeatRole } from '../../contracts/allocator.ts';
import { SeatState, type Seat } from '../../contracts/bridge.ts';

export const SeatRecord = z.object({
  playerId: z.string(),
  role: SeatRole,
  state: SeatState,
  packetKey: z.string(),
  /** When the state was entered, in milliseconds since the epoch. */
  since: z.number(),
  /** The allocator has given the seat up while its player was in: they may stay, but not come back. */
  released: z.boolean().default(false),
});
export type SeatRecord = z.infer<typeof SeatRecord>;

export type Seats = readonly SeatRecord[];

export interface SeatRoom {
  readonly player: number;
  readonly spectator: number;
}

export type AdmitOutcome =
  | { readonly kind: 'admitted'; readonly seats: Seats; readonly seat: SeatRecord }
  | { readonly kind: 'seat-taken' }
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
  const isIn = ({ state }: SeatRecord) => state === 'present' || state === 'admitted';
  const kept = seats
    .filter((seat) => promised.has(seat.playerId) || isIn(seat))
    .map((seat) => {
      const key = promised.get(seat.playerId);
      // Who is in goes on with the key that their packets have.
      const packetKey = key === undefined || seat.state === 'present' ? seat.packetKey : key;
      const released = key === undefined;
      return seat.released === released && seat.packetKey === packetKey ? seat : { ...seat, released, packetKey };
    });
  const added = players
    .filter((player) => !known.has(player.id))
    .map(({ id, role, packetKey }) => ({ playerId: id, role, packetKey, state: 'held' as const, since: now, released: false }));
  return [...kept, ...added];
}

/** A player with a valid ticket comes in. Who was never promised a seat, or gave it up, needs a free one. */
export function admitTo(seats: Seats, playerId: string, room: SeatRoom, now: number): AdmitOutcome {
  const seat = findSeat(seats, playerId);
  if (seat === undefined) return { kind: 'full' };
  if (seat.state === 'present') return { kind: 'seat-taken' };
  if (seat.released) return { kind: 'full' };
  // Who has no seat any more but is still in takes up room.
  const inside = seats.filter((other) => other !== seat && other.role === seat.role && !['held', 'left'].includes(other.state)).length;
  if (seat.state === 'held' && inside >= room[seat.role]) return { kind: 'full' };
  if (seat.state === 'left' && takenSeats(seats, seat.role) >= room[seat.role]) return { kind: 'full' };
  return moved(seats, { ...seat, state: 'admitted', since: now });
}

export type SeatChange =
  | { readonly kind: 'moved'; readonly seats: Seats; readonly seat: SeatRecord }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly seat: SeatRecord };

export function markPresent(seats: Seats, playerId: string, now: number): SeatChange {
  const seat = findSeat(seats, playerId);
  if (seat === undefined) return { kind: 'unknown' };
  if (seat.state === 'present') return { kind: 'moved', seats, seat };
  if (seat.state !== 'admitted') return { kind: 'refused', seat };
  return { ...moved(seats, { ...seat, state: 'present', since: now }), kind: 'moved' };
}

/** Repeating it changes nothing; the grace runs from the first leave. */
export function markLeft(seats: Seats, playerId: string, forGood: boolean, now: number): SeatChange {
  const seat = findSeat(seats, playerId);
  if (seat === undefined) return { kind: 'unknown' };
  const state = forGood || seat.released ? 'left' : 'away';
  const stays = seat.state === state || seat.state === 'left' || (seat.state === 'held' && !forGood);
  if (stays) return { kind: 'moved', seats, seat };
  return { ...moved(seats, { ...seat, state, since: now }), kind: 'moved' };
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
  return seats.map((seat) =>
    seat.state === 'present' || seat.state === 'admitted' ? { ...seat, state: 'away' as const, since: now } : seat,
  );
}

export function findSeat(seats: Seats, playerId: string): SeatRecord | undefined {
  return seats.find((seat) => seat.playerId === playerId);
}

/** What others see of a seat: never the key. */
export function seatView({ playerId, role, state }: SeatRecord): Seat {
  return { playerId, role, state };
}

function takenSeats(seats: Seats, role: SeatRecord['role']): number {
  return seats.filter((seat) => seat.role === role && seat.state !== 'left').length;
}

function moved(seats: Seats, seat: SeatRecord) {
  return { kind: 'admitted' as const, seats: seats.map((other) => (other.playerId === seat.playerId ? seat : other)), seat };
}
