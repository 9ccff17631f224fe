/**
 * Players come to and leave an allocation that is there: backfill, ids that join a live world, and leaving.
 *
 * Every change is a compare-and-set on the version of what was read, so that a party is refused only by a state in which there was no
 * room for it, and two parties never take the last seat together.
 */
import { AppError } from '../../contracts/app-error.ts';
import { pause } from '../../runtime/deadline.ts';
import { isFinal, type AllocationDocument, type KeptSeat } from '../allocation.ts';
import { withKick, withoutKicks, type Kick } from '../kicks.ts';
import { packetKeyId } from '../../runtime/packet-key-id.ts';
import { seatParty, withoutParty, withoutPlayer, type NoRoom, type Party, type Seating } from '../seats.ts';
import type { MoveParts } from './parts.ts';
import { newPacketKey } from '../tickets/packet-key.ts';

export type SeatOutcome =
  | { readonly kind: 'seated'; readonly allocation: AllocationDocument }
  | ({ readonly kind: 'full' } & NoRoom)
  /** The session is over, or on its way there. */
  | { readonly kind: 'over'; readonly allocation: AllocationDocument | undefined };

export interface Seats {
  /** All of the party, or none. Again with the same party: the same seats. */
  take(uid: string, party: Party): Promise<SeatOutcome>;
  /** Frees the player's seat, whoever brought them. */
  leave(uid: string, playerId: string): Promise<void>;
  /**
   * The same, and the game server is told to drop the player.
   * @param keyId only the seat that has this packet key; without it also one who has no seat any more but may still be in the game.
   */
  kick(uid: string, playerId: string, reason: string, keyId?: string): Promise<void>;
  /** Frees the seats that nobody but this id stands for. */
  leaveParty(uid: string, by: string): Promise<void>;
}

/** Longest that a party may be overtaken by others. Milliseconds. */
const SEATING_MS = 8_000;
/** Another process wrote in between: both step back by chance. Milliseconds. */
const STEP_BACK_MS = 15;

type Parts = Pick<MoveParts, 'allocations' | 'now' | 'log'>;

export function createSeats(parts: Parts): Seats {
  const inTurn = createTurnstile();
  const leaving = (uid: string, without: (seats: readonly KeptSeat[]) => readonly KeptSeat[]) =>
    inTurn(uid, async () => {
      await reseat(parts, uid, ({ state, seats }) => (isOver(state) ? undefined : { seats: without(seats), joined: [] }));
    });
  const kick = async (uid: string, playerId: string, reason: string, keyId?: string) => {
    await reseat(parts, uid, (present) => {
      if (isOver(present.state)) return undefined;
      const seat = present.seats.find(({ id }) => id === playerId);
      if (keyId !== undefined && (seat === undefined || packetKeyId(seat.packetKey) !== keyId)) return undefined;
      const kicks = withKick(present, playerId, reason, new Date(parts.now()));
      return { seats: withoutPlayer(present.seats, playerId), joined: [], kicks };
    });
    parts.log.info('a player was sent away', { allocationUid: uid, playerId });
  };
  return {
    take: (uid, party) =>
      inTurn(uid, async () => {
        let noRoom: NoRoom | undefined;
        const { allocation, written } = await reseat(parts, uid, (present) => {
          noRoom = undefined;
          if (isOver(present.state)) return undefined;
          const seating = seatParty(present, party, new Date(parts.now()), newPacketKey);
          if ('seats' in seating)
            return present.kicks === undefined ? seating : { ...seating, kicks: withoutKicks(present.kicks, seating.joined) };
          noRoom = seating;
          return undefined;
        });
        if (noRoom !== undefined) return { kind: 'full', ...noRoom };
        if (allocation === undefined || !written) return { kind: 'over', allocation };
        return { kind: 'seated', allocation };
      }),
    leave: (uid, playerId) => leaving(uid, (seats) => withoutPlayer(seats, playerId)),
    kick: (uid, playerId, reason, keyId) => inTurn(uid, () => kick(uid, playerId, reason, keyId)),
    leaveParty: (uid, by) => leaving(uid, (seats) => withoutParty(seats, by)),
  };
}

function isOver(state: AllocationDocument['state']): boolean {
  return isFinal(state) || state === 'cancelling';
}

interface Reseated {
  /** As it is now. */
  readonly allocation: AllocationDocument | undefined;
  /** False where `decide` wanted nothing of it. */
  readonly written: boolean;
}

interface Reseating extends Seating {
  readonly kicks?: readonly Kick[];
}

/** @param decide new seats for what was read, or `undefined` to leave it; the same array is not written again. */
async function reseat(
  { allocations, now }: Parts,
  uid: string,
  decide: (present: AllocationDocument) => Reseating | undefined,
): Promise<Reseated> {
  const end = now() + SEATING_MS;
  while (now() < end) {
    const present = await allocations.find(uid);
    const made = present === undefined ? undefined : decide(present);
    if (present === undefined || made === undefined) return { allocation: present, written: false };
    const kicks = made.kicks === present.kicks ? undefined : made.kicks;
    if (made.seats === present.seats && kicks === undefined) return { allocation: present, written: true };
    const staying = new Set(made.seats.map((seat) => seat.id));
    const left = present.seats.flatMap((seat) => (staying.has(seat.id) ? [] : [seat.id]));
    const told = { kind: 'seats' as const, at: new Date(now()), data: { state: present.state, joined: made.joined, left } };
    if (await allocations.reseat(present, made.seats, told, kicks)) {
      return { allocation: { ...present, seats: [...made.seats], version: present.version + 1 }, written: true };
    }
    await pause(Math.random() * STEP_BACK_MS, new AbortController().signal);
  }
  throw new AppError('unavailable', 'session_busy', 'too many ask for seats of this session at once; ask again', { retryAfter: 1 });
}

/** Those of this process go one after the other, so that only other processes can come in between. */
function createTurnstile(): <R>(uid: string, work: () => Promise<R>) => Promise<R> {
  const last = new Map<string, Promise<unknown>>();
  return (uid, work) => {
    const mine = (last.get(uid) ?? Promise.resolve()).then(work, work);
    last.set(uid, mine);
    const done = () => void (last.get(uid) === mine && last.delete(uid));
    mine.then(done, done);
    return mine;
  };
}
