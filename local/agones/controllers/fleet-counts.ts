/** What a set and a fleet say of their game servers (pure). */
import type { AggregatedCount, FleetStatus, GameServerSet, GameServerSetStatus, ReplicaCounts } from '../resources/fleet.ts';
import { isBeingDeleted, stateOf, type GameServer } from '../resources/game-server.ts';

/** Counters and lists of servers that are up; those of Allocated servers once more on their own. */
export function setStatusOf(gameServers: readonly GameServer[]): GameServerSetStatus {
  const up = gameServers.filter((gameServer) => !isBeingDeleted(gameServer));
  const inState = (state: string): number => up.filter((gameServer) => stateOf(gameServer) === state).length;
  const counters = aggregated(up, (gameServer) =>
    Object.entries(gameServer.status?.counters ?? {}).map(([name, { count = 0, capacity = 0 }]) => [name, count, capacity]),
  );
  const lists = aggregated(up, (gameServer) =>
    Object.entries(gameServer.status?.lists ?? {}).map(([name, { values, capacity = 0 }]) => [name, values?.length ?? 0, capacity]),
  );
  return {
    replicas: up.length - inState('Unhealthy') - inState('Error'),
    readyReplicas: inState('Ready'),
    reservedReplicas: inState('Reserved'),
    allocatedReplicas: inState('Allocated'),
    shutdownReplicas: gameServers.length - up.length,
    ...(counters === undefined ? {} : { counters }),
    ...(lists === undefined ? {} : { lists }),
  };
}

type Counted = readonly [name: string, count: number, capacity: number];

function aggregated(
  gameServers: readonly GameServer[],
  countsOf: (gameServer: GameServer) => readonly Counted[],
): Readonly<Record<string, AggregatedCount>> | undefined {
  const sums: Record<string, { count: number; capacity: number; allocatedCount: number; allocatedCapacity: number }> = {};
  for (const gameServer of gameServers) {
    const isAllocated = stateOf(gameServer) === 'Allocated';
    for (const [name, count, capacity] of countsOf(gameServer)) {
      const sum = (sums[name] ??= { count: 0, capacity: 0, allocatedCount: 0, allocatedCapacity: 0 });
      sum.count += count;
      sum.capacity += capacity;
      if (!isAllocated) continue;
      sum.allocatedCount += count;
      sum.allocatedCapacity += capacity;
    }
  }
  return Object.keys(sums).length === 0 ? undefined : sums;
}

/** A fleet is the sum of its sets. */
export function fleetStatusOf(sets: readonly GameServerSet[], allocations: number): FleetStatus {
  const sum = (field: 'replicas' | 'readyReplicas' | 'reservedReplicas' | 'allocatedReplicas'): number =>
    sets.reduce((total, set) => total + (set.status?.[field] ?? 0), 0);
  const counters = summed(sets, 'counters');
  const lists = summed(sets, 'lists');
  return {
    replicas: sum('replicas'),
    readyReplicas: sum('readyReplicas'),
    reservedReplicas: sum('reservedReplicas'),
    allocatedReplicas: sum('allocatedReplicas'),
    allocations,
    ...(counters === undefined ? {} : { counters }),
    ...(lists === undefined ? {} : { lists }),
  };
}

function summed(sets: readonly GameServerSet[], field: 'counters' | 'lists'): ReplicaCounts['counters'] | undefined {
  const sums: Record<string, AggregatedCount> = {};
  for (const set of sets) {
    for (const [name, one] of Object.entries(set.status?.[field] ?? {})) {
      const sum = sums[name] ?? { count: 0, capacity: 0, allocatedCount: 0, allocatedCapacity: 0 };
      sums[name] = {
        count: sum.count + (one.count ?? 0),
        capacity: sum.capacity + (one.capacity ?? 0),
        allocatedCount: sum.allocatedCount + (one.allocatedCount ?? 0),
        allocatedCapacity: sum.allocatedCapacity + (one.allocatedCapacity ?? 0),
      };
    }
  }
  return Object.keys(sums).length === 0 ? undefined : sums;
}
