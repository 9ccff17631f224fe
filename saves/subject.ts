/**
 * What saves knows of one world or player: who may write, how far its journal is durable, and which parts of it count.
 *
 *   stretches   1 (epoch 1, after 0)     3 (epoch 2, after 40)       4 (epoch 3, after 95)
 *   journal     |== 1 … 40 ==|           |====== 41 … 95 ======|     |== 96 … 120 ==|
 *                            |·· 41 … 60 ··|  beyond its stretch's end: was never durable, is never read
 *
 * A stretch is a run of the journal that one writer wrote undisturbed. A new lease begins one, and so does a batch of the same
 * writer that meets what its own earlier try left behind. Batches are stored under their stretch before the head (`durableSeq`)
 * moves over them by compare-and-set; the head moves only within the present stretch, so whatever of an older stretch lies beyond
 * the point at which the next one began never becomes visible, however late it is written.
 */
import { z } from 'zod';
import { Holder, type JournalEntry, type Lease, type SubjectKind } from '../contracts/saves.ts';

export const Stretch = z.object({
  number: z.int().min(1),
  epoch: z.int().min(1),
  /** The head when the stretch began: its first entry is `after + 1`. */
  after: z.int().min(0),
});
export type Stretch = z.infer<typeof Stretch>;

export const SnapshotPointer = z.object({ id: z.string(), seq: z.int().min(0), parts: z.int().min(1), bytes: z.int().min(0) });
export type SnapshotPointer = z.infer<typeof SnapshotPointer>;

export const Subject = z.object({
  /** `worlds/ID` or `players/ID`. */
  _id: z.string(),
  epoch: z.int().min(1),
  holder: Holder,
  takenAt: z.date(),
  /** When the session that holds it was made, where it said so. */
  madeAt: z.date().optional(),
  durableSeq: z.int().min(0),
  /** The number of the last stretch: what a compare-and-set names. */
  stretch: z.int().min(1),
  stretches: z.array(Stretch).min(1),
  snapshot: SnapshotPointer.optional(),
});
export type Subject = z.infer<typeof Subject>;

export function subjectId(kind: SubjectKind, id: string): string {
  return `${kind}/${id}`;
}

export function leaseOf(subject: Subject): Lease {
  return { epoch: subject.epoch, holder: subject.holder, takenAt: subject.takenAt.toISOString(), durableSeq: subject.durableSeq };
}

export function isHolder(subject: Subject, holder: Holder): boolean {
  return subject.holder.uid === holder.uid && subject.holder.attempt === holder.attempt;
}

export type LeaseDecision =
  | { readonly outcome: 'held' }
  | { readonly outcome: 'superseded' }
  /** The fields to write where the subject still is as it was read. */
  | { readonly outcome: 'take'; readonly change: Pick<Subject, 'epoch' | 'holder' | 'takenAt' | 'madeAt' | 'stretch' | 'stretches'> };

/**
 * A later attempt of one allocation is never displaced by an earlier one, whose request was late; nor a session by one that was made
 * before it.
 */
export function decideLease(subject: Subject, holder: Holder, now: Date, madeAt?: Date): LeaseDecision {
  if (isHolder(subject, holder)) return { outcome: 'held' };
  if (subject.holder.uid === holder.uid && subject.holder.attempt > holder.attempt) return { outcome: 'superseded' };
  if (madeAt !== undefined && subject.madeAt !== undefined && madeAt < subject.madeAt) return { outcome: 'superseded' };
  const epoch = subject.epoch + 1;
  const change = { epoch, holder, takenAt: now, ...nextStretch(subject, epoch) };
  return { outcome: 'take', change: madeAt === undefined ? change : { ...change, madeAt } };
}

export function firstLease(id: string, holder: Holder, now: Date, madeAt?: Date): Subject {
  const first = { _id: id, epoch: 1, holder, takenAt: now, durableSeq: 0, stretch: 1, stretches: [{ number: 1, epoch: 1, after: 0 }] };
  return madeAt === undefined ? first : { ...first, madeAt };
}

/** A stretch in which nothing became durable is forgotten, so that the list grows with the journal only. */
export function nextStretch(subject: Subject, epoch: number): Pick<Subject, 'stretch' | 'stretches'> {
  const number = subject.stretch + 1;
  const kept = subject.stretches.filter((stretch) => stretch.after < subject.durableSeq);
  return { stretch: number, stretches: [...kept, { number, epoch, after: subject.durableSeq }] };
}

/** How far the journal became durable under an epoch, also one that is over. */
export function durableUnder(subject: Subject, epoch: number): number {
  return subject.stretches.find((stretch) => stretch.epoch > epoch)?.after ?? subject.durableSeq;
}

export type AppendDecision =
  | { readonly outcome: 'stale'; readonly epoch: number }
  | { readonly outcome: 'unknown-epoch'; readonly epoch: number }
  | { readonly outcome: 'gap'; readonly expected: number }
  | { readonly outcome: 'stored'; readonly durableSeq: number }
  | { readonly outcome: 'append'; readonly entries: readonly JournalEntry[] };

/** @param entries consecutive. Those that are durable already are passed over. */
export function decideAppend(subject: Subject, epoch: number, entries: readonly JournalEntry[]): AppendDecision {
  if (epoch < subject.epoch) return { outcome: 'stale', epoch: subject.epoch };
  if (epoch > subject.epoch) return { outcome: 'unknown-epoch', epoch: subject.epoch };
  const fresh = entries.filter((entry) => entry.seq > subject.durableSeq);
  const [first] = fresh;
  if (first === undefined) return { outcome: 'stored', durableSeq: subject.durableSeq };
  if (first.seq !== subject.durableSeq + 1) return { outcome: 'gap', expected: subject.durableSeq + 1 };
  return { outcome: 'append', entries: fresh };
}

export function areConsecutive(entries: readonly JournalEntry[]): boolean {
  return entries.every((entry, index) => index === 0 || entry.seq === (entries[index - 1]?.seq ?? 0) + 1);
}

/** One stretch's part of what is durable: the entries with `after < seq ≤ until`. */
export interface VisibleRange {
  readonly stretch: number;
  readonly after: number;
  readonly until: number;
}

/** Where the durable entries after `after` are, in order. */
export function visibleRanges(subject: Subject, after: number): VisibleRange[] {
  return subject.stretches.flatMap((stretch, index) => {
    const until = subject.stretches[index + 1]?.after ?? subject.durableSeq;
    const from = Math.max(stretch.after, after);
    return from < until ? [{ stretch: stretch.number, after: from, until }] : [];
  });
}
