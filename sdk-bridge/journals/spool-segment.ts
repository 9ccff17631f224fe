/** One file of the spool: a header record that says whose it is and where every journal stood, then the records that followed. */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { syncFolder } from '../store/write-durably.ts';
import { Head, SpoolRecord, type JournalKey } from './journal-head.ts';
import { decodeRecord, encodeRecord } from './spool-record.ts';

/** Whose journals they are. A spool of another attempt is never continued: its leases are others. */
export const SpoolOwner = z.object({ uid: z.string(), attempt: z.int() });
export type SpoolOwner = z.infer<typeof SpoolOwner>;

const Header = SpoolOwner.extend({ number: z.int(), heads: z.record(z.string(), Head) });

export interface Segment {
  readonly path: string;
  readonly file: FileHandle;
  readonly owner: SpoolOwner;
  /** They are numbered without gaps. */
  readonly number: number;
  /** Where every journal stood before its first record. */
  readonly heads: ReadonlyMap<JournalKey, Head>;
  /** Where its first record begins, in bytes. */
  readonly start: number;
  /** Bytes that are on disk. */
  size: number;
}

const NAME = /^journals-\d{16}\.spool$/;

export function isSegmentName(name: string): boolean {
  return NAME.test(name);
}

/** On disk, name and all, when the promise resolves. */
export async function createSegment(
  folder: string,
  owner: SpoolOwner,
  number: number,
  heads: ReadonlyMap<JournalKey, Head>,
): Promise<Segment> {
  const path = join(folder, `journals-${String(number).padStart(16, '0')}.spool`);
  const header = encodeRecord(JSON.stringify({ ...owner, number, heads: Object.fromEntries(heads) }));
  // One that a crash left without a whole header has no records: it is begun anew.
  const file = await open(path, 'w+', 0o600);
  try {
    await file.write(header, 0, header.length, 0);
    await file.datasync();
    await syncFolder(folder);
  } catch (cause) {
    await file.close();
    throw cause;
  }
  return { path, file, owner, number, heads: new Map(heads), start: header.length, size: header.length };
}

/** A segment that an earlier process wrote; a torn end is cut off. `undefined` where not even the header is whole. */
export async function reopenSegment(
  path: string,
  onRecord: (record: SpoolRecord) => void,
  onHeader: (segment: Pick<Segment, 'owner' | 'number' | 'heads'>) => boolean,
): Promise<Segment | undefined> {
  const file = await open(path, 'r+');
  const bytes = await file.readFile();
  const head = decodeRecord(bytes, 0);
  const header = head === undefined ? undefined : Header.safeParse(JSON.parse(head.payload)).data;
  if (head === undefined || header === undefined) {
    await file.close();
    return undefined;
  }
  const { uid, attempt, number } = header;
  const heads = new Map(Object.entries(header.heads) as [JournalKey, Head][]);
  const segment: Segment = { path, file, owner: { uid, attempt }, number, heads, start: head.end, size: head.end };
  if (!onHeader(segment)) {
    await file.close();
    return undefined;
  }
  for (let record = decodeRecord(bytes, head.end); record !== undefined; record = decodeRecord(bytes, record.end)) {
    onRecord(parseRecord(record.payload));
    segment.size = record.end;
  }
  if (segment.size < bytes.length) {
    await file.truncate(segment.size);
    await file.datasync();
  }
  return segment;
}

export interface RecordRead {
  readonly record: SpoolRecord;
  /** Where the next one begins, in bytes. */
  readonly end: number;
}

/** Records from a byte offset at which one begins: as many as fit the bounds, and one in any case where there is one. */
export async function readRecords(segment: Segment, offset: number, most: number, mostBytes: number): Promise<RecordRead[]> {
  for (let window = mostBytes; offset < segment.size; window *= 2) {
    const bytes = Buffer.allocUnsafe(Math.min(window, segment.size - offset));
    await segment.file.read(bytes, 0, bytes.length, offset);
    const found: RecordRead[] = [];
    for (let record = decodeRecord(bytes, 0); record !== undefined && found.length < most; record = decodeRecord(bytes, record.end))
      found.push({ record: parseRecord(record.payload), end: offset + record.end });
    // Otherwise a record is longer than the window: the same place again with a wider one.
    if (found.length > 0 || bytes.length === segment.size - offset) return found;
  }
  return [];
}

function parseRecord(payload: string): SpoolRecord {
  return SpoolRecord.parse(JSON.parse(payload));
}
