/**
 * Makes entries durable, each sequence number once.
 *
 *   read subject ─▶ insert the batch under its stretch ─▶ move the head over it, if epoch, stretch and head are as they were read
 *        ▲                    │ the place is taken                         │ they are not
 *        └── new stretch ◀────┘                                            │
 *        └─────────────────────────────────────────────────────────────────┘
 *
 * A batch is never taken back here, also when the head did not move: the answer that says so may be the second of a write that was
 * retried after the first had been carried out.
 */
import { AppError } from '../../contracts/app-error.ts';
import type { JournalEntry } from '../../contracts/saves.ts';
import { pause } from '../../runtime/deadline.ts';
import { batchOf } from '../store/journal-batch.ts';
import { unchanged } from '../store/saves-store.ts';
import { areConsecutive, decideAppend, nextStretch, type Subject } from '../subject.ts';
import type { SavesParts } from './saves-parts.ts';

export interface Append {
  readonly id: string;
  readonly epoch: number;
  readonly entries: readonly JournalEntry[];
  /** Throws where the caller may not write to what was found. */
  readonly permit: (subject: Subject) => void;
}

/** How long another batch of the same writer gets to finish, in milliseconds, before it counts as left behind; doubled at each meeting. */
export const FINISH_MS = 25;

/** @returns the head. @throws AppError `not-found`, `invalid`, or `conflict` (`epoch_stale`, `epoch_unknown`, `sequence_gap`). */
export async function appendEntries(parts: SavesParts, append: Append, signal: AbortSignal): Promise<number> {
  checkConsecutive(append.entries);
  let patience = FINISH_MS;
  for (;;) {
    signal.throwIfAborted();
    const subject = await subjectOf(parts, append.id);
    const fresh = freshEntries(parts, subject, append);
    if (fresh.length === 0) return subject.durableSeq;
    const batch = batchOf(subject, fresh);
    if ((await parts.batches.insert(batch)).inserted) {
      if (await parts.subjects.change(unchanged(subject), { $set: { durableSeq: batch.to } })) {
        parts.events.entriesStored(fresh.length);
        return batch.to;
      }
    } else {
      await pause(patience, signal);
      patience *= 2;
      if (await parts.subjects.change(unchanged(subject), { $set: nextStretch(subject, subject.epoch) }))
        parts.events.stretchBegun(append.id);
    }
  }
}

/** @throws AppError `not-found` where nobody ever held its lease. */
export async function subjectOf(parts: SavesParts, id: string): Promise<Subject> {
  const subject = await parts.subjects.find(id);
  if (subject === undefined) throw new AppError('not-found', 'lease_absent', `${id} has no lease yet: take one first`);
  return subject;
}

/** @throws AppError `invalid`. */
export function checkConsecutive(entries: readonly JournalEntry[]): void {
  if (areConsecutive(entries)) return;
  throw new AppError('invalid', 'entries_not_consecutive', 'sequence numbers in one request go up by one', {
    faults: [{ pointer: '#/body/entries', detail: 'each seq is the one before plus 1' }],
  });
}

/** The entries that are not durable yet; none where all are. */
export function freshEntries(parts: SavesParts, subject: Subject, append: Append): readonly JournalEntry[] {
  const decision = decideAppend(subject, append.epoch, append.entries);
  const refuse = (code: string, message: string): never => {
    parts.events.writeRefused(append.id, code);
    throw new AppError('conflict', code, message);
  };
  // An older epoch is told so first: its writer has to stop, whoever holds the lease now.
  if (decision.outcome === 'stale')
    return refuse('epoch_stale', `epoch ${append.epoch} is over; ${append.id} is at epoch ${decision.epoch}`);
  append.permit(subject);
  if (decision.outcome === 'unknown-epoch')
    return refuse('epoch_unknown', `${append.id} is at epoch ${decision.epoch}: take the lease again`);
  if (decision.outcome === 'gap') return refuse('sequence_gap', `the next entry of ${append.id} is ${decision.expected}`);
  return decision.outcome === 'append' ? decision.entries : [];
}
