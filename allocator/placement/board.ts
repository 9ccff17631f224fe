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
import { digestOf, mixed } from './break-tie.ts';
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
  /** By place of the region: the highest score of a cluster that has one left; `NONE`, or `UNSURE` until it is looked for. */
  readonly most: Float64Array;
  readonly ranks: Map<Kind, number>;
}

const NONE = -1;
const UNSURE = -2;

export class Board {
  readonly #clusters: readonly Candidate[];
  readonly #regions: readonly string[];
  /** By place of the cluster: the place of its region. */
  readonly #regionOf: Int32Array;
  /** By place of the region: the places of its clusters. */
  readonly #within: readonly (readonly number[])[];
  readonly #views = new Map<string, View>();
  /** By place of the cluster, where something was taken: what is left of each stock. */
  readonly #left = new Map<number, number[]>();
  /** By place of the cluster: of its name; 0 until it is needed. */
  readonly #digests: Uint32Array;
  readonly #hasWindows: boolean;
  #byName: ReadonlyMap<string, number> | undefined;
  #sum = 0;

  constructor(clusters: readonly Candidate[]) {
    this.#clusters = clusters;
    this.#regionOf = new Int32Array(clusters.length);
    this.#digests = new Uint32Array(clusters.length);
    const places = new Map<string, number>();
    const within: number[][] = [];
    let hasWindows = false;
    for (let at = 0; at < clusters.length; at += 1) {
      const cluster = clusters[at];
      if (cluster === undefined) continue;
      const { region, healthy, stock, playableMs } = cluster;
      const place = places.get(region) ?? places.size;
      if (place === places.size) {
        places.set(region, place);
        within.push([]);
      }
      this.#regionOf[at] = place;
      within[place]?.push(at);
      hasWindows ||= playableMs !== undefined;
      for (const one of stock) {
        hasWindows ||= one.playableMs !== undefined;
        if (healthy) this.#sum += one.ready;
      }
    }
    this.#regions = [...places.keys()];
    this.#within = within;
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
    this.#byName ??= new Map(this.#clusters.map(({ name }, at) => [name, at]));
    const at = this.#byName.get(cluster);
    if (at !== undefined) this.#take(this.#viewOf(pool, undefined), at);
  }

  /** Region by region, since few regions have many clusters; only in the best of them are the clusters compared. */
  #best(view: View, wish: Wish, limit: Limit): number {
    let best: number[] = [];
    let bestStep = Number.POSITIVE_INFINITY;
    let bestScore = NONE;
    for (let place = 0; place < this.#regions.length; place += 1) {
      const most = this.#mostIn(view, place);
      if (most === NONE) continue;
      const step = stepOf(wish, this.#regions[place] ?? '', limit);
      if (step > bestStep || step === Number.POSITIVE_INFINITY || (step === bestStep && most < bestScore)) continue;
      if (step === bestStep && most === bestScore) best.push(place);
      else [best, bestStep, bestScore] = [[place], step, most];
    }
    return best.length === 0 ? -1 : this.#winner(view, wish, best, bestScore);
  }

  #mostIn(view: View, place: number): number {
    const known = view.most[place] ?? NONE;
    if (known !== UNSURE) return known;
    let most = NONE;
    for (const at of this.#within[place] ?? []) {
      if ((view.free[at] ?? 0) > 0) most = Math.max(most, this.#scoreOf(view, at));
    }
    view.most[place] = most;
    return most;
  }

  #scoreOf(view: View, at: number): number {
    return (view.free[at] ?? 0) * (this.#clusters[at]?.weight ?? 1);
  }

