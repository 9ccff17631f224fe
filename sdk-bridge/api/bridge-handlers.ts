/** The LifeVerse surface: every endpoint of `contracts/bridge.ts`. */
import { AppError } from '../../contracts/app-error.ts';
import type { bridgeApi } from '../../contracts/bridge.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { Heartbeat } from '../health/beat.ts';
import { acceptSession, type AcceptParts } from '../moves/accept-session.ts';
import { admitPlayer, type AdmitParts } from '../moves/admit-player.ts';
import type { NoticeBoard } from '../notices/notice-board.ts';
import { findSeat, markLeft, markPresent, mendRoster, seatView, type SeatChange, type SeatRecord, type Seats } from '../seats/seats.ts';
import { draining, ended, greeted, kickedByGame, reseated, sessionView, warmed, type SessionState } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { WorldLink } from '../world/world-link.ts';
import { inventoryHandlers } from './inventory-handlers.ts';

export interface BridgeParts {
  readonly store: SessionStore;
  readonly accept: AcceptParts;
  readonly admit: AdmitParts;
  readonly world: WorldLink;
  readonly notices: NoticeBoard;
  readonly heartbeat: Heartbeat;
  readonly gameServer: string;
  /** The game server is warm: Ready goes to Agones, if the gate lets it. */
  readonly earnReady: () => void;
  /** Asks the allocator for players who were added since the claim; never rejects. */
  readonly refreshClaim: () => Promise<void>;
  readonly now: () => number;
}

type BridgeHandlers = Handlers<(typeof bridgeApi)['endpoints']>;

const FRAME_SECONDS = 1;
/** Time to answer before the endpoint's own deadline passes. */
const MARGIN_MS = 1_000;
/** Longest wait for a world that is being opened, in milliseconds. */
const OPEN_MS = 5_000;

export function bridgeHandlers(parts: BridgeParts): BridgeHandlers {
  return { ...sessionHandlers(parts), ...seatHandlers(parts), ...worldHandlers(parts), ...inventoryHandlers() };
}

function sessionHandlers({ store, notices, accept, heartbeat, gameServer, earnReady, now }: BridgeParts) {
  return {
    hello: async ({ body }) => {
      heartbeat.frame();
      await store.change((state) => greeted(state, body));
      return { status: 200, body: { gameServer, heartbeatSeconds: FRAME_SECONDS } };
    },
    warm: async () => {
      heartbeat.frame();
      await store.change(warmed);
      earnReady();
      return { status: 200, body: {} };
    },
    session: async ({ query }, { signal }) => {
      const before = store.current();
      const from = query.from ?? before.phase;
      const test = ({ phase, readOnly }: typeof before) => phase !== from || readOnly !== before.readOnly;
      return { status: 200, body: sessionView(await store.until(test, waited(signal, query.wait))) };
    },
    notices: async ({ query }, { signal }) => {
      const from = query.from ?? notices.current().version;
      const posted = await notices.until(({ version }) => version !== from, waited(signal, query.wait));
      return { status: 200, body: { version: posted.version, notices: [...posted.notices] } };
    },
    accept: async ({ body }, { signal }) => {
      heartbeat.frame();
      const state = await acceptSession(accept, body.build, body.port, AbortSignal.any([signal, AbortSignal.timeout(10_000 - MARGIN_MS)]));
      heartbeat.frame();
      return { status: 200, body: sessionView(state) };
    },
    end: async ({ body }, { signal }) => {
      await store.change((state) => ended(state, body.reason, 'end', now()));
      const state = await store.until(({ closed }) => closed, AbortSignal.any([signal, AbortSignal.timeout(40_000 - MARGIN_MS)]));
      if (!state.closed) throw new AppError('unavailable', 'still_ending', 'the session is being ended; ask again', { retryAfter: 1 });
      return { status: 200, body: sessionView(state) };
    },
    drain: async ({ body }) => {
      const endsAt = body.seconds === undefined ? null : new Date(now() + body.seconds * 1_000).toISOString();
      await store.change((state) => draining(state, body.reason, endsAt));
      return { status: 200, body: {} };
    },
    frame: async () => {
      heartbeat.frame();
      return { status: 200, body: {} };
    },
  } satisfies Partial<BridgeHandlers>;
}

function seatHandlers({ store, admit, refreshClaim, now }: BridgeParts) {
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

function worldHandlers({ store, world }: BridgeParts) {
  return {
    world: async (_request, { signal }) => {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(30_000 - MARGIN_MS)]);
      try {
        return { status: 200, body: await world.restore(deadline) };
      } catch (cause) {
        if (!deadline.aborted) throw cause;
        throw new AppError('unavailable', 'world_away', 'the world cannot be had from saves yet; ask again', { cause, retryAfter: 1 });
      }
    },
    appendWorld: async ({ body }, { signal }) => {
      const journal = await world.journal(opening(signal));
      if (isPlayedOut(store.current()))
        throw new AppError('conflict', 'session_ended', 'the session is over: nothing is accepted any more');
      return { status: 200, body: await journal.append(body.entries) };
    },
    worldAcks: async ({ query }, { signal }) => ({
      status: 200,
      body: await (await world.journal(opening(signal))).untilDurable(query.after, waited(signal, query.wait)),
    }),
    putWorldSnapshot: async ({ body }, { signal }) => {
      await world.putSnapshot(body, opening(signal));
      return { status: 200, body: {} };
    },
  } satisfies Partial<BridgeHandlers>;
}

function whyNotPresent({ playerId, state, kicked, connection: newest }: SeatRecord, connection: number | undefined): AppError {
  if (kicked !== null) return new AppError('conflict', 'seat_kicked', `${playerId} was sent away: ${kicked.reason}`);
  if (connection !== undefined && connection < newest)
    return new AppError('conflict', 'connection_replaced', `connection ${connection} of ${playerId} was replaced by connection ${newest}`);
  return new AppError('conflict', 'seat_not_admitted', `the seat of ${playerId} is ${state}, not admitted`);
}

/** Ended by the game server itself. A server that Agones takes away may still save what it has, for as long as it runs. */
function isPlayedOut({ phase, tell }: SessionState): boolean {
  return phase === 'ended' && tell !== 'fail';
}

/** Aborted when a world takes too long to open, which needs the saves service only in the first process of a session. */
function opening(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(OPEN_MS)]);
}

/** Aborted after the wait, or when the caller has gone. */
function waited(signal: AbortSignal, seconds: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]);
}
