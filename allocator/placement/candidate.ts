/** A cluster as placement sees it. Pure. */
import type { Kind } from './pool.ts';

export interface Candidate {
  readonly name: string;
  readonly region: string;
  readonly weight: number;
  /** False while its API does not answer. */
  readonly healthy: boolean;
  /** Whether the cluster has the fleet that the decision is about, in whatever state; true where no fleet is named. */
  readonly hasFleet: boolean;
  /** Why nothing new goes there, although it is well. */
  readonly barred?: Bar | undefined;
  /** Without what is barred. */
  readonly stock: readonly Stock[];
  /**
   * How long a session of the fleet that the decision is about may be played here before a maintenance window begins;
   * 0 while one drains or runs, absent without one.
   */
  readonly playableMs?: number | undefined;
}

/** Ready servers of one kind. */
export interface Stock {
  readonly kind: Kind;
  /** Those that are not set aside for a question that is under way. */
  readonly ready: number;
  /** As the cluster's own, where fleets differ; infinite without a window. */
  readonly playableMs?: number | undefined;
}

/** Its operator takes nothing more into the cluster, or not this fleet; or as many questions are under way as may be. */
export type Bar = 'draining' | 'fleet-not-allowed' | 'busy';
export type Rejection = 'region-not-allowed' | 'fleet-missing' | 'unhealthy' | Bar | 'maintenance' | 'latency' | 'no-capacity';

export function isTooShort(playableMs: number | undefined, expectedMs = 0): boolean {
  return playableMs !== undefined && (playableMs === 0 || expectedMs > playableMs);
}
