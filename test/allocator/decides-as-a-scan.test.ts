import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Census } from '../../allocator/clusters/census.ts';
import { candidatesOf, type Sight } from '../../allocator/clusters/candidates-of.ts';
import { Kinds } from '../../allocator/clusters/kinds.ts';
import { countedFor, serveLine } from '../../allocator/moves/serve-line.ts';
import { Board, type Choice } from '../../allocator/placement/board.ts';
import { digestOf, mixed } from '../../allocator/placement/break-tie.ts';
import { isTooShort, type Rejection } from '../../allocator/placement/candidate.ts';
import { playableMs, type Window } from '../../allocator/placement/maintenance.ts';
import { anyOf, poolOf, rankOf, type Kind, type Pool } from '../../allocator/placement/pool.ts';
import { limitAt, type Wish } from '../../allocator/placement/wish.ts';
import type { Waiter } from '../../allocator/store/line.ts';
import type { LatencyPolicy } from '../../contracts/allocator.ts';
import { ServerSelector } from '../../contracts/server-selectors.ts';

const selecting = (...selectors: object[]) => poolOf({ build: 'dev', selectors: selectors.map((one) => ServerSelector.parse(one)) });
const POOLS: readonly Pool[] = [
  poolOf({ build: 'dev', fleet: 'duels' }),
  poolOf({ build: 'dev', fleet: 'raids' }),
  selecting({ matchLabels: { map: 'arena' } }),
  selecting({ counters: { rooms: { minAvailable: 2 } } }, { matchExpressions: [{ key: 'map', operator: 'NotIn', values: ['arena'] }] }),
];
const REGIONS = ['r1', 'r1', 'r2', 'r2', 'r3'];

/** A cluster of which the test can change everything that decides. */
class Stage {
  now = 1_000_000;
  windows: Window[] = [];
  readonly clusters;
  readonly sight: Sight;
  readonly dones = new Map<string, () => void>();

  constructor() {
    const kinds = new Kinds();
    this.clusters = REGIONS.map((region, n) => {
      const config = { name: `c${n}`, region, namespace: 'n', kubeconfig: 'k', weight: n === 2 ? 2 : 1, drain: false };
      const cluster = {
        config: { ...config, ...(n === 3 ? { fleets: ['raids'] } : {}) },
        census: new Census(() => this.now, kinds),
        healthy: true,
        full: false,
        barred: (fleet: string) => {
          if (cluster.config.drain) return 'draining' as const;
          if (fleet !== '' && n === 3 && fleet !== 'raids') return 'fleet-not-allowed' as const;
          return cluster.full ? ('busy' as const) : undefined;
        },
      };
      cluster.census.learn(POOLS);
      return cluster;
    });
    const windows = () => this.windows;
    this.sight = {
      clusters: new Map(this.clusters.map((cluster) => [cluster.config.name, cluster])),
      windows: {
        get open() {
          return windows();
        },
      },
      now: () => this.now,
    };
  }
}

