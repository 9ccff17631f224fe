/** What the clusters have at this moment, for placement to choose from. */
import type { Candidate, Stock } from '../placement/candidate.ts';
import { aboutFleetsAt, playableMs, type Window } from '../placement/maintenance.ts';
import type { Pool } from '../placement/pool.ts';
import type { AgonesCluster } from './agones-cluster.ts';

type Seen = Pick<AgonesCluster, 'config' | 'healthy' | 'barred' | 'census'>;

export interface Sight {
  /** By name; looked at anew each time, since clusters come and go. */
  readonly clusters: ReadonlyMap<string, Seen>;
  readonly windows: { readonly open: readonly Window[] };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const NOTHING: readonly Stock[] = [];

/**
 * One look at every cluster, without an await.
 * @param fleet the one that the decision is about, where it names one
 * @param pool whose servers count
 */
export function candidatesOf({ clusters, windows, now }: Sight, fleet: string | undefined, pool: Pool): Candidate[] {
  const { open } = windows;
  const at = now();
  const candidates: Candidate[] = [];
  for (const cluster of clusters.values()) {
    const { config, healthy, census } = cluster;
    const { name, region, weight } = config;
    const bar = cluster.barred(fleet ?? '');
    const stock = census.stock(pool);
    const isThere = fleet === undefined || (fleet === pool.fleet && stock.length > 0);
    const candidate: Candidate = {
      name,
      region,
      weight,
      healthy,
      hasFleet: isThere || census.hasFleet(fleet),
      barred: fleet === undefined && bar === 'fleet-not-allowed' ? undefined : bar,
      stock: bar === 'draining' || bar === 'busy' ? NOTHING : openOf(cluster, stock),
      playableMs: undefined,
    };
    const near = open.length === 0 ? open : aboutFleetsAt(open, { cluster: name, region }, at);
    candidates.push(near.length === 0 ? candidate : { ...candidate, ...timed(candidate, near, { fleet, build: pool.build }, at) });
  }
  return candidates;
}

/** Without the fleets that the cluster's operator does not allow. */
function openOf(cluster: Seen, stock: readonly Stock[]): readonly Stock[] {
  // Most clusters allow every fleet; then it is not asked for each of a thousand clusters and each kind.
  if (cluster.config.fleets === undefined) return stock;
  return stock.filter(({ kind }) => cluster.barred(kind.fleet) === undefined);
}

function timed(
  { name, region, stock }: Candidate,
  windows: readonly Window[],
  { fleet, build }: Pick<Pool, 'fleet' | 'build'>,
  at: number,
) {
  const playable = (of: string) => playableMs(windows, { cluster: name, region, fleet: of, build }, at);
  return {
    stock: stock.map((one): Stock => ({ ...one, playableMs: playable(one.kind.fleet) ?? Number.POSITIVE_INFINITY })),
    playableMs: playable(fleet ?? ''),
  };
}

/** Whether any cluster that answers has a server for the pool: spares whoever waits the look at everything else. */
export function anyFree({ clusters }: Pick<Sight, 'clusters'>, pool: Pool): boolean {
  for (const { healthy, census } of clusters.values()) if (healthy && census.hasFree(pool)) return true;
  return false;
}

/** The allocations that this process has set a server aside for. */
export function heldBy({ clusters }: Pick<Sight, 'clusters'>): Set<string> {
  const held = new Set<string>();
  for (const { census } of clusters.values()) census.addHeld(held);
  return held;
}

/** Longest that the loop is held up at once, in milliseconds. */
const SLICE_MS = 8;

/** Lets every census tell servers apart as this pool does, a slice at a time: the first time costs a look at every server. */
export async function learn({ clusters }: Pick<Sight, 'clusters'>, pool: Pool): Promise<void> {
  let began = performance.now();
  for (const { census } of clusters.values()) {
    census.learn([pool]);
    if (performance.now() - began < SLICE_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    began = performance.now();
  }
}
