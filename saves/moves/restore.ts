/** What is durable, page by page: the newest snapshot, then the journal after it. */
import { AppError } from '../../contracts/app-error.ts';
import type { JournalEntry, Restore, Snapshot } from '../../contracts/saves.ts';
import { batchId, entriesOf, type BatchSize, type JournalBatch, type StoredEntry } from '../store/journal-batch.ts';
import { joinSnapshot } from '../store/snapshot-parts.ts';
import { visibleRanges, type Subject } from '../subject.ts';
import type { SavesParts } from './saves-parts.ts';

export interface RestoreCall {
  readonly id: string;
  /** Where the page before ended; `undefined` asks for the first. */
  readonly after: number | undefined;
  /** Throws where the caller may not read what was found. */
  readonly permit: (subject: Subject) => void;
}

const PAGE_ENTRIES = 1_000;
const PAGE_BYTES = 8 * 1024 * 1024;

export async function restore(parts: SavesParts, call: RestoreCall, signal: AbortSignal): Promise<Restore> {
  for (;;) {
    signal.throwIfAborted();
    const subject = await parts.subjects.find(call.id);
    if (subject === undefined) return { durableSeq: 0, entries: [] };
    call.permit(subject);
    const snapshot = call.after === undefined ? await readSnapshot(parts, subject) : 'none';
    // A newer snapshot took its place while it was read: look again.
    if (snapshot === 'replaced') continue;
    const after = call.after ?? (snapshot === 'none' ? 0 : snapshot.seq);
    const entries = await readPage(parts, subject, after);
    const last = entries.at(-1)?.seq ?? after;
    return {
      durableSeq: subject.durableSeq,
      entries,
      ...(snapshot === 'none' ? {} : { snapshot }),
      ...(last < subject.durableSeq ? { next: last } : {}),
    };
  }
}

async function readSnapshot(parts: SavesParts, subject: Subject): Promise<Snapshot | 'none' | 'replaced'> {
  const pointer = subject.snapshot;
  if (pointer === undefined) return 'none';
  const found = await parts.snapshotParts.list({ snapshot: pointer.id }, { sort: { index: 1 } });
  const data = joinSnapshot(pointer, found);
  if (data !== undefined) return { seq: pointer.seq, data };
  const present = await parts.subjects.find(subject._id);
  if (present?.snapshot?.id !== pointer.id) return 'replaced';
  throw new AppError('internal', 'snapshot_incomplete', `a part of the snapshot of ${subject._id} is missing`);
}

/** At most as many entries, and about as many bytes, as a page holds; at least one entry where there is one. */
async function readPage(parts: SavesParts, subject: Subject, after: number): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  let room = PAGE_BYTES;
  let head = after;
  for (const range of visibleRanges(subject, after)) {
    if (entries.length === PAGE_ENTRIES) break;
    const all = await parts.batchSizes(subject._id, range, PAGE_ENTRIES - entries.length);
    if ((all[0]?.from ?? Number.POSITIVE_INFINITY) > head + 1) throw gap(subject, head + 1);
    const fitting = all.slice(0, howManyFit(all, head + PAGE_ENTRIES - entries.length, entries.length === 0, room));
    for (const batch of await readBatches(parts, fitting)) {
      for (const stored of entriesOf(batch)) {
        if (stored.seq <= head || entries.length === PAGE_ENTRIES) continue;
        if (stored.seq !== head + 1) throw gap(subject, head + 1);
        entries.push(readEntry(stored));
        head = stored.seq;
      }
      room -= batch.bytes;
    }
    if (head < range.until) break;
  }
  return entries;
}

function readEntry({ seq, text, shares, refused }: StoredEntry): JournalEntry {
  const data = JSON.parse(text) as JournalEntry['data'];
  const inventories = shares === undefined ? {} : { inventories: JSON.parse(shares) as JournalEntry['inventories'] };
  return { seq, data, ...inventories, ...(refused === undefined ? {} : { refused: JSON.parse(refused) as JournalEntry['refused'] }) };
}

/** @param last the highest entry that the page has room for. @param one whether at least one batch is to be read. */
function howManyFit(batches: readonly BatchSize[], last: number, one: boolean, room: number): number {
  let [count, bytes] = [0, 0];
  for (const batch of batches) {
    if (batch.from > last || (bytes + batch.bytes > room && !(one && count === 0))) break;
    count += 1;
    bytes += batch.bytes;
  }
  return count;
}

async function readBatches(parts: SavesParts, sizes: readonly BatchSize[]): Promise<JournalBatch[]> {
  if (sizes.length === 0) return [];
  const found = await parts.batches.list({ _id: { $in: sizes.map((size) => batchId(size.subject, size.stretch, size.from)) } });
  return found.toSorted((a, b) => a.from - b.from);
}

/** Never to be seen; better no world than one with a hole in it. */
function gap(subject: Subject, seq: number): AppError {
  return new AppError('internal', 'journal_gap', `entry ${seq} of ${subject._id} is durable and missing`);
}
