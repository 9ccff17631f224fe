/**
 * Which cluster, and why. Pure.
 *
 * The build and the region must fit; then the worst player's latency within the limit of the request's age; then free
 * capacity, weight. Ties are broken by the allocation's uid, so that a decision can be replayed.
 */
import { createHash } from 'node:crypto';
import type { Decision, LatencyPolicy, SessionPlayer } from '../../contracts/allocator.ts';

/** A cluster as placement sees it. */
export interface Candidate {
  readonly name: string;
  readonly region: string;
  readonly weight: number;
  /** False while its API does not answer. */
  readonly healthy: boolean;
  /** Ready servers of the asked fleet and build that nobody ahead in line is entitled to. */
  readonly ready: number;
  /** Whether the cluster has the fleet at all. */
  readonly hasFleet: boolean;
  /** How long a session may be played here before a maintenance window begins; 0 while one drains or runs, absent without one. */
  readonly playableMs?: number | undefined;
}

export interface Wish {
  readonly uid: string;
  readonly regions: readonly string[];
  readonly players: readonly SessionPlayer[];
  readonly latencyPolicy: LatencyPolicy;
  readonly ageMs: number;
  /** How long the session will be played, where that is known. */
  readonly expectedMs?: number | undefined;
}

export type Choice =
  | { readonly kind: 'chosen'; readonly cluster: string; readonly decision: Omit<Decision, 'at'> }
  /** Nothing now; `retryInMs` is when the next latency step opens, if one does. */
  | { readonly kind: 'wait'; readonly retryInMs: number | undefined; readonly decision: Omit<Decision, 'at'> }
  /** The latency policy says to give up. */
  | { readonly kind: 'give-up'; readonly decision: Omit<Decision, 'at'> };

export type Rejection = 'region-not-allowed' | 'fleet-missing' | 'unhealthy' | 'maintenance' | 'latency' | 'no-capacity';

interface Weighed extends Candidate {
  readonly worst: number | undefined;
  readonly rejected: Rejection | undefined;
}

export function chooseCluster(clusters: readonly Candidate[], wish: Wish): Choice {
  const limit = limitAt(wish.latencyPolicy, wish.ageMs);
  const weighed: Weighed[] = clusters.map((cluster) => {
    const worst = worstLatency(wish.players, cluster.region);
    return { ...cluster, worst, rejected: rejectionOf(cluster, wish, worst, limit) };
  });
  const considered = weighed.slice(0, MOST_CONSIDERED).map(({ name, worst, ready, rejected }) => ({
    cluster: name,
    ready,
    ...(worst === undefined ? {} : { worstLatencyMs: worst }),
    ...(rejected === undefined ? {} : { rejected }),
  }));
  const best = weighed.filter((cluster) => cluster.rejected === undefined).toSorted((a, b) => compare(a, b, wish.uid))[0];
  if (best !== undefined) return { kind: 'chosen', cluster: best.name, decision: { chosen: best.name, considered } };
  if (limit.over && wish.latencyPolicy.then === 'fail') return { kind: 'give-up', decision: { considered } };
  return { kind: 'wait', retryInMs: limit.changesInMs, decision: { considered } };
}

/** Bounds the trace where thousands of clusters are known. */
const MOST_CONSIDERED = 20;
/** Latencies closer than this are the same to a player; capacity decides between them. Milliseconds. */
const LATENCY_STEP_MS = 10;

interface Limit {
  /** Milliseconds; undefined is none. */
  readonly maxMs: number | undefined;
  readonly changesInMs: number | undefined;
  /** All steps have passed. */
  readonly over: boolean;
}

export function limitAt(policy: LatencyPolicy, ageMs: number): Limit {
  let end = 0;
  for (const step of policy.steps) {
    end += step.forSeconds * 1_000;
    if (ageMs < end) return { maxMs: step.maxMs, changesInMs: end - ageMs, over: false };
  }
  const last = policy.steps.at(-1);
  return { maxMs: policy.then === 'fail' ? last?.maxMs : undefined, changesInMs: undefined, over: policy.steps.length > 0 };
}

function rejectionOf(cluster: Candidate, wish: Wish, worst: number | undefined, limit: Limit): Rejection | undefined {
  if (wish.regions.length > 0 && !wish.regions.includes(cluster.region)) return 'region-not-allowed';
  if (!cluster.hasFleet) return 'fleet-missing';
  if (!cluster.healthy) return 'unhealthy';
  if (isTooShort(cluster.playableMs, wish.expectedMs)) return 'maintenance';
  if (limit.maxMs !== undefined && worst !== undefined && worst > limit.maxMs) return 'latency';
  return cluster.ready > 0 ? undefined : 'no-capacity';
}

function isTooShort(playableMs: number | undefined, expectedMs = 0): boolean {
  return playableMs !== undefined && (playableMs === 0 || expectedMs > playableMs);
}

function worstLatency(players: readonly SessionPlayer[], region: string): number | undefined {
  const known = players.flatMap((player) => player.latencies[region] ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}

function compare(a: Weighed, b: Weighed, uid: string): number {
  const step = (cluster: Weighed) => Math.floor((cluster.worst ?? 10_000) / LATENCY_STEP_MS);
  return step(a) - step(b) || b.ready * b.weight - a.ready * a.weight || (tieOf(uid, a.name) < tieOf(uid, b.name) ? -1 : 1);
}

function tieOf(uid: string, cluster: string): string {
  return createHash('sha256').update(`${uid}/${cluster}`).digest('hex');
}
