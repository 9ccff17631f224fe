/**
 * Which cluster is to have a server for whom: so that several clusters of one fleet do not all grow for the same people.
 * Pure. It follows placement: region and window must fit, then the nearest, then the weight.
 */
import type { LatencyPolicy } from '../../contracts/allocator.ts';
import { isTooShort } from '../placement/candidate.ts';
import { limitAt } from '../placement/wish.ts';

/** One cluster that has the fleet. */
export interface Taker {
  readonly name: string;
  readonly region: string;
  readonly weight: number;
  /** It may be placed on: it answers, and is not drained. */
  readonly open: boolean;
  /** See `playableMs`. */
  readonly playableMs: number | undefined;
  /** Builds of its servers; nothing is known of the build of a fleet without any. */
  readonly builds: ReadonlySet<string>;
  /** How many servers it may have beside those that are busy. */
  readonly room: number;
}

export interface Demand {
  readonly build: string;
  readonly regions: readonly string[];
  readonly worstLatencies: Readonly<Record<string, number>>;
  readonly latencyPolicy: LatencyPolicy;
  readonly ageMs: number;
  readonly expectedMs: number | undefined;
  /** Where it is being placed, or was. */
  readonly at: string | undefined;
}

/** Latencies closer than this are the same to a player. Milliseconds. */
const LATENCY_STEP_MS = 10;

/**
 * Cluster → how many of the demands are its to serve. First come, first served: where a cluster has no room left, the next
 * best takes over. Whoever no cluster may serve counts nowhere.
 */
export function shareDemand(demands: readonly Demand[], takers: readonly Taker[]): Map<string, number> {
  const shares = new Map(takers.map(({ name }) => [name, 0]));
  const of = ({ name }: Taker) => shares.get(name) ?? 0;
  for (const demand of demands) {
    const fit = takers.filter((taker) => mayServe(taker, demand) && of(taker) < taker.room);
    const taken =
      fit.find(({ name }) => name === demand.at) ??
      fit.toSorted(
        (a, b) => stepOf(demand, a) - stepOf(demand, b) || (of(a) + 1) / a.weight - (of(b) + 1) / b.weight || (a.name < b.name ? -1 : 1),
      )[0];
    if (taken !== undefined) shares.set(taken.name, of(taken) + 1);
  }
  return shares;
}

function mayServe(taker: Taker, { build, regions, worstLatencies, latencyPolicy, ageMs, expectedMs }: Demand): boolean {
  if (!taker.open || isTooShort(taker.playableMs, expectedMs)) return false;
  if (regions.length > 0 && !regions.includes(taker.region)) return false;
  // More servers of another build would help nobody.
  if (taker.builds.size > 0 && !taker.builds.has(build)) return false;
  const { maxMs } = limitAt(latencyPolicy, ageMs);
  return (worstLatencies[taker.region] ?? 0) <= (maxMs ?? Number.POSITIVE_INFINITY);
}

function stepOf({ worstLatencies }: Demand, { region }: Taker): number {
  return Math.floor((worstLatencies[region] ?? 10_000) / LATENCY_STEP_MS);
}
