/**
 * Which cluster, and why. Pure.
 *
 * The build and the region must fit; then the worst player's latency within the limit of the request's age; then free
 * capacity, weight. Ties are broken by the allocation's uid, so that a decision can be replayed.
 *
 * The board is what the clusters have at one moment. Those ahead in line are served from it first, first in line first, and
 * whoever asks chooses from what is left: so nobody overtakes, and whoever waits for another region blocks nobody. One look
 * of one wish costs a comparison per cluster and no more, since it is made for everybody ahead.
 */
import type { Decision } from '../../contracts/allocator.ts';
import { isTooShort, type Candidate, type Rejection, type Stock } from './candidate.ts';
import { rankOf, type Kind, type Pool } from './pool.ts';
import { limitAt, type Limit, type Wish } from './wish.ts';

interface Explained {
  readonly decision: Omit<Decision, 'at'>;
  /** Reason → clusters passed over for it, of all that are known. */
  readonly rejections: Readonly<Partial<Record<Rejection, number>>>;
}

export type Choice =
  | ({ readonly kind: 'chosen'; readonly cluster: string; readonly free: number } & Explained)
  /** Nothing now; `retryInMs` is when the next latency step opens, if one does. */
  | ({ readonly kind: 'wait'; readonly retryInMs: number | undefined } & Explained)
  /** The latency policy says to give up. */
  | ({ readonly kind: 'give-up' } & Explained);

/** Bounds the trace where thousands of clusters are known. */
const MOST_CONSIDERED = 20;
/** Latencies closer than this are the same to a player; capacity decides between them. Milliseconds. */
const LATENCY_STEP_MS = 10;
/** Where nobody told a latency. */
const UNKNOWN_MS = 10_000;

/** The board as the requests of one pool see it. */
interface View {
  readonly pool: Pool;
  readonly expectedMs: number | undefined;
  /** By place of the cluster: servers left that will do. */
  readonly free: Int32Array;
  readonly ranks: Map<Kind, number>;
}

export class Board {
  readonly #clusters: readonly Candidate[];
  readonly #regions: readonly string[];
  /** By place of the cluster: the place of its region. */
  readonly #regionOf: Int32Array;
  readonly #names = new Map<number, number>();
  readonly #views = new Map<string, View>();
  /** By place of the cluster, where something was taken: what is left of each stock. */
  readonly #left = new Map<number, number[]>();
  readonly #hasWindows: boolean;
  #sum = 0;

  constructor(clusters: readonly Candidate[]) {
    this.#clusters = clusters;
    this.#regionOf = new Int32Array(clusters.length);
    const places = new Map<string, number>();
    let hasWindows = false;
    for (const [at, { region, healthy, stock, playableMs }] of clusters.entries()) {
      const place = places.get(region) ?? places.size;
      places.set(region, place);
      this.#regionOf[at] = place;
      hasWindows ||= playableMs !== undefined;
      for (const one of stock) {
        hasWindows ||= one.playableMs !== undefined;
        if (healthy) this.#sum += one.ready;
      }
    }
    this.#regions = [...places.keys()];
    this.#hasWindows = hasWindows;
  }

  /** Nothing is left for anybody. */
  get isEmpty(): boolean {
    return this.#sum <= 0;
  }

  choose(wish: Wish): Choice {
    const limit = limitAt(wish.latencyPolicy, wish.ageMs);
    const view = this.#viewOf(wish.pool, wish.expectedMs);
    const best = this.#best(view, wish, limit);
    const explained = this.#explain(view, wish, limit, best);
    const cluster = this.#clusters[best];
    if (cluster !== undefined) return { kind: 'chosen', cluster: cluster.name, free: view.free[best] ?? 0, ...explained };
    if (limit.over && wish.latencyPolicy.then === 'fail') return { kind: 'give-up', ...explained };
    return { kind: 'wait', retryInMs: limit.changesInMs, ...explained };
  }

