/** The three collections of saves. */
import type { Db } from 'mongodb';
import { documentsOf, ensureIndexes, type Documents } from '../../runtime/documents/collection.ts';
import { Subject } from '../subject.ts';
import { JournalBatch } from './journal-batch.ts';
import { SnapshotPart } from './snapshot-parts.ts';

export interface SavesStore {
  /** The truth: everything else counts only as far as a subject says so. */
  readonly subjects: Documents<Subject>;
  readonly batches: Documents<JournalBatch>;
  readonly snapshotParts: Documents<SnapshotPart>;
}

export async function openSavesStore(db: Db): Promise<SavesStore> {
  const store: SavesStore = {
    subjects: documentsOf(db, 'saves_subjects', Subject),
    batches: documentsOf(db, 'saves_journal', JournalBatch),
    snapshotParts: documentsOf(db, 'saves_snapshots', SnapshotPart),
  };
  await ensureIndexes(store.batches, [{ key: { subject: 1, stretch: 1, to: 1 }, name: 'by_place' }]);
  await ensureIndexes(store.snapshotParts, [
    { key: { snapshot: 1, index: 1 }, name: 'by_snapshot' },
    { key: { subject: 1, seq: 1 }, name: 'by_subject' },
  ]);
  return store;
}

/** That a subject still is as it was read: its writer, its head and its stretch. */
export function unchanged(subject: Subject): Pick<Subject, '_id' | 'epoch' | 'stretch' | 'durableSeq'> {
  return { _id: subject._id, epoch: subject.epoch, stretch: subject.stretch, durableSeq: subject.durableSeq };
}
