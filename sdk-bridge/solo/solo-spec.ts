/** What of a GameServer's spec matters to a solo bridge: as in a fleet's template, and within the limits of Agones' own definition. */
import { z } from 'zod';

const Whole = z.int().min(0);
/** Agones holds no longer list. */
const LIST_MOST = 1_000;

const Counter = z.strictObject({ count: Whole.default(0), capacity: Whole.default(0) });

const List = z.strictObject({
  capacity: Whole.max(LIST_MOST).default(LIST_MOST),
  values: z.array(z.string()).max(LIST_MOST).readonly().default([]),
});

export const SoloCounters = z.record(z.string(), Counter).default({});
export const SoloLists = z.record(z.string(), List).default({});

export const SoloSpec = z.strictObject({
  counters: SoloCounters,
  lists: SoloLists,
  /** Only where players are tracked. */
  players: z.strictObject({ initialCapacity: Whole.default(0) }).optional(),
});
export type SoloSpec = z.infer<typeof SoloSpec>;
