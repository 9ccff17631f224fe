/** Counters and lists as the SDK's REST face says them: numbers of 64 bits as text (pure). */
import type { Counter, List } from './counts.ts';

type Json = Readonly<Record<string, unknown>>;

export const restCounter = (name: string, { count, capacity }: Counter): Json => ({
  name,
  count: String(count),
  capacity: String(capacity),
});

export const restList = (name: string, { capacity, values }: List): Json => ({ name, capacity: String(capacity), values });
