/** A batch of journal entries as it is stored: one document, so that it is there as a whole or not at all. */
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { jsonText } from '../../contracts/json-text.ts';
import type { JournalEntry } from '../../contracts/saves.ts';
import type { Subject } from '../subject.ts';

export const JournalBatch = z.object({
  /** `SUBJECT/STRETCH/FROM`: within one stretch a place in the journal is taken once. */
  _id: z.string(),
  subject: z.string(),
  stretch: z.int(),
  from: z.int(),
  to: z.int(),
  /** Length of the data. */
  bytes: z.int(),
  /** The entries' data as JSON texts: whatever a game writes comes back to the letter, and no key of it means anything to MongoDB. */
  data: z.array(z.string()),
  /** Sequence number → the entry's shares of inventories, as a JSON text. */
  shares: z.record(z.string(), z.string()).optional(),
  /** Sequence number → why saves never took what had this place, as a JSON text. */
  refused: z.record(z.string(), z.string()).optional(),
});
export type JournalBatch = z.infer<typeof JournalBatch>;

/** What tells how much of a journal fits a page, without reading it. */
export const BatchSize = JournalBatch.pick({ subject: true, stretch: true, from: true, to: true, bytes: true });
export type BatchSize = z.infer<typeof BatchSize>;

/** Below MongoDB's 16 MiB a document, with room for the frame around each text. */
const LARGEST_BYTES = 12 * 1024 * 1024;

/** @throws AppError `invalid` for data nested too deeply to be written as JSON, `too-large` for more than a document holds. */
export function batchOf(subject: Subject, entries: readonly JournalEntry[]): JournalBatch {
  const from = entries[0]?.seq ?? 0;
  const data = entries.map((entry) => textOf(entry.seq, entry.data));
  const shared = entries.flatMap(({ seq, inventories }) =>
    inventories === undefined ? [] : [[String(seq), textOf(seq, inventories)] as const],
  );
  const refused = entries.flatMap((entry) => (entry.refused === undefined ? [] : [[String(entry.seq), JSON.stringify(entry.refused)]]));
  const bytes = [...data, ...shared.map(([, text]) => text)].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > LARGEST_BYTES)
    throw new AppError('too-large', 'batch_too_large', `the entries are ${bytes} bytes as JSON; send fewer at once`);
  return {
    _id: batchId(subject._id, subject.stretch, from),
    subject: subject._id,
    stretch: subject.stretch,
    from,
    to: from + entries.length - 1,
    bytes,
    data,
    ...(shared.length === 0 ? {} : { shares: Object.fromEntries(shared) }),
    ...(refused.length === 0 ? {} : { refused: Object.fromEntries(refused) as Record<string, string> }),
  };
}

export interface StoredEntry {
  readonly seq: number;
  /** The data. */
  readonly text: string;
  readonly shares: string | undefined;
  readonly refused: string | undefined;
}

/** Its entries as texts, which few readers need all of. */
export function entriesOf(batch: JournalBatch): StoredEntry[] {
  return batch.data.map((text, index) => {
    const seq = batch.from + index;
    return { seq, text, shares: batch.shares?.[String(seq)], refused: batch.refused?.[String(seq)] };
  });
}

export function batchId(subject: string, stretch: number, from: number): string {
  return `${subject}/${stretch}/${from}`;
}

function textOf(seq: number, data: JournalEntry['data'] | JournalEntry['inventories']): string {
  try {
    return jsonText(data);
  } catch (cause) {
    throw new AppError('invalid', 'entry_too_deep', `the data of entry ${seq} cannot be written as JSON: it is nested too deeply`, {
      cause,
    });
  }
}
