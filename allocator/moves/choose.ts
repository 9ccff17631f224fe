/** The choice of a cluster for one allocation, behind those ahead of it in line. */
import type { AllocationDocument } from '../allocation.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import { anyFree, candidatesOf, learn } from '../clusters/candidates-of.ts';
import { Board, type Choice } from '../placement/board.ts';
import { anyOf, poolOf, type Pool } from '../placement/pool.ts';
import type { Wish } from '../placement/wish.ts';
import type { Standing, Waiter } from '../store/line.ts';
import type { MoveParts } from './parts.ts';
import { countedFor, linesFor, serveLine, wishOf } from './serve-line.ts';

/** A choice, and the server that is set aside for it until `done` is called. */
export type Chosen = Extract<Choice, { kind: 'chosen' }> & { readonly on: AgonesCluster; readonly done: () => void };
export type Found = Chosen | Exclude<Choice, { kind: 'chosen' }>;

/** Those ahead are read in pieces: most have few ahead, and whoever has many mostly knows after a few that nothing is left. */
const PIECE = 64;
const MOST_PIECE = 1_024;

/**
 * Those ahead are read before the clusters are looked at, and then nothing is awaited until a server is set aside: whoever
 * has left the line by then has one set aside, so nobody is counted neither here nor there.
 */
export async function choose(parts: MoveParts, queued: AllocationDocument): Promise<Found> {
  await parts.windows.refresh();
  const wish = wishOf(queued, poolOf(queued.request), parts.now());
  // Whoever is ahead can only take: where nothing is free they need not be read.
  if (!anyFree(parts, wish.pool)) return setAside(parts, wish, boardFor(parts, wish.pool).choose(wish));
  const before = { turn: queued.turn, uid: queued._id };
  const plenty = await chooseFromPlenty(parts, wish, before);
  if (plenty !== undefined) return plenty;
  const ahead: Waiter[] = [];
  for (let limit = PIECE; ; limit = Math.min(limit * 2, MOST_PIECE)) {
    const after = standingOf(ahead.at(-1));
    const piece = await parts.allocations.line.read({ pools: linesAt(parts, wish.pool, ahead), after, before, limit });
    const isMixedNow = wish.pool.fleet !== undefined && ahead.every(hasFleet) && !piece.every(hasFleet);
    if (isMixedNow) {
      // Those who choose by selectors may have others ahead of them that want servers which are not ours: read all of these.
      ahead.length = 0;
      ahead.push(...(await parts.allocations.line.read({ pools: everyLine(parts, wish.pool.build), before, limit })));
    } else ahead.push(...piece);
    const counted = countedFor(wish.pool, ahead);
    if (counted.fleet === undefined) await learn(parts, counted);
    const board = boardFor(parts, wish.pool, counted);
    serveLine(parts, board, ahead);
    const choice = board.choose(wish);
    const isAll = (isMixedNow ? ahead.length : piece.length) < limit;
    // More of them would only take more.
    if (isAll || choice.kind !== 'chosen') return setAside(parts, wish, choice);
    const last = standingOf(ahead.at(-1));
    const count = await parts.allocations.line.count({ pools: linesAt(parts, wish.pool, ahead), after: last, before, limit: choice.free });
    // Whatever the rest of them take, one is left; but the clusters have to be looked at after that count.
    if (count >= choice.free) continue;
    const again = boardFor(parts, wish.pool, counted);
    serveLine(parts, again, ahead);
    const second = again.choose(wish);
    if (second.kind !== 'chosen' || second.free > count) return setAside(parts, wish, second);
  }
}

/**
 * Where more is free in the nearest cluster than there are ahead, one is left whatever those take: counting them is enough, and who they
 * are need not be read. `undefined`: it is not so.
 */
async function chooseFromPlenty(parts: MoveParts, wish: Wish, before: Standing): Promise<Found | undefined> {
  if (wish.pool.fleet === undefined) return undefined;
  const first = boardFor(parts, wish.pool).choose(wish);
  if (first.kind !== 'chosen') return undefined;
  const count = await parts.allocations.line.count({ pools: linesAt(parts, wish.pool, []), before, limit: first.free });
  if (count >= first.free) return undefined;
  // The clusters are looked at after that count, and nothing is awaited in between.
  const choice = boardFor(parts, wish.pool).choose(wish);
  return choice.kind === 'chosen' && choice.free > count ? setAside(parts, wish, choice) : undefined;
}

function setAside(parts: MoveParts, { uid, pool }: Wish, choice: Choice): Found {
  if (choice.kind !== 'chosen') return choice;
  const on = parts.clusters.get(choice.cluster);
  if (on === undefined) return { ...choice, kind: 'wait', retryInMs: undefined };
  return { ...choice, on, done: on.census.setAside(uid, pool) };
}

function boardFor(parts: MoveParts, pool: Pool, counted = pool): Board {
  return new Board(candidatesOf(parts, pool.fleet, counted));
}

function linesAt(parts: MoveParts, { fleet, build }: Pool, ahead: readonly Waiter[]): string[] {
  return fleet !== undefined && ahead.every(hasFleet) ? linesFor(build, [fleet]) : everyLine(parts, build);
}

function everyLine(parts: MoveParts, build: string): string[] {
  const any = anyOf(build);
  const fleets = new Set<string>();
  for (const { census } of parts.clusters.values()) for (const { kind } of census.stock(any)) fleets.add(kind.fleet);
  return linesFor(build, fleets);
}

function hasFleet({ request }: Waiter): boolean {
  return request.fleet !== undefined;
}

function standingOf(waiter: Waiter | undefined) {
  return waiter === undefined ? undefined : { turn: waiter.turn, uid: waiter._id };
}