const where = fc.nat(REGIONS.length - 1);
const pool = fc.constantFrom(...POOLS);
const uid = fc.constantFrom('u1', 'u2', 'u3');
const server = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  state: fc.constantFrom('Ready', 'Ready', 'Ready', 'Allocated'),
  fleet: fc.constantFrom('duels', 'raids'),
  map: fc.constantFrom('arena', 'island'),
  rooms: fc.nat(3),
});
const scope = fc.constantFrom(
  { region: 'r1' },
  { cluster: 'c2' },
  { fleet: 'duels' },
  { cluster: 'c0', fleet: 'raids' },
  { fleet: 'raids', build: 'dev' },
  { fleet: 'duels', build: 'other' },
);
const happening = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('comes' as const), at: where, made: server }) },
  fc.record({ kind: fc.constant('goes' as const), at: where, made: server }),
  fc.record({ kind: fc.constant('set aside' as const), at: where, of: uid, from: pool }),
  fc.record({ kind: fc.constant('done' as const), of: uid }),
  fc.record({ kind: fc.constant('taken' as const), at: where, made: server, of: uid }),
  fc.record({ kind: fc.constant('none' as const), at: where, from: pool }),
  fc.record({ kind: fc.constantFrom('healthy' as const, 'full' as const, 'drain' as const), at: where, is: fc.boolean() }),
  fc.record({ kind: fc.constant('window' as const), scope, inMs: fc.constantFrom(0, 5_000, 60_000) }),
  fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(400, 1_100, 10_100) }),
);
const asking = fc.record({
  wants: pool,
  regions: fc.subarray(['r1', 'r2', 'r3']),
  worstLatencies: fc.dictionary(fc.constantFrom('r1', 'r2', 'r3'), fc.constantFrom(5, 15, 30), { maxKeys: 3 }),
  maxMs: fc.constantFrom(undefined, 10, 20),
  expectedSeconds: fc.constantFrom(undefined, 3, 30),
  intent: fc.constantFrom(null, null, null, { cluster: 'c1', worker: 'another' }, { cluster: 'c1', worker: 'me' }),
});
type Asking = typeof asking extends fc.Arbitrary<infer A> ? A : never;

function happens(stage: Stage, one: typeof happening extends fc.Arbitrary<infer H> ? H : never): void {
  if (one.kind === 'time') stage.now += one.ms;
  else if (one.kind === 'done') stage.dones.get(one.of)?.();
  else if (one.kind === 'window') {
    const startsAt = new Date(stage.now + one.inMs);
    const endsAt = new Date(stage.now + one.inMs + 8_000);
    const window = { id: 'w', scope: one.scope, drainLeadSeconds: 1, reason: 'patch', end: 'let-finish' as const, startsAt, endsAt };
    stage.windows = [...stage.windows.slice(-1), { ...window, cancelledAt: null }];
  } else {
    const cluster = stage.clusters[one.at];
    if (cluster === undefined) return;
    if (one.kind === 'comes') cluster.census.put(objectOf(one.made));
    else if (one.kind === 'goes') cluster.census.remove(objectOf(one.made));
    else if (one.kind === 'set aside') stage.dones.set(one.of, cluster.census.setAside(one.of, one.from));
    else if (one.kind === 'taken') cluster.census.noteTaken(one.made.name, one.of);
    else if (one.kind === 'none') cluster.census.noteNone(one.from);
    else if (one.kind === 'drain') cluster.config.drain = one.is;
    else cluster[one.kind] = one.is;
  }
}

function objectOf({ name, state, fleet, map, rooms }: { name: string; state: string; fleet: string; map: string; rooms: number }) {
  const labels = { 'agones.dev/fleet': fleet, 'lifeverse.dev/build': 'dev', map };
  const metadata = { name, uid: name, resourceVersion: '1', labels };
  return { metadata, status: { state, counters: { rooms: { count: rooms, capacity: 3 } } } };
}

const policyOf = (maxMs: number | undefined): LatencyPolicy => ({
  steps: maxMs === undefined ? [] : [{ maxMs, forSeconds: 9 }],
  then: 'any',
});

const wishOf = ({ wants, regions, worstLatencies, maxMs, expectedSeconds }: Asking, of: string): Wish => ({
  uid: of,
  pool: wants,
  regions,
  worstLatencies,
  latencyPolicy: policyOf(maxMs),
  ageMs: 0,
  expectedMs: expectedSeconds === undefined ? undefined : expectedSeconds * 1_000,
});

const waiterOf = (asked: Asking, n: number, now: number): Waiter => ({
  _id: `u${n}`,
  state: asked.intent === null ? 'queued' : 'placing',
  pool: asked.wants.line,
  turn: n,
  createdAt: new Date(now),
  deadlineAt: new Date(now + 60_000),
  onHoldUntil: null,
  worstLatencies: asked.worstLatencies,
  intent: asked.intent,
  request: {
    build: 'dev',
    regions: asked.regions,
    latencyPolicy: policyOf(asked.maxMs),
    expectedSeconds: asked.expectedSeconds,
  },
  wants: asked.wants,
});