  /** Gives it what it would choose. False: nothing. */
  serve(wish: Wish): boolean {
    const view = this.#viewOf(wish.pool, wish.expectedMs);
    const best = this.#best(view, wish, limitAt(wish.latencyPolicy, wish.ageMs));
    if (best < 0) return false;
    this.#take(view, best);
    return true;
  }

  /** Takes what another process is asking a cluster for, as far as it is there. */
  take(cluster: string, pool: Pool): void {
    const at = this.#clusters.findIndex(({ name }) => name === cluster);
    if (at >= 0) this.#take(this.#viewOf(pool, undefined), at);
  }

  #best(view: View, wish: Wish, limit: Limit): number {
    const steps = this.#regions.map((region) => stepOf(wish, region, limit));
    let best = -1;
    let bestStep = Number.POSITIVE_INFINITY;
    let bestScore = 0;
    let uidDigest: number | undefined;
    const winsTie = (at: number) => this.#winsTie((uidDigest ??= digestOf(wish.uid)), at, best);
    for (let at = 0; at < view.free.length; at += 1) {
      const free = view.free[at] ?? 0;
      if (free <= 0) continue;
      const step = steps[this.#regionOf[at] ?? 0] ?? Number.POSITIVE_INFINITY;
      if (step > bestStep || step === Number.POSITIVE_INFINITY) continue;
      const score = free * (this.#clusters[at]?.weight ?? 1);
      const isBetter = step < bestStep || score > bestScore || (score === bestScore && winsTie(at));
      if (isBetter) [best, bestStep, bestScore] = [at, step, score];
    }
    return best;
  }

  #winsTie(uidDigest: number, at: number, other: number): boolean {
    const mine = mixed(uidDigest, this.#digestOf(at));
    const theirs = mixed(uidDigest, this.#digestOf(other));
    if (mine !== theirs) return mine > theirs;
    return (this.#clusters[at]?.name ?? '') < (this.#clusters[other]?.name ?? '');
  }

  #digestOf(at: number): number {
    const known = this.#names.get(at);
    if (known !== undefined) return known;
    const digest = digestOf(this.#clusters[at]?.name ?? '');
    this.#names.set(at, digest);
    return digest;
  }

  #viewOf(pool: Pool, expectedMs: number | undefined): View {
    const key = this.#hasWindows ? `${expectedMs} ${pool.key}` : pool.key;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const view: View = { pool, expectedMs, free: new Int32Array(this.#clusters.length), ranks: new Map() };
    for (const [at, cluster] of this.#clusters.entries()) {
      if (!cluster.healthy) continue;
      const left = this.#left.get(at);
      let free = 0;
      for (const [place, stock] of cluster.stock.entries())
        if (rankIn(view, cluster, stock) >= 0) free += Math.max(0, left?.[place] ?? stock.ready);
      view.free[at] = free;
    }
    this.#views.set(key, view);
    return view;
  }

  /** Of the servers that will do, one of those that are preferred: as the cluster itself would. */
  #take(view: View, at: number): void {
    const cluster = this.#clusters[at];
    if (cluster === undefined || (view.free[at] ?? 0) <= 0) return;
    const left = this.#left.get(at) ?? cluster.stock.map(({ ready }) => ready);
    this.#left.set(at, left);
    let taken: Stock | undefined;
    let rank = Number.POSITIVE_INFINITY;
    for (const [place, stock] of cluster.stock.entries()) {
      const found = rankIn(view, cluster, stock);
      if (found < 0 || found >= rank || (left[place] ?? 0) <= 0) continue;
      [taken, rank] = [stock, found];
    }
    if (taken === undefined) return;
    const place = cluster.stock.indexOf(taken);
    left[place] = (left[place] ?? 0) - 1;
    this.#sum -= 1;
    for (const seen of this.#views.values()) if (rankIn(seen, cluster, taken) >= 0) seen.free[at] = (seen.free[at] ?? 0) - 1;
  }

  #explain(view: View, wish: Wish, limit: Limit, best: number): Explained {
    const rejections: Partial<Record<Rejection, number>> = {};
    const told: { at: number; rejected: Rejection | undefined }[] = best < 0 ? [] : [{ at: best, rejected: undefined }];
    const elsewhere: typeof told = [];
    for (let at = 0; at < this.#clusters.length; at += 1) {
      const rejected = this.#rejectionOf(view, wish, limit, at);
      if (rejected !== undefined) rejections[rejected] = (rejections[rejected] ?? 0) + 1;
      if (at === best) continue;
      const list = rejected === 'region-not-allowed' ? elsewhere : told;
      if (list.length < MOST_CONSIDERED) list.push({ at, rejected });
    }
    const considered = [...told, ...elsewhere].slice(0, MOST_CONSIDERED).flatMap(({ at, rejected }) => {
      const cluster = this.#clusters[at];
      if (cluster === undefined) return [];
      const worst = wish.worstLatencies[cluster.region];
      return [
        {
          cluster: cluster.name,
          ready: view.free[at] ?? 0,
          ...(worst === undefined ? {} : { worstLatencyMs: worst }),
          ...(rejected === undefined ? {} : { rejected }),
        },
      ];
    });
    const chosen = this.#clusters[best]?.name;
    return { decision: { ...(chosen === undefined ? {} : { chosen }), considered }, rejections };
  }

  #rejectionOf(view: View, wish: Wish, limit: Limit, at: number): Rejection | undefined {
    const cluster = this.#clusters[at];
    if (cluster === undefined) return undefined;
    if (wish.regions.length > 0 && !wish.regions.includes(cluster.region)) return 'region-not-allowed';
    if (!cluster.hasFleet) return 'fleet-missing';
    if (!cluster.healthy) return 'unhealthy';
    if (cluster.barred !== undefined) return cluster.barred;
    if (isTooShort(cluster.playableMs, wish.expectedMs)) return 'maintenance';
    const worst = wish.worstLatencies[cluster.region];
    if (limit.maxMs !== undefined && worst !== undefined && worst > limit.maxMs) return 'latency';
    if ((view.free[at] ?? 0) > 0) return undefined;
    const isClosed = cluster.stock.some(
      (stock) => stock.ready > 0 && rankOf(view.pool, stock.kind) >= 0 && rankIn(view, cluster, stock) < 0,
    );
    return isClosed ? 'maintenance' : 'no-capacity';
  }
}

