/**
 * The placement decision with 1,000 clusters known and up to 1,000,000 game servers in their censuses: how long it takes, whether it
 * stays the same however many servers there are, and what they cost in memory. `node bench/placement.ts`, or with other numbers of servers behind it.
 *
 * A decision is what is done between the last await and the server that is set aside: a look at every cluster, everybody ahead
 * served from it, and the choice with its explanation.
 */
import { Census } from '../allocator/clusters/census.ts';
import { candidatesOf, type Sight } from '../allocator/clusters/candidates-of.ts';
import { serveLine } from '../allocator/moves/serve-line.ts';
import { Board } from '../allocator/placement/board.ts';
import { anyOf, poolOf, type Pool } from '../allocator/placement/pool.ts';
import type { Wish } from '../allocator/placement/wish.ts';
import type { Waiter } from '../allocator/store/line.ts';
import { ServerSelector } from '../contracts/server-selectors.ts';
import { percentile } from '../local/demo/report.ts';
import { printTable } from './print-table.ts';

const CLUSTERS = 1_000;
const REGIONS = 25;
const FLEETS = 4;
const SERVERS = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 1_000_000];
const WARM_UP = 100;
const DECISIONS = 1_000;
const MOST_AHEAD = 200;

const regionOf = (n: number) => `region-${n % REGIONS}`;
const fleetOf = (n: number) => `fleet-${n % FLEETS}`;
const latencies = Object.fromEntries(Array.from({ length: REGIONS }, (_, n) => [regionOf(n), 20 + ((n * 37) % 180)]));

const byFleet = poolOf({ build: 'dev', fleet: fleetOf(0) });
const bySelectors = poolOf({
  build: 'dev',
  selectors: [
    ServerSelector.parse({ matchLabels: { 'game.example/size': 'large' }, counters: { rooms: { minAvailable: 1 } } }),
    ServerSelector.parse({ matchExpressions: [{ key: 'agones.dev/fleet', operator: 'In', values: [fleetOf(1), fleetOf(2)] }] }),
  ],
});

interface Stage {
  readonly sight: Sight;
  readonly megabytes: number;
}

function openStage(servers: number): Stage {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const each = servers / CLUSTERS;
  const clusters = Array.from({ length: CLUSTERS }, (_, n) => {
    const census = new Census(Date.now);
    census.replaceAll(Array.from({ length: each }, (_unused, at) => serverOf(n, at)));
    const config = { name: `cluster-${n}`, region: regionOf(n), namespace: 'games', kubeconfig: 'none', weight: 1, drain: false };
    return { config, healthy: true, barred: () => undefined, census };
  });
  globalThis.gc?.();
  const megabytes = (process.memoryUsage().heapUsed - before) / 1024 ** 2;
  const sight = { clusters: new Map(clusters.map((cluster) => [cluster.config.name, cluster])), windows: { open: [] }, now: Date.now };
  return { sight, megabytes };
}

/** As a watch tells it; half of them host a session. */
function serverOf(cluster: number, at: number): object {
  const fleet = fleetOf(at);
  const name = `${fleet}-${cluster}-${at}`;
  const isFree = (at >> 2) % 2 === 0;
  const marks = { 'lifeverse.dev/owner': 'lifeverse', 'lifeverse.dev/uid': `${cluster}-${at}`, 'lifeverse.dev/attempt': '1' };
  return {
    metadata: {
      name,
      uid: `uid-${cluster}-${at}`,
      resourceVersion: String(1_000_000 + at),
      labels: {
        'agones.dev/fleet': fleet,
        'agones.dev/gameserverset': `${fleet}-${cluster}`,
        'lifeverse.dev/build': 'dev',
        'game.example/size': at % 3 === 0 ? 'large' : 'small',
        ...(isFree ? {} : marks),
      },
    },
    status: {
      state: isFree ? 'Ready' : 'Allocated',
      address: '10.0.0.1',
      ports: [{ name: 'game', port: 7_000 + at }],
      counters: { rooms: { count: at % 4, capacity: 4 } },
    },
  };
}

const wishFor = (pool: Pool, nth: number): Wish => ({
  uid: nth.toString(16).padStart(32, '0'),
  pool,
  regions: [],
  worstLatencies: latencies,
  latencyPolicy: { steps: [{ maxMs: 90, forSeconds: 10 }], then: 'any' },
  ageMs: 500,
});

const aheadOf = (pool: Pool, selectors: ServerSelector[] | undefined): Waiter[] =>
  Array.from({ length: MOST_AHEAD }, (_, n) => ({
    _id: `${n}`.padStart(32, 'a'),
    state: 'queued' as const,
    pool: pool.line,
    turn: n,
    createdAt: new Date(),
    deadlineAt: new Date(Date.now() + 3_600_000),
    onHoldUntil: null,
    worstLatencies: latencies,
    intent: null,
    request: {
      build: pool.build,
      ...(pool.fleet === undefined ? {} : { fleet: pool.fleet }),
      ...(selectors === undefined ? {} : { selectors }),
      regions: [],
      latencyPolicy: { steps: [], then: 'any' as const },
    },
  }));

interface Times {
  readonly p50: number;
  readonly p99: number;
}

function measured(decisions: number, decide: (nth: number) => void): Times {
  for (let nth = 0; nth < WARM_UP; nth += 1) decide(nth);
  const times = Array.from({ length: decisions }, (_, nth) => {
    const began = performance.now();
    decide(nth);
    return performance.now() - began;
  }).toSorted((a, b) => a - b);
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/** Name → times, for one number of servers. */
function decisionsOn({ sight }: Stage): Map<string, Times> {
  const decide = (pool: Pool, ahead: readonly Waiter[]) => (nth: number) => {
    const pools = pool.fleet === undefined ? [anyOf(pool.build), pool] : [pool];
    const board = new Board(candidatesOf(sight, pool.fleet, pools));
    serveLine({ ...sight, worker: 'bench' }, board, ahead);
    const choice = board.choose(wishFor(pool, nth));
    if (choice.kind !== 'chosen') throw new Error('nothing was chosen');
    sight.clusters.get(choice.cluster)?.census.setAside('bench', pool)();
  };
  return new Map([
    ['a fleet, nobody ahead', measured(DECISIONS, decide(byFleet, []))],
    ['selectors, nobody ahead', measured(DECISIONS, decide(bySelectors, []))],
    [`a fleet, ${MOST_AHEAD} ahead`, measured(DECISIONS / 5, decide(byFleet, aheadOf(byFleet, undefined)))],
    [`selectors, ${MOST_AHEAD} ahead`, measured(DECISIONS / 5, decide(bySelectors, aheadOf(bySelectors, [...bySelectors.selectors])))],
  ]);
}

const rows: string[][] = [];
const first = new Map<string, Times>();
for (const servers of SERVERS) {
  const stage = openStage(servers);
  for (const [what, times] of decisionsOn(stage)) {
    const base = first.get(what) ?? times;
    first.set(what, base);
    rows.push([
      what,
      servers.toLocaleString('en'),
      times.p50.toFixed(3),
      times.p99.toFixed(3),
      (times.p50 / base.p50).toFixed(2),
      stage.megabytes.toFixed(0),
    ]);
  }
}
printTable(
  `Placement decision with ${CLUSTERS.toLocaleString('en')} clusters in ${REGIONS} regions`,
  [
    'decision for',
    'game servers',
    'p50 ms',
    'p99 ms',
    `p50 against ${SERVERS[0]?.toLocaleString('en')} servers`,
    'heap MB of all censuses',
  ],
  rows,
);
