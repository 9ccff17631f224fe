/** How many replicas a Counter or a List policy asks for (pure): so much of it is to be free in the whole fleet, as Agones judges it. */
import type { AggregatedCount, CapacityPolicy, Fleet } from '../resources/fleet.ts';
import type { GameServer } from '../resources/game-server.ts';
import type { Desired } from './buffer-size.ts';
import { inOrderOfDeletion } from './set-plan.ts';

type Kind = 'Counter' | 'List';

interface Stock {
  readonly count: number;
  readonly capacity: number;
}

/**
 * The capacity of the whole fleet counts for the bounds, the free part of it for the buffer. Agones' rules where they surprise:
 *
 *   - a share is one of what Allocated servers hold, plus itself; where they hold nothing it asks for one server, and calls that limited;
 *   - a fleet below its minimum grows to it whatever is free, one above its maximum shrinks to it unless it has too much free anyway;
 *   - it never asks for less than one server when it shrinks to the end.
 *
 * @param gameServers of the fleet, whatever their state.
 * @throws Error when the policy cannot be applied.
 */
export function capacityReplicas(kind: Kind, policy: CapacityPolicy, fleet: Fleet, gameServers: readonly GameServer[]): Desired {
  const { key, bufferSize = 0, minCapacity = 0, maxCapacity } = policy;
  const [one, all] = stocksOf(kind, key, fleet);
  const replicas = fleet.status?.replicas ?? 0;
  if (typeof bufferSize === 'string' && all.allocatedCount <= 0 && one.capacity >= minCapacity) return { replicas: 1, isLimited: true };
  const buffer = typeof bufferSize === 'number' ? bufferSize : shareBeside(all.allocatedCount, bufferSize);
  const free = all.capacity - all.count;
  if (all.capacity < minCapacity) return { replicas: replicas + growthTo(minCapacity, one, all), isLimited: true };
  const going = () => inOrderOfDeletion(gameServers, fleet.spec.scheduling ?? 'Packed', fleet.spec.priorities).map(stockIn(kind, key));
  if (free > buffer) return shrunk(replicas, all, { minCapacity, buffer }, going());
  if (all.capacity > maxCapacity) return { replicas: shrunkTo(maxCapacity, replicas, all, going()), isLimited: true };
  return free === buffer ? { replicas, isLimited: false } : grown(replicas, one, all, { maxCapacity, buffer });
}

/** One server as the fleet makes it, and the sum of all that are there. */
function stocksOf(kind: Kind, key: string, { spec, status }: Fleet): [Stock, AggregatedCount] {
  const field = kind === 'Counter' ? 'counters' : 'lists';
  const made = stockIn(kind, key)({ status: spec.template.spec });
  const all = status?.[field]?.[key];
  const absent = (where: string) => new Error(`cannot apply ${kind}Policy as ${kind} key ${key} does not exist in the Fleet ${where}`);
  if (made === undefined) throw absent('Spec');
  if (all === undefined) throw absent('Status');
  return [made, all];
}

const stockIn =
  (kind: Kind, key: string) =>
  ({ status }: { readonly status?: Pick<NonNullable<GameServer['status']>, 'counters' | 'lists'> }): Stock | undefined => {
    const counter = status?.counters?.[key];
    const list = status?.lists?.[key];
    if (kind === 'Counter') return counter && { count: counter.count ?? 0, capacity: counter.capacity ?? 0 };
    return list && { count: list.values?.length ?? 0, capacity: list.capacity ?? 0 };
  };

const shareBeside = (allocated: number, percent: string): number =>
  Math.ceil((allocated * 100) / (100 - Number.parseInt(percent, 10))) - allocated;

function growthTo(minimum: number, one: Stock, all: Stock): number {
  if (one.capacity === 0) throw new Error('cannot scale up as Capacity is equal to 0');
  return Math.ceil((minimum - all.capacity) / one.capacity);
}

function grown(replicas: number, one: Stock, all: Stock, { maxCapacity, buffer }: { maxCapacity: number; buffer: number }): Desired {
  const gain = one.capacity - one.count;
  if (gain <= 0) throw new Error('cannot scale up as adding additional replicas does not increase available Capacity');
  const more = Math.ceil((buffer - (all.capacity - all.count)) / gain);
  if (all.capacity + more * one.capacity <= maxCapacity) return { replicas: replicas + more, isLimited: false };
  return { replicas: replicas + Math.trunc((maxCapacity - all.capacity) / one.capacity), isLimited: true };
}

function shrunkTo(maximum: number, replicas: number, all: Stock, going: readonly (Stock | undefined)[]): number {
  let [left, capacity] = [replicas, all.capacity];
  for (const stock of going) {
    if (capacity <= maximum) break;
    capacity -= stock?.capacity ?? 0;
    left -= 1;
  }
  return Math.max(1, left);
}

/** One server after the other is thought away, until the next one would leave too little. */
function shrunk(
  replicas: number,
  all: Stock,
  { minCapacity, buffer }: { minCapacity: number; buffer: number },
  going: readonly (Stock | undefined)[],
): Desired {
  if (all.capacity === minCapacity) return { replicas, isLimited: true };
  let { count, capacity } = all;
  let left = replicas;
  for (const stock of going) {
    left -= 1;
    if (stock === undefined) continue;
    count -= stock.count;
    capacity -= stock.capacity;
    if (capacity - count < buffer) return { replicas: left + 1, isLimited: false };
    if (capacity < minCapacity) return { replicas: left + 1, isLimited: true };
    if (capacity - count === buffer) return { replicas: left, isLimited: false };
    if (capacity === minCapacity) return { replicas: left, isLimited: true };
  }
  return { replicas: Math.max(1, left), isLimited: false };
}
