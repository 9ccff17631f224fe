/**
 * What the bridge knows of its game server and the one session that it holds. Pure; kept on disk as it is here.
 *
 *     idle ──claim──▶ claimed ──accept──▶ joinable
 *       └───────────────┴──────end──────────┴──▶ ended (no way back: one session per process)
 */
import { z } from 'zod';
import { Claim } from '../contracts/allocator.ts';
import { SessionPhase, type BridgeSession } from '../contracts/bridge.ts';
import { allAway, holdSeats, SeatRecord, seatView, type Seats } from './seats/seats.ts';

export const SessionState = z.object({
  /** Whose state this is; a folder left over from another server is not ours. */
  gameServer: z.string(),
  hello: z.object({ build: z.string(), plugin: z.string() }).nullable(),
  warm: z.boolean(),
  phase: SessionPhase,
  claim: Claim.nullable(),
  seats: z.array(SeatRecord),
  /** Ticket id → the player who showed it. */
  usedTickets: z.record(z.string(), z.string()),
  /** The world lease is lost. */
  readOnly: z.boolean(),
  reason: z.string().nullable(),
  /** How the end is told to the allocator: `fail` where the server could not hold the session; null where it need not be. */
  tell: z.enum(['end', 'fail']).nullable(),
  /** The end was told and Shutdown is under way. */
  closed: z.boolean(),
});
export type SessionState = Readonly<z.infer<typeof SessionState>>;

export function newSession(gameServer: string): SessionState {
  return {
    gameServer,
    hello: null,
    warm: false,
    phase: 'idle',
    claim: null,
    seats: [],
    usedTickets: {},
    readOnly: false,
    reason: null,
    tell: null,
    closed: false,
  };
}

/** A game server that says hello before its session starts from the beginning; during one it was only reconnected. */
export function greeted(state: SessionState, hello: { build: string; plugin: string }): SessionState {
  return { ...state, hello, warm: state.phase === 'idle' ? false : state.warm };
}

export function warmed(state: SessionState): SessionState {
  return { ...state, warm: true };
}

/** Also with a repeated claim, which may bring players who were added since. */
export function claimed(state: SessionState, claim: Claim, now: number): SessionState {
  if (state.phase === 'ended') return state;
  const phase = state.phase === 'idle' ? 'claimed' : state.phase;
  return { ...state, phase, claim, seats: [...holdSeats(state.seats, claim.players, now)] };
}

export function accepted(state: SessionState): SessionState {
  return state.phase === 'claimed' ? { ...state, phase: 'joinable' } : state;
}

/** The first reason stays. */
export function ended(state: SessionState, reason: string, tell: SessionState['tell'], now: number): SessionState {
  if (state.phase === 'ended') return state;
  return { ...state, phase: 'ended', reason, tell: state.claim === null ? null : tell, seats: [...allAway(state.seats, now)] };
}

/** The same state when the seats are the same, so that nothing is written. */
export function reseated(state: SessionState, seats: Seats): SessionState {
  return seats === state.seats ? state : { ...state, seats: [...seats] };
}

export function fenced(state: SessionState, reason: string): SessionState {
  return { ...state, readOnly: true, reason: state.reason ?? reason };
}

/** What the game server is told. */
export function sessionView(state: SessionState): BridgeSession {
  const { claim } = state;
  return {
    phase: state.phase,
    readOnly: state.readOnly,
    ...(state.reason === null ? {} : { reason: state.reason }),
    ...(claim === null
      ? {}
      : {
          session: {
            allocationId: claim.allocationId,
            uid: claim.uid,
            attempt: claim.attempt,
            mode: claim.mode,
            build: claim.build,
            session: claim.session,
            seats: state.seats.map(seatView),
          },
        }),
  };
}
