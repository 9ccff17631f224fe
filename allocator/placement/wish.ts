/** What one allocation wants of a cluster. Pure. */
import type { LatencyPolicy, SessionPlayer } from '../../contracts/allocator.ts';
import { ownMember } from '../../contracts/own-member.ts';
import type { Pool } from './pool.ts';

export interface Wish {
  readonly uid: string;
  /** The servers that will do. */
  readonly pool: Pool;
  /** Allowed regions; empty means any. */
  readonly regions: readonly string[];
  /** Region → round-trip time of the worst player who told one, in milliseconds. */
  readonly worstLatencies: Readonly<Record<string, number>>;
  readonly latencyPolicy: LatencyPolicy;
  readonly ageMs: number;
  /** How long the session will be played, where that is known. */
  readonly expectedMs?: number | undefined;
}

export interface Limit {
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

/** The worst player of each region decides; those who told nothing of a region have no say in it. */
export function worstLatenciesOf(players: readonly Pick<SessionPlayer, 'latencies'>[]): Record<string, number> {
  const worst: Record<string, number> = {};
  for (const { latencies } of players)
    for (const [region, ms] of Object.entries(latencies)) worst[region] = Math.max(ownMember(worst, region) ?? 0, ms);
  return worst;
}
