/** The store, with each try that a move records counted. */
import type { AllocatorMetrics } from '../metrics.ts';
import type { Allocations } from './allocations.ts';

export function countedAllocations(allocations: Allocations, metrics: Pick<AllocatorMetrics, 'tried'>): Allocations {
  return {
    ...allocations,
    move: async (from, to) => {
      const moved = await allocations.move(from, to);
      const attemptTry = to.push?.attemptTry;
      if (moved && attemptTry !== undefined) metrics.tried(attemptTry.cluster, attemptTry.outcome);
      return moved;
    },
  };
}
