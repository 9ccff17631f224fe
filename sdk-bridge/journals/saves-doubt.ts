/** Whether it is saves that is ill, or what it is sent. Pure. */
import { AppError } from '../../contracts/app-error.ts';

/** Faults of saves itself, one after the other, at the same entries. */
export interface Doubt {
  readonly faults: number;
  /** Of the first, in milliseconds since the epoch. */
  readonly since: number;
}

/** Faults at a batch before it is sent in parts. */
const SPLIT_FAULTS = 3;
/** Faults at one entry, at least, before its place is tried. */
const ENTRY_FAULTS = 6;

/** @returns undefined after any other failure: saves is away, in a hurry, or does not trust us, and nothing is learnt of the entries. */
export function doubtAfter(before: Doubt | undefined, cause: unknown, now: number): Doubt | undefined {
  // Without a problem document it is the word of something in between.
  const isFault = cause instanceof AppError && cause.kind === 'internal' && cause.code !== 'unexpected_answer';
  return isFault ? { faults: (before?.faults ?? 0) + 1, since: before?.since ?? now } : undefined;
}

/** Time to look at the entries themselves. @param patienceMs for one entry. */
export function isDoubtful({ faults, since }: Doubt, entries: number, now: number, patienceMs: number): boolean {
  return entries > 1 ? faults >= SPLIT_FAULTS : faults >= ENTRY_FAULTS && now - since >= patienceMs;
}
