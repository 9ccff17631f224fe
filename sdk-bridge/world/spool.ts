/**
 * World entries on this pod's disk until saves has them. Appends are durable when their promise resolves; many that come
 * together share one sync. Entries live on disk, not in memory, so that saves may be away for long.
 */
import { mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../contracts/app-error.ts';
import type { JournalEntry } from '../../contracts/saves.ts';
import type { Log } from '../../runtime/log.ts';
import { encodeRecord } from './spool-record.ts';
import {
  createSegment,
  isSegmentName,
  readEntries,
  reopenSegment,
  type EntryRead,
  type Segment,
  type SpoolOwner,
} from './spool-segment.ts';

export interface Spool {
  /** The entry before the oldest that is kept here. */
  readonly first: number;
  /** The newest entry on disk. */
  readonly last: number;
  /** The entries follow the newest one without gaps: the caller has judged that. None: waits for those under way. @throws AppError `unavailable` when the disk does not take them. */
  append(entries: readonly JournalEntry[]): Promise<void>;
  /** Entries after `seq`, in order; at least one where there is one. */
  read(seq: number, maxEntries: number, maxBytes: number): Promise<readonly JournalEntry[]>;
  /** Entries up to `seq` are stored elsewhere: their files may go. */
  drop(seq: number): Promise<void>;
  close(): Promise<void>;
}

const SEGMENT_BYTES = 4 * 1024 * 1024;
/** More than this waits for saves: appends are refused, so that the node's disk does not fill. */
const SPOOL_BYTES = 512 * 1024 * 1024;

interface Waiting {
  readonly records: Buffer;
  readonly last: number;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/** What an earlier process of this attempt left behind; `undefined` where there is nothing of this owner. */
export async function reopenSpool(folder: string, owner: SpoolOwner, log: Log): Promise<Spool | undefined> {
  await mkdir(folder, { recursive: true });
  const segments: Segment[] = [];
  for (const name of (await readdir(folder)).filter(isSegmentName).toSorted()) {
    const segment = await reopenSegment(join(folder, name));
    const follows =
      segment !== undefined && sameOwner(segment.owner, owner) && (segments.length === 0 || segments.at(-1)?.last === segment.after);
    if (follows) segments.push(segment);
    else {
      log.warn('a spool file does not continue this journal; it is removed', { file: name });
      await segment?.file.close();
      await unlink(join(folder, name));
    }
  }
  return segments.length === 0 ? undefined : openSpool(folder, owner, segments);
}

/** @param after the newest entry that saves has. */
export async function createSpool(folder: string, owner: SpoolOwner, after: number): Promise<Spool> {
  await mkdir(folder, { recursive: true });
  return openSpool(folder, owner, [await createSegment(folder, owner, after)]);
}

function openSpool(folder: string, owner: SpoolOwner, segments: Segment[]): Spool {
  const active = () => segments.at(-1) as Segment;
  const waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  /** Where the newest read's entries end, so that reading on does not begin at the start of the file. */
  let places: { segment: Segment; reads: readonly EntryRead[] } | undefined;
  const offsetAfter = (segment: Segment, seq: number) =>
    (places?.segment === segment ? places.reads.find((read) => read.entry.seq === seq)?.end : undefined) ?? segment.start;

  const rotate = async () => {
    if (active().size >= SEGMENT_BYTES) segments.push(await createSegment(folder, owner, active().last));
  };

  const writeAll = async (group: readonly Waiting[]) => {
    await rotate();
    const segment = active();
    const bytes = Buffer.concat(group.map((one) => one.records));
    try {
      await segment.file.write(bytes, 0, bytes.length, segment.size);
      await segment.file.datasync();
    } catch (cause) {
      await segment.file.truncate(segment.size).catch(() => {});
      throw new AppError('unavailable', 'spool_failed', "the entries could not be written to this pod's disk", { cause, retryAfter: 1 });
    }
    segment.size += bytes.length;
    segment.last = group.at(-1)?.last ?? segment.last;
  };

  const writeLoop = async () => {
    while (waiting.length > 0) {
      const group = waiting.splice(0);
      try {
        await writeAll(group);
        for (const one of group) one.resolve();
      } catch (cause) {
        // Those behind it would leave a gap.
        for (const one of [...group, ...waiting.splice(0)]) one.reject(cause);
      }
    }
    writing = undefined;
  };

  return {
    get first() {
      return segments[0]?.after ?? 0;
    },
    get last() {
      return active().last;
    },
    append: (entries) => {
      if (entries.length === 0) return writing ?? Promise.resolve();
      const held = segments.reduce((sum, segment) => sum + segment.size, 0);
      if (held > SPOOL_BYTES) {
        return Promise.reject(new AppError('unavailable', 'spool_full', 'too many entries wait for the saves service', { retryAfter: 5 }));
      }
      const records = Buffer.concat(entries.map((entry) => encodeRecord(JSON.stringify(entry))));
      return new Promise((resolve, reject) => {
        waiting.push({ records, last: entries.at(-1)?.seq ?? 0, resolve, reject });
        writing ??= writeLoop();
      });
    },
    read: async (seq, maxEntries, maxBytes) => {
      const segment = segments.find((one) => one.after <= seq && seq < one.last);
      if (segment === undefined) return [];
      const reads = await readEntries(segment, offsetAfter(segment, seq), seq, maxEntries, maxBytes);
      places = { segment, reads };
      return reads.map((read) => read.entry);
    },
    drop: async (seq) => {
      while (segments.length > 1 && (segments[0]?.last ?? 0) <= seq) {
        const [segment] = segments.splice(0, 1);
        await segment?.file.close();
        if (segment !== undefined) await unlink(segment.path);
      }
    },
    close: async () => {
      await writing;
      for (const segment of segments) await segment.file.close();
    },
  };
}

function sameOwner(a: SpoolOwner, b: SpoolOwner): boolean {
  return a.uid === b.uid && a.attempt === b.attempt && a.world === b.world && a.epoch === b.epoch;
}