/** The decision as it is defined: every server of every cluster is looked at for everybody, and nothing is remembered. */
class Scan {
  readonly #sight: Sight;
  /** Cluster → the kind of each server that is to be had. */
  readonly #free = new Map<string, Kind[]>();
  /** As that, before anybody was served. */
  readonly #before = new Map<string, readonly Kind[]>();

  /** @param nth nobody has asked under this number before, so that nothing is told from memory */
  constructor(sight: Sight, nth: number) {
    this.#sight = sight;
    const every = anyOf('dev', POOLS);
    for (const [name, { census, barred }] of sight.clusters) {
      const stock = census.stock({ ...every, key: `${every.key} ${nth}` });
      const open = stock.filter(({ kind }) => barred(kind.fleet) === undefined);
      const kinds = open.flatMap(({ kind, ready }) => Array.from({ length: ready }, () => kind));
      this.#free.set(name, kinds);
      this.#before.set(name, [...kinds]);
    }
  }

  #playable(name: string, fleet: string): number | undefined {
    const region = this.#sight.clusters.get(name)?.config.region ?? '';
    return playableMs(this.#sight.windows.open, { cluster: name, region, fleet, build: 'dev' }, this.#sight.now());
  }

  #willDo(name: string, { pool: of, expectedMs }: Pick<Wish, 'pool' | 'expectedMs'>): Kind[] {
    const kinds = this.#free.get(name) ?? [];
    return kinds.filter((kind) => rankOf(of, kind) >= 0 && !isTooShort(this.#playable(name, kind.fleet), expectedMs));
  }

  best(wish: Wish): string | undefined {
    const fits = [...this.#sight.clusters.values()].flatMap(({ config: { name, region, weight }, healthy }) => {
      const worst = wish.worstLatencies[region];
      const { maxMs } = limitAt(wish.latencyPolicy, wish.ageMs);
      const isFar = maxMs !== undefined && worst !== undefined && worst > maxMs;
      const free = this.#willDo(name, wish).length;
      if (!healthy || free === 0 || isFar || (wish.regions.length > 0 && !wish.regions.includes(region))) return [];
      const tie = mixed(digestOf(wish.uid), digestOf(name));
      return [{ name, step: Math.floor((worst ?? 10_000) / 10), score: free * weight, tie }];
    });
    return fits.toSorted((a, b) => a.step - b.step || b.score - a.score || b.tie - a.tie)[0]?.name;
  }

