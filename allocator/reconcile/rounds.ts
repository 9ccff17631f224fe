/** What the last round of reconciling found, kept for whichever process is asked. */
import type { Db } from 'mongodb';
import { z } from 'zod';
import { documentsOf, translated } from '../../runtime/documents/collection.ts';
import { ReconcileRound } from '../../contracts/allocator-api/reconcile.ts';

const RoundDocument = z.object({ _id: z.string(), round: ReconcileRound });

export interface Rounds {
  keep(round: ReconcileRound): Promise<void>;
  last(): Promise<ReconcileRound | undefined>;
}

export function openRounds(db: Db): Rounds {
  const documents = documentsOf(db, 'reconcile', RoundDocument);
  return {
    keep: (round) => translated(async () => void (await documents.raw.updateOne({ _id: LAST }, { $set: { round } }, { upsert: true }))),
    last: async () => (await documents.find(LAST))?.round,
  };
}

const LAST = 'last';
