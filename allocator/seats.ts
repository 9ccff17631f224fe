/** Seats of an allocation: who gets one, and for whom it is kept. Pure. */
import type { SessionPlayer } from '../contracts/allocator.ts';
import type { AllocationDocument, KeptSeat } from './allocation.ts';

/** Players who come together: all of them get a seat, or none. */
export interface Party {
  /** Key of the id under which they come, see `keyOfId`. */
  readonly by: string;
  readonly players: readonly SessionPlayer[];
}

export interface Seating {
  readonly seats: readonly KeptSeat[];
  /** Players who had no seat before. */
  readonly joined: readonly string[];
}

export interface NoRoom {
  readonly role: KeptSeat['role'];
  readonly wanted: number;
  readonly free: number;
  readonly room: number;
}

/** Who has a seat already keeps it, role and key too; it is then kept for this party as well. */
export function seatParty(
  { seats, request }: Pick<AllocationDocument, 'seats' | 'request'>,
  { by, players }: Party,
  now: Date,
  newPacketKey: () => string,
): Seating | NoRoom {
  const coming = new Set(players.map((player) => player.id));
  const held = new Set(seats.map((seat) => seat.id));
  const added = players
    .filter((player) => !held.has(player.id))
    .map(({ id, role, latencies }): KeptSeat => ({ id, role, packetKey: newPacketKey(), by: [by], at: now, latencies }));
  for (const [role, room] of [
    ['player', request.session.capacity],
    ['spectator', request.session.spectators],
  ] as const) {
    const wanted = added.filter((seat) => seat.role === role).length;
    const free = Math.max(0, room - seats.filter((seat) => seat.role === role).length);
    if (wanted > free) return { role, wanted, free, room };
  }
  const kept = seats.map((seat) => (coming.has(seat.id) && !seat.by.includes(by) ? { ...seat, by: [...seat.by, by] } : seat));
  const isChanged = added.length > 0 || kept.some((seat, at) => seat !== seats[at]);
  return { seats: isChanged ? [...kept, ...added] : seats, joined: added.map((seat) => seat.id) };
}

/** Without the player, whoever brought them. The same array when they have no seat. */
export function withoutPlayer(seats: readonly KeptSeat[], playerId: string): readonly KeptSeat[] {
  return seats.some((seat) => seat.id === playerId) ? seats.filter((seat) => seat.id !== playerId) : seats;
}

/** Without the seats that nobody but this id stands for. The same array when it stands for none. */
export function withoutParty(seats: readonly KeptSeat[], by: string): readonly KeptSeat[] {
  if (!holdsSeats(seats, by)) return seats;
  return seats.map((seat) => ({ ...seat, by: seat.by.filter((key) => key !== by) })).filter((seat) => seat.by.length > 0);
}

export function holdsSeats(seats: readonly KeptSeat[], by: string): boolean {
  return seats.some((seat) => seat.by.includes(by));
}

/** Those who hold a seat, with the latencies that were told with them. */
export function playersOf({ seats, request }: Pick<AllocationDocument, 'seats' | 'request'>): SessionPlayer[] {
  const asked = new Map(request.players.map((player) => [player.id, player.latencies]));
  return seats.map(({ id, role, latencies }) => ({ id, role, latencies: latencies ?? asked.get(id) ?? {} }));
}
