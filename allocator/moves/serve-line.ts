/** Serves those who stand in line from a board, first in line first: the same for whoever asks what is left, and for whoever wakes. */
import type { Sight } from '../clusters/candidates-of.ts';
import type { Board } from '../placement/board.ts';
import { lineOf, poolOf, type Pool } from '../placement/pool.ts';
import type { Wish } from '../placement/wish.ts';
import type { Waiter } from '../store/line.ts';
import type { MoveParts } from './parts.ts';

export type LineParts = Sight & Pick<MoveParts, 'worker'>;

/** Calls back with the uid of each who would be served now and has nothing set aside yet. */
export function serveLine(parts: LineParts, board: Board, waiters: readonly Waiter[], served: (uid: string) => void = () => {}): void {
  const now = parts.now();
  for (const waiter of waiters) {
    if (board.isEmpty) return;
    const wish = wishOf(waiter, now);
    if (waiter.state === 'placing') {
      if (waiter.intent !== null && countsAsTaking(parts, waiter._id, waiter.intent)) board.take(waiter.intent.cluster, wish.pool);
      continue;
    }
    // What this process has set aside is no longer on the board.
    if (isSetAside(parts, waiter._id)) continue;
    // It can take nothing now: it is to be finished, or waits for something else than a server.
    if (waiter.deadlineAt.getTime() <= now || (waiter.onHoldUntil?.getTime() ?? 0) > now) continue;
    if (board.serve(wish)) served(waiter._id);
  }
}

/** What it says of itself: a document, or as much of one as the line shows. */
export function wishOf(allocation: Pick<Waiter, '_id' | 'createdAt' | 'worstLatencies' | 'request'>, now: number): Wish {
  const { regions, latencyPolicy, expectedSeconds } = allocation.request;
  return {
    uid: allocation._id,
    pool: poolOf(allocation.request),
    regions,
    worstLatencies: allocation.worstLatencies,
    latencyPolicy,
    ageMs: now - allocation.createdAt.getTime(),
    expectedMs: expectedSeconds === undefined ? undefined : expectedSeconds * 1_000,
  };
}

/** The pools of those in line who choose by selectors. */
export function selectingPools(waiters: readonly Waiter[]): Pool[] {
  return waiters.filter(({ request }) => request.fleet === undefined).map(({ request }) => poolOf(request));
}

/** The lines of everybody who could want a server of these. */
export function linesFor(build: string, fleets: Iterable<string>): string[] {
  return [lineOf(build), ...new Set(Array.from(fleets, (fleet) => lineOf(build, fleet)))];
}

/** Another process is asking for it, and our watch does not show the answer yet. What we ask for ourselves is set aside. */
function countsAsTaking(parts: LineParts, uid: string, intent: { cluster: string; worker: string }): boolean {
  return intent.worker !== parts.worker && parts.clusters.get(intent.cluster)?.census.carries(uid) !== true;
}

function isSetAside({ clusters }: LineParts, uid: string): boolean {
  for (const { census } of clusters.values()) if (census.holds(uid)) return true;
  return false;
}
