/** One file of the spool: a header record that says whose entries follow, then entries in sequence. */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { JournalEntry } from '../../contracts/saves.ts';
import { syncFolder } from '../store/write-durably.ts';
import { decodeRecord, encodeRecord } from './spool-record.ts';

/** Whose journal it is. A spool of another attempt is never continued: its epoch is another. */
export const SpoolOwner = z.object({ uid: z.string(), attempt: z.int(), world: z.string(), epoch: z.int() });
export type SpoolOwner = z.infer<typeof SpoolOwner>;

const Header = SpoolOwner.extend({ after: z.int() });

export interface Segment {
  readonly path: string;
  readonly file: FileHandle;
  readonly owner: SpoolOwner;
  /** The entry before its first one. */
  readonly after: number;
  /** Where its first entry begins, in bytes. */
  readonly start: number;
  /** Its newest entry; `after` when it has none. */
  last: number;
  /** Bytes that are on disk. */
  size: number;
}

const NAME = /^world-\d{16}\.spool$/;

export function isSegmentName(name: string): boolean {
  return NAME.test(name);
}

/** On disk, name and all, when the promise resolves. */
export async function createSegment(folder: string, owner: SpoolOwner, after: number): Promise<Segment> {
  const path = join(folder, `world-${String(after).padStart(16, '0')}.spool`);
  const header = encodeRecord(JSON.stringify({ ...owner, after }));
  const file = await open(path, 'w+', 0o600);
  await file.write(header, 0, header.length, 0);
  await file.datasync();
  await syncFolder(folder);
  return { path, file, owner, after, start: header.length, last: after, size: header.length };
}

/** A segment that an earlier process wrote; a torn end is cut off. `undefined` where not even the header is whole. */
export async function reopenSegment(path: string): Promise<Segment | undefined> {
  const file = await open(path, 'r+');
  const bytes = await file.readFile();
  const head = decodeRecord(bytes, 0);
  if (head === undefined) {
    await file.close();
    return undefined;
  }
  const { after, ...owner } = Header.parse(JSON.parse(head.payload));
  const segment: Segment = { path, file, owner, after, start: head.end, last: after, size: head.end };
  for (let record = decodeRecord(bytes, head.end); record !== undefined; record = decodeRecord(bytes, record.end)) {
    segment.last = parseEntry(record.payload).seq;
    segment.size = record.end;
  }
  if (segment.size < bytes.length) {
    await file.truncate(segment.size);
    await file.datasync();
  }
  return segment;
}

export interface EntryRead {
  readonly entry: JournalEntry;
  /** Where the next one begins, in bytes. */
  readonly end: number;
}

/** Entries after `seq`, from a byte offset at which a record begins: as many as fit the bounds, and one in any case. */
export async function readEntries(
  segment: Segment,
  offset: number,
  seq: number,
  maxEntries: number,
  maxBytes: number,
): Promise<readonly EntryRead[]> {
  let at = offset;
  let window = maxBytes;
  while (at < segment.size) {
    const bytes = Buffer.allocUnsafe(Math.min(window, segment.size - at));
    await segment.file.read(bytes, 0, bytes.length, at);
    const found: EntryRead[] = [];
    let end = 0;
    for (let record = decodeRecord(bytes, 0); record !== undefined && found.length < maxEntries; record = decodeRecord(bytes, end)) {
      end = record.end;
      const entry = parseEntry(record.payload);
      if (entry.seq > seq) found.push({ entry, end: at + end });
    }
    if (found.length > 0) return found;
    // A record longer than the window: the same place again with a wider one.
    if (end === 0) window *= 2;
    at += end;
  }
  return [];
}

function parseEntry(payload: string): JournalEntry {
  return JournalEntry.parse(JSON.parse(payload));
}
