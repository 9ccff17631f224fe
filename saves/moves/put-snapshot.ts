/** Stores a snapshot: first its parts, then the subject's pointer by compare-and-set. */
import { AppError } from '../../contracts/app-error.ts';
import type { Snapshot } from '../../contracts/saves.ts';
import { splitSnapshot } from '../store/snapshot-parts.ts';
import type { Subject } from '../subject.ts';
import { subjectOf } from './append-entries.ts';
import type { SavesParts } from './saves-parts.ts';

export interface PutSnapshot {
  readonly id: string;
  readonly epoch: number;
  readonly snapshot: Snapshot;
  /** Throws where the caller may not write to what was found. */
  readonly permit: (subject: Subject) => void;
}

/**
 * @returns the newest snapshot's sequence number: this one's, or that of a newer one, which stays.
 * @throws AppError `not-found`, or `conflict` (`epoch_stale`, `epoch_unknown`, `snapshot_ahead`).
 */
export async function putSnapshot(parts: SavesParts, put: PutSnapshot, signal: AbortSignal): Promise<number> {
  const { seq, data } = put.snapshot;
  const { pointer, parts: pieces } = splitSnapshot(parts.mint(), put.id, seq, data);
  let stored = false;
  for (;;) {
    signal.throwIfAborted();
    const subject = await permittedSubject(parts, put);
    if (subject.snapshot !== undefined && subject.snapshot.seq > seq) return subject.snapshot.seq;
    // A write that was retried after it had been carried out says that it changed nothing.
    if (subject.snapshot?.id === pointer.id) return seq;
    if (!stored) for (const piece of pieces) await parts.snapshotParts.insert(piece);
    stored = true;
    const present = subject.snapshot === undefined ? { snapshot: { $exists: false } } : { 'snapshot.id': subject.snapshot.id };
    if (!(await parts.subjects.change({ _id: put.id, epoch: put.epoch, ...present }, { $set: { snapshot: pointer } }))) continue;
    parts.events.snapshotStored(pointer.bytes);
    await removeReplaced(parts, put.id, seq, subject.snapshot?.id);
    return seq;
  }
}

async function permittedSubject(parts: SavesParts, put: PutSnapshot): Promise<Subject> {
  const subject = await subjectOf(parts, put.id);
  const refuse = (code: string, message: string): never => {
    parts.events.writeRefused(put.id, code);
    throw new AppError('conflict', code, message);
  };
  if (put.epoch < subject.epoch) return refuse('epoch_stale', `epoch ${put.epoch} is over; ${put.id} is at epoch ${subject.epoch}`);
  put.permit(subject);
  if (put.epoch > subject.epoch) return refuse('epoch_unknown', `${put.id} is at epoch ${subject.epoch}: take the lease again`);
  if (put.snapshot.seq > subject.durableSeq)
    return refuse('snapshot_ahead', `the journal of ${put.id} is durable up to ${subject.durableSeq} only`);
  return subject;
}

/** Parts that are older than the pointer can never become current again: the pointer only moves forward. */
async function removeReplaced(parts: SavesParts, subject: string, seq: number, replaced: string | undefined): Promise<void> {
  await parts.snapshotParts.remove({ subject, seq: { $lt: seq } });
  if (replaced !== undefined) await parts.snapshotParts.remove({ snapshot: replaced });
}
