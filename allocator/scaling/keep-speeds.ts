/** Writes down how long servers take to become Ready, for all processes and for the time after a restart. */
import { pause } from '../../runtime/deadline.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import type { Tallies } from '../clusters/tally.ts';
import type { FleetScaling } from '../store/fleet-scaling.ts';

export interface SpeedParts {
  readonly scaling: FleetScaling;
  readonly clusters: ReadonlyMap<string, AgonesCluster>;
  readonly tallyOf: Tallies;
  readonly now: () => number;
}

/** A median that is as old as this misleads nobody. */
const EVERY_MS = 5_000;
const FORGET_MS = 30 * 24 * 3_600_000;
const PRUNE_EVERY_MS = 3_600_000;

/** For `whileLeased`: one process writes what every process sees. */
export async function keepSpeeds({ scaling, clusters, tallyOf, now }: SpeedParts, signal: AbortSignal): Promise<void> {
  /** How many were seen when they were last written. */
  const written = new Map<string, number>();
  let prunedAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    for (const cluster of clusters.values()) {
      const { name } = cluster.config;
      const tally = tallyOf(cluster);
      for (const [fleet, { count, last }] of tally.readySeconds()) {
        const fresh = count - (written.get(`${name}/${fleet}`) ?? 0);
        if (fresh <= 0) continue;
        await scaling.noteSpeed(name, fleet, last.slice(-fresh), new Date(now()));
        written.set(`${name}/${fleet}`, count);
      }
    }
    if (performance.now() - prunedAt > PRUNE_EVERY_MS) {
      await scaling.prune(new Date(now() - FORGET_MS));
      prunedAt = performance.now();
    }
    await pause(EVERY_MS, signal);
  }
}
