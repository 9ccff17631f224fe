/**
 * Counters and lists as the game sees them (pure): what is stored, with what is asked and not written yet on top. Numbers
 * are 64 bits wide and wrap like those of the real sidecar.
 */
import type { CounterStatus, ListStatus } from './sidecar-game-server.ts';
import { unknown } from './sdk-error.ts';

export interface CounterAsk {
  readonly count?: bigint;
  readonly capacity?: bigint;
  readonly countDiff: bigint;
}

export interface Counter {
  readonly count: bigint;
  readonly capacity: bigint;
}

/** The counter before its count is held to its capacity. */
function rawCounter(stored: CounterStatus, pending: CounterAsk | undefined): Counter {
  const count = pending?.count ?? BigInt(stored.count ?? 0);
  const capacity = pending?.capacity ?? BigInt(stored.capacity ?? 0);
  return { count: BigInt.asIntN(64, count + (pending?.countDiff ?? 0n)), capacity };
}

export function counterWith(stored: CounterStatus, pending: CounterAsk | undefined): Counter {
  const { count, capacity } = rawCounter(stored, pending);
  return { count: count > capacity ? capacity : count < 0n ? 0n : count, capacity };
}

/** What is pending once `asked` has been taken too; throws what the SDK answers to an impossible wish. */
export function withCounterAsk(stored: CounterStatus, pending: CounterAsk | undefined, asked: CounterAsk, name: string): CounterAsk {
  const isNothing = asked.count === undefined && asked.capacity === undefined && asked.countDiff === 0n;
  if (isNothing) throw unknown(`invalid argument. Malformed CounterUpdateRequest: name:${JSON.stringify(name)}`);
  if (asked.capacity !== undefined && asked.capacity < 0n) {
    throw unknown(`out of range. Capacity must be greater than or equal to 0. Found Capacity: ${asked.capacity}`);
  }
  const now = rawCounter(stored, pending);
  const capacity = asked.capacity ?? now.capacity;
  const count = BigInt.asIntN(64, (asked.count ?? now.count) + asked.countDiff);
  const isCountAsked = asked.count !== undefined || asked.countDiff !== 0n;
  if (isCountAsked && (count < 0n || count > capacity)) {
    throw unknown(`out of range. Count must be within range [0,Capacity]. Found Count: ${count}, Capacity: ${capacity}`);
  }
  const isCapacityKnown = asked.capacity !== undefined || pending?.capacity !== undefined;
  if (asked.count !== undefined || pending?.count !== undefined) {
    return { count, countDiff: 0n, ...(isCapacityKnown ? { capacity } : {}) };
  }
  return { countDiff: (pending?.countDiff ?? 0n) + asked.countDiff, ...(isCapacityKnown ? { capacity } : {}) };
}

export interface ListAsk {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface List {
  readonly capacity: number;
  readonly values: readonly string[];
}

export function listWith(stored: ListStatus, pending: ListAsk | undefined): List {
  const removed = new Set(pending?.removed);
  const kept = (stored.values ?? []).filter((value) => !removed.has(value));
  const capacity = stored.capacity ?? 0;
  return { capacity, values: [...new Set([...kept, ...(pending?.added ?? [])])].slice(0, capacity) };
}

export function withValueAdded(stored: ListStatus, pending: ListAsk | undefined, value: string, name: string): ListAsk {
  const { capacity, values } = listWith(stored, pending);
  if (values.length >= capacity) {
    throw unknown(`out of range. No available capacity. Current Capacity: ${capacity}, List Size: ${values.length}`);
  }
  if (values.includes(value)) throw unknown(`already exists. Value: ${value} already in List: ${name}`);
  return {
    added: [...(pending?.added ?? []), value],
    removed: (pending?.removed ?? []).filter((one) => one !== value || (stored.values ?? []).includes(value)),
  };
}

export function withValueRemoved(stored: ListStatus, pending: ListAsk | undefined, value: string, name: string): ListAsk {
  const { values } = listWith(stored, pending);
  if (!values.includes(value)) throw unknown(`not found: value ${value} not in list ${name}`);
  return {
    added: (pending?.added ?? []).filter((one) => one !== value),
    removed: [...(pending?.removed ?? []), value],
  };
}

/** What remains of an ask once an earlier form of it has been written. */
export const counterAskBeyond = (now: CounterAsk, was: CounterAsk): CounterAsk =>
  now.count === undefined ? { ...now, countDiff: now.countDiff - was.countDiff } : now;

export const listAskBeyond = (now: ListAsk, was: ListAsk): ListAsk => ({
  added: now.added.filter((value) => !was.added.includes(value)),
  removed: now.removed.filter((value) => !was.removed.includes(value)),
});
