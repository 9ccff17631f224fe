/**
 * State changes are confirmed: when a state that the game server or the bridge wished for has really come about. Pure.
 *
 * Agones' sidecar queues state calls for half a second, answers before it has done anything, keeps only the last of them, and loses the
 * queue when it dies. So a wish is told until the watch shows it:
 *
 *     told ──▶ answered ──▶ shown by the watch: reached
 *       ▲          │
 *       └──────────┴── the sidecar failed, came back from a restart, or the watch showed nothing for too long
 */
import type { GameServer } from './game-server.ts';
import { isGoing } from './game-server.ts';

export type Wish =
  | { readonly kind: 'ready' | 'allocate' | 'shutdown' }
  /** @see reserveWish */
  | { readonly kind: 'reserve'; readonly seconds: bigint; readonly until: number | undefined };

/**
 * @param seconds after which Agones says Ready by itself; 0 is never.
 * @param now milliseconds since the epoch.
 */
export function reserveWish(seconds: bigint, now: number): Wish {
  return { kind: 'reserve', seconds, until: seconds === 0n ? undefined : now + Number(seconds) * 1_000 };
}

/** For how long it is reserved still: told again, it ends when it would have ended. */
export function secondsLeft({ seconds, until }: Extract<Wish, { kind: 'reserve' }>, telling: Telling, now: number): bigint {
  if (until === undefined || telling.told === undefined || !Number.isSafeInteger(until)) return seconds;
  return BigInt(Math.max(1, Math.round((until - now) / 1_000)));
}

export const WISHED_STATES = { ready: 'Ready', allocate: 'Allocated', reserve: 'Reserved', shutdown: 'Shutdown' } as const;
export type WishedState = (typeof WISHED_STATES)[Wish['kind']];

/** The last wish counts, as with Agones, but for one: nothing takes the place of a Shutdown. */
export function mayReplace(next: Wish, standing: Wish): boolean {
  return standing.kind !== 'shutdown' || next.kind === 'shutdown';
}

/** What was done for a wish so far; nothing yet where `told` is missing. */
export interface Telling {
  /** As the game server was when the wish was first told; undefined before the first word from Agones. */
  readonly from: GameServer | undefined;
  /** The last time that it was told, in milliseconds since the epoch. */
  readonly told: { readonly at: number; readonly answered: boolean } | undefined;
  /** The sidecar came back from a restart since then: what it had queued is lost. */
  readonly lost: boolean;
}

/** `tell`: say it to Agones. `wait`: look again at `at`, or at the next update. `reached`: it has come about, or gone beyond it. */
export type Step = { readonly do: 'tell' | 'reached' } | { readonly do: 'wait'; readonly at: number };

/** Longer than the half second for which the sidecar holds a change back, and a write to a busy API server. */
const SHOWN_WITHIN_MS = 2_500;
/** Between two tries at a sidecar that does not take it. */
const AGAIN_MS = 500;

/** @param now milliseconds since the epoch. */
export function nextStep(wish: Wish, { from, told, lost }: Telling, seen: GameServer | undefined, now: number): Step {
  if (seen !== undefined && isGoing(seen)) return { do: 'reached' };
  if (wish.kind === 'reserve' && wish.until !== undefined && told !== undefined && now >= wish.until) return { do: 'reached' };
  if (told === undefined) return { do: 'tell' };
  if (seen !== undefined && isShown(wish, from, seen)) return { do: 'reached' };
  if (lost) return { do: 'tell' };
  const again = told.at + (told.answered ? SHOWN_WITHIN_MS : AGAIN_MS);
  if (now < again) return { do: 'wait', at: again };
  // A state that was there before and is written again may change nothing that could be seen.
  return told.answered && repeats(wish, from) ? { do: 'reached' } : { do: 'tell' };
}

function isShown(wish: Wish, from: GameServer | undefined, seen: GameServer): boolean {
  const { state } = seen.status;
  const was = from?.status.state;
  switch (wish.kind) {
    case 'ready':
      if (state === 'RequestReady' || state === 'Ready') return true;
      // Allocated out of the pool since then: telling it again would put an occupied server back.
      return state === 'Allocated' && (was !== 'Allocated' || allocatedAt(seen) !== allocatedAt(from));
    case 'allocate':
      return state === 'Allocated' && was !== 'Allocated';
    case 'reserve':
      if (state !== 'Reserved') return state === 'Allocated' && was !== 'Allocated';
      return was !== 'Reserved' || seen.objectMeta.resourceVersion !== from?.objectMeta.resourceVersion;
    case 'shutdown':
      return false;
  }
}

const repeats = ({ kind }: Wish, from: GameServer | undefined): boolean => kind !== 'ready' && from?.status.state === WISHED_STATES[kind];

/** Agones writes it with every allocation. */
const allocatedAt = (gameServer: GameServer | undefined): string | undefined =>
  new Map(gameServer?.objectMeta.annotationsMap).get('agones.dev/last-allocated');
