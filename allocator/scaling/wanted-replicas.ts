/** How many replicas a fleet is to have in one cluster. Pure. */

/** How a fleet is scaled, from its annotations. */
export interface ScalingSettings {
  /** Free servers to keep, whoever waits. */
  readonly buffer: number;
  readonly min: number;
  readonly max: number;
  /** A wish holds for this long after a smaller one has come. */
  readonly scaleDownSeconds: number;
}

export interface Need {
  readonly allocated: number;
  /** Taken out of the pool for a while; no allocation gets them. */
  readonly reserved: number;
  /** Who waits, and is this cluster's to serve. */
  readonly waiting: number;
  readonly arrivalsPerSecond: number;
  /** Seconds that a server takes to become Ready. */
  readonly readySeconds: number;
  /** Nothing new is placed here, for good. */
  readonly draining: boolean;
}

export const DEFAULT_SETTINGS: ScalingSettings = { buffer: 2, min: 0, max: 100, scaleDownSeconds: 300 };

/** Those who arrive while a server starts come in bunches: half as many again as on average. */
const SAFETY = 1.5;

/** What is busy, and free ones for those who wait now and those who will come while a new server starts. */
export function wantedReplicas(need: Need, { buffer, min, max }: ScalingSettings): number {
  const { allocated, reserved, waiting, arrivalsPerSecond, readySeconds, draining } = need;
  const busy = allocated + reserved;
  if (draining) return busy;
  const arriving = Math.round(arrivalsPerSecond * readySeconds * SAFETY);
  const wanted = busy + Math.max(buffer, waiting + arriving);
  return Math.max(allocated, Math.min(max, Math.max(min, wanted)));
}

export interface Wish {
  readonly at: Date;
  readonly replicas: number;
}

/** Wishes closer than this part of the delay count as one, which bounds how many are kept. */
const GRAIN = 30;

/** The wishes of the last while with a new one; only those that could still be the highest of the time that is left. */
export function noteWish(wishes: readonly Wish[], wish: Wish, holdMs: number): Wish[] {
  const now = wish.at.getTime();
  const young = wishes.filter(({ at, replicas }) => now - at.getTime() < holdMs && replicas > wish.replicas);
  const last = young.at(-1);
  // The larger one outlives this one by no more than a grain, and the next question brings it again.
  if (last !== undefined && now - last.at.getTime() < holdMs / GRAIN) return young;
  return [...young, wish];
}

/** Up at once, down only when nobody has wished for more for a while; never below what is allocated. */
export function heldReplicas(wishes: readonly Wish[], present: number, { allocated, max }: { allocated: number; max: number }): number {
  const highest = Math.max(present, ...wishes.map(({ replicas }) => replicas));
  return Math.max(allocated, Math.min(max, highest));
}

export function medianOf(numbers: readonly number[]): number | undefined {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  const lower = sorted[middle - 1];
  return upper === undefined || sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}