/** As `rankOf`, and -1 where the session could not be played to its end. */
function rankIn(view: View, cluster: Candidate, stock: Stock): number {
  if (isTooShort(stock.playableMs ?? cluster.playableMs, view.expectedMs)) return -1;
  const known = view.ranks.get(stock.kind);
  if (known !== undefined) return known;
  const rank = rankOf(view.pool, stock.kind);
  view.ranks.set(stock.kind, rank);
  return rank;
}

/** Infinite where the region will not do. */
function stepOf(wish: Wish, region: string, limit: Limit): number {
  if (wish.regions.length > 0 && !wish.regions.includes(region)) return Number.POSITIVE_INFINITY;
  const worst = wish.worstLatencies[region];
  if (limit.maxMs !== undefined && worst !== undefined && worst > limit.maxMs) return Number.POSITIVE_INFINITY;
  return Math.floor((worst ?? UNKNOWN_MS) / LATENCY_STEP_MS);
}

/** FNV-1a, 32 bits. */
function digestOf(text: string): number {
  let digest = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) digest = Math.imul(digest ^ text.charCodeAt(at), 0x01000193);
  return digest >>> 0;
}

/** Two digests made one, in which every bit counts (the finaliser of MurmurHash3). */
function mixed(one: number, other: number): number {
  let digest = one ^ Math.imul(other, 0x9e3779b1);
  digest = Math.imul(digest ^ (digest >>> 16), 0x85ebca6b);
  digest = Math.imul(digest ^ (digest >>> 13), 0xc2b2ae35);
  return (digest ^ (digest >>> 16)) >>> 0;
}
