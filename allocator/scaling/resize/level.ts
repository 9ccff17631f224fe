/** How large a game server is to be at this moment: by its state, and by how many of its seats are taken. Pure. */
import type { GameServer } from '../../clusters/game-server.ts';
import type { Profile } from './profile.ts';

export type Level = 'idle' | 'allocated' | 'full';

/** The level that it has, and since when, in milliseconds. */
export interface Present {
  readonly level: Level;
  readonly since: number;
}

/**
 * Undefined where nothing is decided: while it starts, is reserved or ends, it stays as it is.
 * @param filled share of the seats that are taken; undefined where that is not known: then a session stays as it is
 */
export function levelOf(
  { state, deleting }: Pick<GameServer, 'state' | 'deleting'>,
  filled: number | undefined,
  { full, seats, holdSeconds }: Pick<Profile, 'full' | 'seats' | 'holdSeconds'>,
  present: Present | undefined,
  now: number,
): Level | undefined {
  if (deleting) return undefined;
  if (state === 'Ready') return 'idle';
  if (state !== 'Allocated') return undefined;
  if (full === undefined) return 'allocated';
  const wasFull = present?.level === 'full';
  if (filled === undefined) return wasFull ? 'full' : 'allocated';
  if (filled >= seats.fullFrom) return 'full';
  const stays = wasFull && (filled > seats.fullUntil || now - present.since < holdSeconds * 1_000);
  return stays ? 'full' : 'allocated';
}

/** By what the server itself tells in a counter or a list; undefined where it has none of that name, or no room in it. */
export function filledOf(
  { counters, lists }: Pick<GameServer, 'counters' | 'lists'>,
  { seats }: Pick<Profile, 'seats'>,
): number | undefined {
  const { counter, list } = seats;
  if (counter !== undefined) return shareOf(counters[counter]?.count, counters[counter]?.capacity);
  return list === undefined ? undefined : shareOf(lists[list]?.values.length, lists[list]?.capacity);
}

/** Whether the seats are those that the allocator keeps itself. */
export function countsOwnSeats({ full, seats }: Pick<Profile, 'full' | 'seats'>): boolean {
  return full !== undefined && seats.counter === undefined && seats.list === undefined;
}

export function shareOf(taken: number | undefined, room: number | undefined): number | undefined {
  return taken === undefined || room === undefined || room <= 0 ? undefined : taken / room;
}
