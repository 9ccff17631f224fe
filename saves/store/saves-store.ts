/** The three collections of saves. */
import type { Db } from 'mongodb';
import { z } from 'zod';
import { documentsOf, ensureIndexes, translated, type Documents } from '../../runtime/documents/collection.ts';
import { Subject, type VisibleRange } from '../subject.ts';
import { BatchSize, JournalBatch } from './journal-batch.ts';
import { SnapshotPart } from './snapshot-parts.ts';

export interface SavesStore {
  /** The truth: everything else counts only as far as a subject says so. */
  readonly subjects: Documents<Subject>;
  readonly batches: Documents<JournalBatch>;
  readonly snapshotParts: Documents<SnapshotPart>;
  /** The batches of one range, in order, at most `limit`. */
  batchSizes(subjectId: string, range: VisibleRange, limit: number): Promise<BatchSize[]>;
  /** Moves every head or none: false where one subject is not as it was read. */
  moveHeads(heads: readonly HeadMove[]): Promise<boolean>;
}

export interface HeadMove {
  readonly subject: Subject;
  readonly to: number;
}

export async function openSavesStore(db: Db): Promise<SavesStore> {
  const batches = documentsOf(db, 'saves_journal', JournalBatch);
  const subjects = documentsOf(db, 'saves_subjects', Subject);
  const store: SavesStore = {
    subjects,
    moveHeads: (heads) =>
      translated(() =>
        db.client.withSession((session) =>
          session.withTransaction(async () => {
            // In one message, so that the transaction is open for one round trip only: one whose process dies in it stands until its time is up.
            const updates = heads.map(({ subject, to }) => ({
              updateOne: { filter: unchanged(subject), update: { $set: { durableSeq: to } } },
            }));
            const { matchedCount } = await subjects.raw.bulkWrite(updates, { session });
            if (matchedCount === heads.length) return true;
            await session.abortTransaction();
            return false;
          }),
        ),
      ),
    batches,
    batchSizes: async (subjectId, range, limit) => {
      const filter = { subject: subjectId, stretch: range.stretch, to: { $gt: range.after }, from: { $lte: range.until } };
      // Nothing but what the index holds, so that no batch is read for it.
      const projection = { _id: 0, subject: 1, stretch: 1, from: 1, to: 1, bytes: 1 };
      const found = await translated(() => batches.raw.find(filter, { projection }).sort({ to: 1 }).limit(limit).toArray());
      return z.array(BatchSize).parse(found);
    },
    snapshotParts: documentsOf(db, 'saves_snapshots', SnapshotPart),
  };
  await ensureIndexes(store.batches, [{ key: { subject: 1, stretch: 1, to: 1, from: 1, bytes: 1 }, name: 'by_place_with_size' }]);
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
