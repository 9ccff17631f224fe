/**
 * What the bridge knows of its game server and the one session that it holds. Pure; kept on disk as it is here.
 *
 *     idle ──claim──▶ claimed ──accept──▶ joinable
 *       └───────────────┴──────end──────────┴──▶ ended (no way back: one session per process)
 */
import { z } from 'zod';
import { Claim } from '../contracts/allocator.ts';
import { SessionPhase, type BridgeSession } from '../contracts/bridge.ts';
import { Crash } from '../contracts/crash.ts';
import type { KickNotice } from '../contracts/notices.ts';
import { ownMember } from '../contracts/own-member.ts';
import { packetKeyId } from '../runtime/packet-key-id.ts';
import { UsedTicket } from './tickets/used-tickets.ts';
import { allAway, findSeat, holdSeats, kick, SeatRecord, seatView, type Seats } from './seats/seats.ts';

/** What a notice says in one line, at most. */
const MOST_REASON = 256;

const Hello = z.object({
  build: z.string(),
  plugin: z.string(),
  /** It heeds what acks say of refused entries. */
  refusals: z.boolean().default(false),
  /** When it was said, in milliseconds since the epoch. */
  at: z.number().default(0),
  /** Who said it, where the process is seen from here. */
  process: z.object({ pid: z.int(), startedAt: z.string() }).optional(),
});
type Hello = z.infer<typeof Hello>;

export const SessionState = z.object({
  /** Whose state this is; a folder left over from another server is not ours. */
  gameServer: z.string(),
  hello: Hello.nullable(),
  warm: z.boolean(),
  /** Since when a map is being loaded in the session, in milliseconds since the epoch. */
  travellingSince: z.number().nullable().default(null),
  phase: SessionPhase,
  claim: Claim.nullable(),
  seats: z.array(SeatRecord),
  usedTickets: z.record(z.string(), UsedTicket),
  /** The world lease is lost. */
  readOnly: z.boolean(),
  /** Player → why nothing of their inventory is kept any more. */
  lostInventories: z.record(z.string(), z.string()).default({}),
  /** The server is being taken away, by when if that is known (ISO 8601). */
  drain: z.object({ reason: z.string(), endsAt: z.string().nullable() }).nullable().default(null),
  /** Kicks of the game that the allocator has not heard of yet. */
  untoldKicks: z.array(z.object({ playerId: z.string(), reason: z.string(), keyId: z.string() })).default([]),
  reason: z.string().nullable(),
  /** How the end is told to the allocator: `fail` where the server could not hold the session; null where it need not be. */
  tell: z.enum(['end', 'fail']).nullable(),
  /** The end was told and Shutdown is under way. */
  closed: z.boolean(),
  /** How the process of the game server died, once it did so in a session. */
  crash: Crash.nullable().default(null),
});
export type SessionState = Readonly<z.infer<typeof SessionState>>;

export function newSession(gameServer: string): SessionState {
  return {
    gameServer,
    hello: null,
    warm: false,
    travellingSince: null,
    phase: 'idle',
    claim: null,
    seats: [],
    usedTickets: {},
    readOnly: false,
    lostInventories: {},
    drain: null,
    untoldKicks: [],
    reason: null,
    tell: null,
    closed: false,
    crash: null,
  };
}

/** A game server that says hello before its session starts from the beginning; during one it was only reconnected. */
export function greeted(state: SessionState, hello: Hello): SessionState {
  return { ...state, hello, warm: state.phase === 'idle' ? false : state.warm, travellingSince: null };
}

export function warmed(state: SessionState): SessionState {
  return { ...state, warm: true };
}

/** The first report counts: one that is said again does not make the load longer. */
export function travelling(state: SessionState, is: boolean, now: number): SessionState {
  if (is === (state.travellingSince !== null)) return state;
  return { ...state, travellingSince: is ? now : null };
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

/** How the process died; the first death stays. A session that Agones has ended because of it learns of it afterwards. */
export function died(state: SessionState, reason: string, crash: Crash, now: number): SessionState {
  if (state.crash !== null || state.phase === 'idle') return state;
  if (state.phase !== 'ended') return { ...ended(state, reason, 'fail', now), crash };
  return state.tell === 'fail' ? { ...state, crash, reason: `${state.reason ?? ''}: ${reason}` } : state;
}

/** The same state when the seats are the same, so that nothing is written. */
export function reseated(state: SessionState, seats: Seats): SessionState {
  return seats === state.seats ? state : { ...state, seats: [...seats] };
}

/** The first one stays: whoever stops the server may say so several times. */
export function draining(state: SessionState, reason: string, endsAt: string | null): SessionState {
  return state.drain === null ? { ...state, drain: { reason: reason.slice(0, MOST_REASON), endsAt } } : state;
}

/** By the game: the allocator is to hear of it. The same state where the player has no seat, or was kicked before. */
export function kickedByGame(state: SessionState, playerId: string, reason: string, now: number): SessionState {
  const seat = findSeat(state.seats, playerId);
  const made = kick(state.seats, playerId, reason, now);
  if (seat === undefined || made.kind !== 'moved' || made.seats === state.seats) return state;
  const untold = { playerId, reason, keyId: packetKeyId(seat.packetKey) };
  return { ...reseated(state, made.seats), untoldKicks: [...state.untoldKicks, untold] };
}

/** By the allocator. A notice of a seat that was given anew since says nothing of this one. */
export function kickedByAllocator(state: SessionState, notices: readonly KickNotice[], now: number): SessionState {
  let seats: Seats = state.seats;
  for (const { playerId, reason, keyId } of notices) {
    const seat = findSeat(seats, playerId);
    if (seat === undefined || (keyId !== undefined && keyId !== packetKeyId(seat.packetKey))) continue;
    const made = kick(seats, playerId, reason, now);
    if (made.kind === 'moved') ({ seats } = made);
  }
  return reseated(state, seats);
}

/** The first reason stays. */
export function inventoryLost(state: SessionState, playerId: string, why: string): SessionState {
  if (ownMember(state.lostInventories, playerId) !== undefined) return state;
  return { ...state, lostInventories: { ...state.lostInventories, [playerId]: why.slice(0, MOST_REASON) } };
}

export function inventoryHeld(state: SessionState, playerId: string): SessionState {
  if (ownMember(state.lostInventories, playerId) === undefined) return state;
  const { [playerId]: _, ...others } = state.lostInventories;
  return { ...state, lostInventories: others };
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
