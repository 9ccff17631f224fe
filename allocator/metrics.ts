/** What the allocator counts. */
import { Counter, Histogram, type Registry } from 'prom-client';

export interface AllocatorMetrics {
  /** An allocation entered a state. */
  entered(state: string): void;
  /** A cluster answered an ask, or did not. */
  asked(cluster: string, outcome: string, seconds: number): void;
  /** From the request to ready. */
  readyAfter(seconds: number): void;
  /** A game server was released because its attempt is over. */
  released(cluster: string, why: string): void;
}

export function createAllocatorMetrics(registry: Registry): AllocatorMetrics {
  const registers = [registry];
  const states = new Counter({
    name: 'lifeverse_allocations_total',
    help: 'Allocations that entered a state',
    labelNames: ['state'],
    registers,
  });
  const asks = new Histogram({
    name: 'lifeverse_cluster_ask_duration_seconds',
    help: 'Time of a GameServerAllocation, by outcome',
    labelNames: ['cluster', 'outcome'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 2, 5],
    registers,
  });
  const ready = new Histogram({
    name: 'lifeverse_allocation_ready_seconds',
    help: 'Time from the request to a joinable session',
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 40, 60, 120, 300, 600],
    registers,
  });
  const releases = new Counter({
    name: 'lifeverse_game_servers_released_total',
    help: 'Game servers released, by reason',
    labelNames: ['cluster', 'why'],
    registers,
  });
  return {
    entered: (state) => states.inc({ state }),
    asked: (cluster, outcome, seconds) => asks.observe({ cluster, outcome }, seconds),
    readyAfter: (seconds) => ready.observe(seconds),
    released: (cluster, why) => releases.inc({ cluster, why }),
  };
}