  take(name: string, wish: Pick<Wish, 'pool' | 'expectedMs'>): void {
    if (this.#sight.clusters.get(name)?.healthy !== true) return;
    const [taken] = this.#willDo(name, wish).toSorted((a, b) => rankOf(wish.pool, a) - rankOf(wish.pool, b));
    const kinds = this.#free.get(name) ?? [];
    if (taken !== undefined) kinds.splice(kinds.indexOf(taken), 1);
  }

  serve(waiters: readonly Waiter[], asked: readonly Asking[]): void {
    for (const [n, { _id, intent }] of waiters.entries()) {
      const one = asked[n];
      if (one === undefined) continue;
      const wish = wishOf(one, _id);
      const isHeld = this.#sight.clusters.values().some(({ census }) => census.holds(_id));
      const at = intent === null ? (isHeld ? undefined : this.best(wish)) : undefined;
      if (at !== undefined) this.take(at, wish);
      const isElsewhere = intent?.worker === 'another' && this.#sight.clusters.get(intent.cluster)?.census.carries(_id) !== true;
      if (intent !== null && isElsewhere) this.take(intent.cluster, { pool: one.wants, expectedMs: undefined });
    }
  }

  choose(wish: Wish): { cluster: string | undefined; considered: object[]; rejections: Record<string, number> } {
    const cluster = this.best(wish);
    const all = [...this.#sight.clusters.keys()].map((name) => ({ name, rejected: this.#rejection(name, wish) }));
    const rejections: Record<string, number> = {};
    for (const { rejected } of all) if (rejected !== undefined) rejections[rejected] = (rejections[rejected] ?? 0) + 1;
    const place = ({ name, rejected }: { name: string; rejected: string | undefined }) =>
      name === cluster ? 0 : rejected === 'region-not-allowed' ? 2 : 1;
    const considered = all
      .toSorted((a, b) => place(a) - place(b))
      .map(({ name, rejected }) => ({
        cluster: name,
        ready: this.#sight.clusters.get(name)?.healthy === true ? this.#willDo(name, wish).length : 0,
        worstLatencyMs: wish.worstLatencies[this.#sight.clusters.get(name)?.config.region ?? ''],
        rejected,
      }));
    return { cluster, considered, rejections };
  }

  #rejection(name: string, wish: Wish): Rejection | undefined {
    const cluster = this.#sight.clusters.get(name);
    if (cluster === undefined) return undefined;
    const { region } = cluster.config;
    const { fleet } = wish.pool;
    const worst = wish.worstLatencies[region];
    const { maxMs } = limitAt(wish.latencyPolicy, wish.ageMs);
    if (wish.regions.length > 0 && !wish.regions.includes(region)) return 'region-not-allowed';
    if (fleet !== undefined && !cluster.census.hasFleet(fleet)) return 'fleet-missing';
    if (!cluster.healthy) return 'unhealthy';
    const bar = cluster.barred(fleet ?? '');
    if (bar !== undefined) return bar;
    if (isTooShort(this.#playable(name, fleet ?? ''), wish.expectedMs)) return 'maintenance';
    if (maxMs !== undefined && worst !== undefined && worst > maxMs) return 'latency';
    if (this.#willDo(name, wish).length > 0) return undefined;
    const isMet = (kind: Kind) => rankOf(wish.pool, kind) >= 0;
    const isClosed = (kind: Kind) => isTooShort(this.#playable(name, kind.fleet), wish.expectedMs);
    return (this.#before.get(name) ?? []).some((kind) => isMet(kind) && isClosed(kind)) ? 'maintenance' : 'no-capacity';
  }
}

/** As `Scan` tells it. */
function toldBy(choice: Choice) {
  const considered = choice.decision.considered.map(({ cluster, ready, worstLatencyMs, rejected }) => ({
    cluster,
    ready,
    worstLatencyMs,
    rejected,
  }));
  return { cluster: choice.kind === 'chosen' ? choice.cluster : undefined, considered, rejections: { ...choice.rejections } };
}

describe('A decision', () => {
  it('is the one that a look at every server for everybody ahead would come to, whatever has happened before', () => {
    let nth = 0;
    let chosen = 0;
    const steps = fc.array(
      fc.record({ then: fc.array(happening, { maxLength: 4 }), wish: asking, line: fc.array(asking, { maxLength: 6 }) }),
      {
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(steps, (history) => {
        const stage = new Stage();
        for (const { then, wish, line } of history) {
          for (const one of then) happens(stage, one);
          nth += 1;
          const ahead = line.map((asked, n) => waiterOf(asked, n, stage.now));
          const board = new Board(candidatesOf(stage.sight, wish.wants.fleet, countedFor(wish.wants, ahead)));
          serveLine({ ...stage.sight, worker: 'me' }, board, ahead);
          const decided = toldBy(board.choose(wishOf(wish, 'wish')));
          const scan = new Scan(stage.sight, nth);
          scan.serve(ahead, line);
          assert.deepEqual(decided, scan.choose(wishOf(wish, 'wish')));
          if (decided.cluster !== undefined) chosen += 1;
        }
      }),
      { numRuns: 1_000 },
    );
    // Most of what it decides must not be that there is nothing.
    assert.ok(chosen > nth / 10, `only ${chosen} of ${nth} chose a cluster`);
  });
});
