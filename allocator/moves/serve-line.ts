/** Serves those who stand in line from a board, first in line first: the same for whoever asks what is left, and for whoever wakes. */
import { heldBy, type Sight } from '../clusters/candidates-of.ts';
import type { Board } from '../placement/board.ts';
import { anyOf, lineOf, type Pool } from '../placement/pool.ts';
import type { Wish } from '../placement/wish.ts';
import type { Waiter } from '../store/line.ts';
import type { MoveParts } from './parts.ts';

export type LineParts = Sight & Pick<MoveParts, 'worker'>;

/** Calls back with the uid of each who would be served now and has nothing set aside yet. */
export function serveLine(parts: LineParts, board: Board, waiters: readonly Waiter[], served: (uid: string) => void = () => {}): void {
  const now = parts.now();
  // What this process has set aside is no longer on the board.
  const held = waiters.length === 0 ? undefined : heldBy(parts);
  for (const waiter of waiters) {
    if (board.isEmpty) return;
    if (waiter.state === 'placing') {
      if (waiter.intent !== null && countsAsTaking(parts, waiter._id, waiter.intent)) board.take(waiter.intent.cluster, waiter.wants);
      continue;
    }
    if (held?.has(waiter._id) === true) continue;
    // It can take nothing now: it is to be finished, or waits for something else than a server.
    if (waiter.deadlineAt.getTime() <= now || (waiter.onHoldUntil?.getTime() ?? 0) > now) continue;
    if (board.serve(wishOf(waiter, waiter.wants, now))) served(waiter._id);
  }
}

/** What it says of itself: a document, or as much of one as the line shows. */
export function wishOf(allocation: Pick<Waiter, '_id' | 'createdAt' | 'worstLatencies' | 'request'>, pool: Pool, now: number): Wish {
  const { regions, latencyPolicy, expectedSeconds } = allocation.request;
  return {
    uid: allocation._id,
    pool,
    regions,
    worstLatencies: allocation.worstLatencies,
    latencyPolicy,
    ageMs: now - allocation.createdAt.getTime(),
    expectedMs: expectedSeconds === undefined ? undefined : expectedSeconds * 1_000,
  };
}

/** The pools of those in line who choose by selectors, each once. */
export function selectingPools(waiters: readonly Waiter[]): Pool[] {
  const pools = new Map<string, Pool>();
  for (const { wants } of waiters) if (wants.fleet === undefined) pools.set(wants.key, wants);
  return [...pools.values()];
}

/** Whose servers have to be on the board: where all ahead want the same ones, the rest of what the clusters have does not matter. */
export function countedFor(pool: Pool, ahead: readonly Waiter[]): Pool {
  return ahead.every(({ wants }) => wants.key === pool.key) ? pool : anyOf(pool.build, [pool, ...selectingPools(ahead)]);
}

/** The lines of everybody who could want a server of these. */
export function linesFor(build: string, fleets: Iterable<string>): string[] {
  return [lineOf(build), ...new Set(Array.from(fleets, (fleet) => lineOf(build, fleet)))];
}

/** Another process is asking for it, and our watch does not show the answer yet. What we ask for ourselves is set aside. */
function countsAsTaking(parts: LineParts, uid: string, intent: { cluster: string; worker: string }): boolean {
  return intent.worker !== parts.worker && parts.clusters.get(intent.cluster)?.census.carries(uid) !== true;
}
