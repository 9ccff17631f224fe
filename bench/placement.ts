/**
 * The placement decision with 1,000 clusters known and up to 1,000,000 game servers in their censuses: how long it takes, whether it
 * stays the same however many servers there are, and what they cost in memory. `node --expose-gc bench/placement.ts`, or with other numbers
 * of servers behind it.
 *
 * A decision is what is done between the last await and the server that is set aside: a look at every cluster, everybody ahead
 * served from it, and the choice with its explanation.
 */
import { loadavg } from 'node:os';
import { Registry } from 'prom-client';
import { AgonesCluster } from '../allocator/clusters/agones-cluster.ts';
import { candidatesOf, type Sight } from '../allocator/clusters/candidates-of.ts';
import { createClusterMetrics } from '../allocator/clusters/cluster-metrics.ts';
import type { GameServer } from '../allocator/clusters/game-server.ts';
import { Kinds } from '../allocator/clusters/kinds.ts';
import type { KubeApi } from '../allocator/clusters/kube-api.ts';
import { countedFor, serveLine } from '../allocator/moves/serve-line.ts';
import { Board } from '../allocator/placement/board.ts';
import type { Window } from '../allocator/placement/maintenance.ts';
import { poolOf, type Pool } from '../allocator/placement/pool.ts';
import type { Wish } from '../allocator/placement/wish.ts';
import type { Waiter } from '../allocator/store/line.ts';
import { ServerSelector } from '../contracts/server-selectors.ts';
import { percentile } from '../local/demo/report.ts';
import { createLog } from '../runtime/log.ts';
import { printTable } from './print-table.ts';

const CLUSTERS = 1_000;
const REGIONS = 25;
const FLEETS = 4;
const SERVERS = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 1_000_000];
const WARM_UP = 300;
const DECISIONS = 500;
const ROUNDS = 8;
const MOST_AHEAD = 200;
const WINDOWS = 10;

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

const metrics = createClusterMetrics(new Registry());
const log = createLog('bench', 'error');
const settings = { silentMs: 90_000, pageSize: 500, probeMs: 5_000, asksAtOnce: () => 24 };
/** Nobody is asked: a decision comes before that. */
const api: KubeApi = {
  send: () => Promise.reject(new Error('there is no cluster')),
  watch: () => {
    throw new Error('there is no cluster');
  },
  useCredentials: () => {},
  close: () => {},
};

/** The clusters as the allocator holds them, without anything behind. */
function openStage(servers: number): Stage {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const each = servers / CLUSTERS;
  const kinds = new Kinds();
  const clusters = Array.from({ length: CLUSTERS }, (_, n) => {
    const config = { name: `cluster-${n}`, region: regionOf(n), namespace: 'games', kubeconfig: 'none', weight: 1, drain: false };
    return new AgonesCluster({ config, api, settings, metrics, log, kinds, now: Date.now });
  });
  for (const [n, { census }] of clusters.entries()) census.replaceWith(Array.from({ length: each }, (_unused, at) => serverOf(n, at)));
  globalThis.gc?.();
  const megabytes = (process.memoryUsage().heapUsed - before) / 1024 ** 2;
  const sight = { clusters: new Map(clusters.map((cluster) => [cluster.config.name, cluster])), windows: { open: [] }, now: Date.now };
  return { sight, megabytes };
}

