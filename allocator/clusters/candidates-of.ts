/** What the clusters have at this moment, for placement to choose from. */
import type { Candidate, Stock } from '../placement/candidate.ts';
import { playableMs, type Window } from '../placement/maintenance.ts';
import type { Pool } from '../placement/pool.ts';
import type { AgonesCluster } from './agones-cluster.ts';

export interface Sight {
  /** By name; looked at anew each time, since clusters come and go. */
  readonly clusters: ReadonlyMap<string, Pick<AgonesCluster, 'config' | 'healthy' | 'barred' | 'census'>>;
  readonly windows: { readonly open: readonly Window[] };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * One look at every cluster, without an await.
 * @param fleet the one that the decision is about, where it names one
 * @param pools whose servers count
 */
export function candidatesOf({ clusters, windows, now }: Sight, fleet: string | undefined, pools: readonly Pool[]): Candidate[] {
  const { open } = windows;
  const at = now();
  return Array.from(clusters.values(), (cluster): Candidate => {
    const { config, healthy, census } = cluster;
    const { name, region, weight } = config;
    const bar = cluster.barred(fleet ?? '');
    const candidate = {
      name,
      region,
      weight,
      healthy,
      hasFleet: fleet === undefined || census.hasFleet(fleet),
      barred: fleet === undefined && bar === 'fleet-not-allowed' ? undefined : bar,
      stock: census.stock(pools).filter(({ kind }) => cluster.barred(kind.fleet) === undefined),
    };
    if (open.length === 0) return candidate;
    const playable = (of: string) => playableMs(open, { cluster: name, region, fleet: of }, at);
    const stock = candidate.stock.map((one): Stock => ({ ...one, playableMs: playable(one.kind.fleet) ?? Number.POSITIVE_INFINITY }));
    return { ...candidate, stock, playableMs: playable(fleet ?? '') };
  });
}

/** Whether any cluster that answers has a server for the pool: spares whoever waits the look at everything else. */
export function anyFree({ clusters }: Pick<Sight, 'clusters'>, pool: Pool): boolean {
  for (const { healthy, census } of clusters.values()) if (healthy && census.hasFree(pool)) return true;
  return false;
}

/** Longest that the loop is held up at once, in milliseconds. */
const SLICE_MS = 8;

/** Lets every census tell servers apart as these pools do, a slice at a time: the first time costs a look at every server. */
export async function learn({ clusters }: Pick<Sight, 'clusters'>, pools: readonly Pool[]): Promise<void> {
  let began = performance.now();
  for (const { census } of clusters.values()) {
    census.learn(pools);
    if (performance.now() - began < SLICE_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    began = performance.now();
  }
}
