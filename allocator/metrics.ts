/** What the allocator counts. */
import { Counter, Histogram, type Registry } from 'prom-client';

export interface AllocatorMetrics {
  /** An allocation entered a state. */
  entered(state: string): void;
  /** A cluster answered an ask, or did not. */
  asked(cluster: string, outcome: string, seconds: number): void;
  /** A try to place an allocation has ended. */
  tried(cluster: string, outcome: string): void;
  /** From the request to a bound server, and to a joinable session. */
  waited(until: 'allocated' | 'ready', fleet: string | undefined, seconds: number): void;
  /** A lost world goes on, or is given up. */
  resumed(outcome: 'made' | 'given-up'): void;
  /** Somebody asked for a closed build, or waited for it when it was closed. */
  buildClosed(what: 'refused' | 'failed'): void;
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
  const tries = new Counter({
    name: 'lifeverse_placement_tries_total',
    help: 'Tries to place an allocation, by outcome',
    labelNames: ['cluster', 'outcome'],
    registers,
  });
  const resumes = new Counter({
    name: 'lifeverse_allocations_resumed_total',
    help: 'Worlds whose server died and that go on, or were given up after too many in a row',
    labelNames: ['outcome'],
    registers,
  });
  const closed = new Counter({
    name: 'lifeverse_allocations_build_closed_total',
    help: 'Requests for a build that is closed: refused, or failed while they waited',
    labelNames: ['what'],
    registers,
  });
  const waits = new Histogram({
    name: 'lifeverse_allocation_wait_seconds',
    help: 'Time from the request until a server was bound, and until the session was joinable',
    labelNames: ['until', 'fleet'],
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
    tried: (cluster, outcome) => tries.inc({ cluster, outcome }),
    // Only fleets that have given a server are named: a client cannot make up labels.
    waited: (until, fleet, seconds) => waits.observe({ until, fleet: fleet ?? 'by-labels' }, seconds),
    resumed: (outcome) => resumes.inc({ outcome }),
    buildClosed: (what) => closed.inc({ what }),
    released: (cluster, why) => releases.inc({ cluster, why }),
  };
}
