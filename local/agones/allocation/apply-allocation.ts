/** What an allocation writes into the game server that it takes, in one write (pure). */
import { LAST_ALLOCATED_ANNOTATION, type CounterStatus, type ListStatus } from '../../../sdk-bridge/solo/sidecar/sidecar-game-server.ts';
import type { GameServer } from '../resources/game-server.ts';
import type { AllocationSpec, CounterAction, ListAction } from './allocation.ts';

const LIST_CAPACITY_MAX = 1000;

export function withAllocation(gameServer: GameServer, spec: AllocationSpec, now: Date): GameServer {
  const { metadata, status } = gameServer;
  const counters = changed(status?.counters, spec.counters, withCounterAction);
  const lists = changed(status?.lists, spec.lists, withListAction);
  const labels = { ...metadata.labels, ...spec.metadata?.labels };
  return {
    ...gameServer,
    metadata: {
      ...metadata,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      annotations: {
        ...metadata.annotations,
        ...spec.metadata?.annotations,
        [LAST_ALLOCATED_ANNOTATION]: now.toISOString(),
      },
    },
    status: {
      ...status,
      ...(counters === undefined ? {} : { counters }),
      ...(lists === undefined ? {} : { lists }),
      state: 'Allocated',
    },
  };
}

/** An action on a counter or list that is not there is passed over: the allocation goes through without it. */
function changed<Value, Action>(
  values: Readonly<Record<string, Value>> | undefined,
  actions: Readonly<Record<string, Action>> | undefined,
  apply: (value: Value, action: Action) => Value,
): Readonly<Record<string, Value>> | undefined {
  if (values === undefined || actions === undefined) return values;
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      const action = actions[key];
      return [key, action === undefined ? value : apply(value, action)];
    }),
  );
}

/** Counts stop at zero and at the capacity. */
function withCounterAction(counter: CounterStatus, { action, amount, capacity: wanted }: CounterAction): CounterStatus {
  const capacity = wanted ?? counter.capacity ?? 0;
  const sign = action === 'Increment' ? 1 : action === 'Decrement' ? -1 : 0;
  const count = Math.min((counter.count ?? 0) + sign * (amount ?? 0), capacity);
  return { count: Math.max(0, count), capacity };
}

/** Values beyond the capacity are dropped, and a capacity out of range changes nothing. */
function withListAction(list: ListStatus, { addValues = [], deleteValues = [], capacity: wanted }: ListAction): ListStatus {
  const isValid = wanted !== undefined && wanted >= 0 && wanted <= LIST_CAPACITY_MAX;
  const capacity = isValid ? wanted : (list.capacity ?? 0);
  const kept = (list.values ?? []).filter((value) => !deleteValues.includes(value));
  return { capacity, values: [...new Set([...kept, ...addValues])].slice(0, capacity) };
}