/** As a watch tells it; half of them host a session. Of four kinds in every cluster, however many there are. */
function serverOf(cluster: number, at: number): GameServer {
  const fleet = fleetOf(at);
  const isFree = (at >> 2) % 2 === 0;
  const uid = isFree ? undefined : `${cluster}-${at}`;
  const marks = { 'lifeverse.dev/owner': 'lifeverse', 'lifeverse.dev/uid': `${cluster}-${at}`, 'lifeverse.dev/attempt': '1' };
  return {
    name: `${fleet}-${cluster}-${at}`,
    uid: `uid-${cluster}-${at}`,
    resourceVersion: String(1_000_000 + at),
    state: isFree ? 'Ready' : 'Allocated',
    deleting: false,
    fleet,
    build: 'dev',
    address: '10.0.0.1',
    port: 7_000 + at,
    labels: {
      'agones.dev/fleet': fleet,
      'agones.dev/gameserverset': `${fleet}-${cluster}`,
      'lifeverse.dev/build': 'dev',
      'game.example/size': at % 2 === 0 ? 'large' : 'small',
      ...(isFree ? {} : marks),
    },
    counters: { rooms: { count: at % 4, capacity: 4 } },
    lists: {},
    owner: isFree ? undefined : 'lifeverse',
    allocationUid: uid,
    attempt: isFree ? undefined : 1,
    allocationId: uid,
    notice: undefined,
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

/** @param pools whose requests stand in line, in turns */
const aheadOf = (...pools: readonly Pool[]): Waiter[] =>
  Array.from({ length: MOST_AHEAD }, (_, n) => {
    const wants = pools[n % pools.length] ?? byFleet;
    return {
      _id: `${n}`.padStart(32, 'a'),
      state: 'queued' as const,
      pool: wants.line,
      turn: n,
      createdAt: new Date(),
      deadlineAt: new Date(Date.now() + 3_600_000),
      onHoldUntil: null,
      worstLatencies: latencies,
      intent: null,
      request: { build: wants.build, regions: [], latencyPolicy: { steps: [], then: 'any' as const } },
      wants,
    };
  });

/** As an operator plans them: most clusters have none. */
const windows: readonly Window[] = Array.from({ length: WINDOWS }, (_, n) => ({
  id: `w${n}`,
  scope: { cluster: `cluster-${n * 7}`, fleet: fleetOf(n) },
  drainLeadSeconds: 600,
  reason: 'patch',
  end: 'let-finish',
  startsAt: new Date(Date.now() + 1_800_000),
  endsAt: new Date(Date.now() + 3_600_000),
  cancelledAt: null,
}));

interface Times {
  readonly p50: number;
  readonly p99: number;
  /** Of the processor, on average. */
  readonly cpu: number;
}

/** The best of some rounds: others share the processor. */
function measured(decisions: number, decide: (nth: number) => void): Times {
  for (let nth = 0; nth < WARM_UP; nth += 1) decide(nth);
  const rounds = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    const times = Array.from({ length: decisions }, (_, nth) => {
      const began = performance.now();
      decide(nth);
      return performance.now() - began;
    }).toSorted((a, b) => a - b);
    const { user, system } = process.cpuUsage(before);
    return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), cpu: (user + system) / 1_000 / decisions };
  });
  const least = (of: keyof Times) => Math.min(...rounds.map((round) => round[of]));
  return { p50: least('p50'), p99: least('p99'), cpu: least('cpu') };
}

/** Name → times, for one number of servers. */
function decisionsOn({ sight }: Stage): Map<string, Times> {
  const decide =
    (pool: Pool, ahead: readonly Waiter[], seen = sight) =>
    (nth: number) => {
      const board = new Board(candidatesOf(seen, pool.fleet, countedFor(pool, ahead)));
      serveLine({ ...seen, worker: 'bench' }, board, ahead);
      const choice = board.choose(wishFor(pool, nth));
      if (choice.kind !== 'chosen') throw new Error('nothing was chosen');
      seen.clusters.get(choice.cluster)?.census.setAside('bench', pool)();
    };
  const many = DECISIONS / 5;
  return new Map([
    ['a fleet, nobody ahead', measured(DECISIONS, decide(byFleet, []))],
    ['selectors, nobody ahead', measured(DECISIONS, decide(bySelectors, []))],
    [`a fleet, ${WINDOWS} windows open`, measured(DECISIONS, decide(byFleet, [], { ...sight, windows: { open: windows } }))],
    [`a fleet, ${MOST_AHEAD} ahead for the same`, measured(many, decide(byFleet, aheadOf(byFleet)))],
    [`selectors, ${MOST_AHEAD} ahead with the same`, measured(many, decide(bySelectors, aheadOf(bySelectors)))],
    [`a fleet, ${MOST_AHEAD} ahead of both sorts`, measured(many, decide(byFleet, aheadOf(byFleet, bySelectors)))],
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
      times.cpu.toFixed(3),
      (times.p50 / base.p50).toFixed(2),
      stage.megabytes.toFixed(0),
    ]);
  }
}
const [load = 0] = loadavg();
printTable(
  `Placement decision with ${CLUSTERS.toLocaleString('en')} clusters in ${REGIONS} regions; best of ${ROUNDS} rounds, load average ${load.toFixed(1)}`,
  [
    'decision for',
    'game servers',
    'p50 ms',
    'p99 ms',
    'CPU ms, mean',
    `p50 against ${SERVERS[0]?.toLocaleString('en')} servers`,
    'heap MB of all censuses',
  ],
  rows,
);
