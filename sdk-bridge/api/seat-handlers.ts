/** Seats, the door and packet keys. */
import { AppError } from '../../contracts/app-error.ts';
import { admitPlayer } from '../moves/admit-player.ts';
import { findSeat, markLeft, markPresent, mendRoster, seatView, type SeatChange, type SeatRecord, type Seats } from '../seats/seats.ts';
import { kickedByGame, reseated } from '../session.ts';
import type { BridgeHandlers, BridgeParts } from './bridge-parts.ts';

export function seatHandlers({ store, admit, refreshClaim, now }: BridgeParts) {
  const change = async (make: (seats: Seats) => SeatChange) => {
    let made: SeatChange = { kind: 'unknown' };
    await store.change((state) => {
      made = make(state.seats);
      return made.kind === 'moved' ? reseated(state, made.seats) : state;
    });
    return made as SeatChange;
  };
  const roster = () => ({ status: 200 as const, body: { seats: store.current().seats.map(seatView) } });
  const known = (made: SeatChange, player: string) => {
    if (made.kind === 'unknown') throw new AppError('not-found', 'seat_unknown', `${player} has no seat in this session`);
    return made;
  };
  return {
    admit: async ({ body }, { signal }) => ({ status: 200, body: await admitPlayer(admit, body.ticket, signal) }),
    present: async ({ params: { player }, query: { connection } }) => {
      const made = known(await change((seats) => markPresent(seats, player, now(), connection)), player);
      if (made.kind === 'refused') throw whyNotPresent(made.seat, connection);
      return { status: 200, body: seatView(made.seat) };
    },
    leave: async ({ params: { player }, query: { connection }, body }) => {
      const made = known(await change((seats) => markLeft(seats, player, body.forGood, now(), connection)), player);
      return { status: 200, body: seatView(made.seat) };
    },
    roster: async () => roster(),
    putRoster: async ({ body }) => {
      await store.change((state) => reseated(state, mendRoster(state.seats, body.present, now())));
      return roster();
    },
    kick: async ({ params: { player }, body }) => {
      const state = await store.change((present) => kickedByGame(present, player, body.reason, now()));
      const seat = findSeat(state.seats, player);
      if (seat === undefined) throw new AppError('not-found', 'seat_unknown', `${player} has no seat in this session`);
      return { status: 200, body: seatView(seat) };
    },
    packetKey: async ({ params: { player } }) => {
      if (store.current().claim !== null && findSeat(store.current().seats, player) === undefined) await refreshClaim();
      const seat = findSeat(store.current().seats, player);
      // Also of a seat that was given up: a fresh ticket opens it again, and the key alone opens nothing.
      if (seat === undefined) throw new AppError('not-found', 'seat_unknown', `${player} holds no seat in this session`);
      return { status: 200, body: { packetKey: seat.packetKey } };
    },
  } satisfies Partial<BridgeHandlers>;
}

function whyNotPresent({ playerId, state, kicked, connection: newest }: SeatRecord, connection: number | undefined): AppError {
  if (kicked !== null) return new AppError('conflict', 'seat_kicked', `${playerId} was sent away: ${kicked.reason}`);
  if (connection !== undefined && connection < newest)
    return new AppError('conflict', 'connection_replaced', `connection ${connection} of ${playerId} was replaced by connection ${newest}`);
  return new AppError('conflict', 'seat_not_admitted', `the seat of ${playerId} is ${state}, not admitted`);
}