  /** Of those in these regions that have the score. */
  #winner(view: View, { uid }: Wish, places: readonly number[], score: number): number {
    const uidDigest = digestOf(uid);
    let winner = -1;
    let winnersDigest = 0;
    for (const place of places)
      for (const at of this.#within[place] ?? []) {
        if ((view.free[at] ?? 0) <= 0 || this.#scoreOf(view, at) !== score) continue;
        const digest = mixed(uidDigest, this.#digestOf(at));
        const isBetter = winner < 0 || digest > winnersDigest || (digest === winnersDigest && this.#nameOf(at) < this.#nameOf(winner));
        if (isBetter) [winner, winnersDigest] = [at, digest];
      }
    return winner;
  }

  #digestOf(at: number): number {
    const known = this.#digests[at] ?? 0;
    if (known !== 0) return known;
    const digest = digestOf(this.#nameOf(at));
    this.#digests[at] = digest;
    return digest;
  }

  #nameOf(at: number): string {
    return this.#clusters[at]?.name ?? '';
  }

  #viewOf(pool: Pool, expectedMs: number | undefined): View {
    const key = this.#hasWindows ? `${expectedMs} ${pool.key}` : pool.key;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const free = new Int32Array(this.#clusters.length);
    const view: View = { pool, expectedMs, free, most: new Float64Array(this.#regions.length).fill(UNSURE), ranks: new Map() };
    for (let at = 0; at < free.length; at += 1) {
      const cluster = this.#clusters[at];
      if (cluster?.healthy !== true) continue;
      const left = this.#left.get(at);
      for (let place = 0; place < cluster.stock.length; place += 1) {
        const stock = cluster.stock[place];
        if (stock !== undefined && rankIn(view, cluster, stock) >= 0)
          free[at] = (free[at] ?? 0) + Math.max(0, left?.[place] ?? stock.ready);
      }
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
    for (const seen of this.#views.values()) {
      if (rankIn(seen, cluster, taken) < 0) continue;
      const region = this.#regionOf[at] ?? 0;
      if (seen.most[region] === this.#scoreOf(seen, at)) seen.most[region] = UNSURE;
      seen.free[at] = (seen.free[at] ?? 0) - 1;
    }
  }

  #explain(view: View, wish: Wish, limit: Limit, best: number): Explained {
    const rejections: Partial<Record<Rejection, number>> = {};
    const told: { at: number; rejected: Rejection | undefined }[] = best < 0 ? [] : [{ at: best, rejected: undefined }];
    const elsewhere: typeof told = [];
    const byRegion = this.#regions.map((region) => regionRejection(wish, region, limit));
    for (let at = 0; at < this.#clusters.length; at += 1) {
      const rejected = this.#rejectionOf(view, at, byRegion[this.#regionOf[at] ?? 0]);
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

  /** @param byRegion what its region is passed over for */
  #rejectionOf(view: View, at: number, byRegion: Rejection | undefined): Rejection | undefined {
    const cluster = this.#clusters[at];
    if (cluster === undefined) return undefined;
    if (byRegion === 'region-not-allowed') return byRegion;
    if (!cluster.hasFleet) return 'fleet-missing';
    if (!cluster.healthy) return 'unhealthy';
    if (cluster.barred !== undefined) return cluster.barred;
    if (isTooShort(cluster.playableMs, view.expectedMs)) return 'maintenance';
    if (byRegion !== undefined) return byRegion;
    if ((view.free[at] ?? 0) > 0) return undefined;
    const isClosed =
      this.#hasWindows &&
      cluster.stock.some((stock) => stock.ready > 0 && rankOf(view.pool, stock.kind) >= 0 && rankIn(view, cluster, stock) < 0);
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
  if (regionRejection(wish, region, limit) !== undefined) return Number.POSITIVE_INFINITY;
  return Math.floor((wish.worstLatencies[region] ?? UNKNOWN_MS) / LATENCY_STEP_MS);
}

function regionRejection(wish: Wish, region: string, limit: Limit): 'region-not-allowed' | 'latency' | undefined {
  if (wish.regions.length > 0 && !wish.regions.includes(region)) return 'region-not-allowed';
  const worst = wish.worstLatencies[region];
  return limit.maxMs !== undefined && worst !== undefined && worst > limit.maxMs ? 'latency' : undefined;
}
