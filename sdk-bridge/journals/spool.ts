/**
 * Entries of all journals on this pod's disk, in the order in which they came, until saves has them. Appends are durable when their
 * promise resolves; many that come together share one sync. Entries live on disk, not in memory, so that saves may be away for long.
 */
import { mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../contracts/app-error.ts';
import { jsonText } from '../../contracts/json-text.ts';
import type { Log } from '../../runtime/log.ts';
import { follow, type Head, type JournalKey, type SpoolRecord } from './journal-head.ts';
import { encodeRecord } from './spool-record.ts';
import { createSegment, isSegmentName, readRecords, reopenSegment, type Segment, type SpoolOwner } from './spool-segment.ts';

/** Between two records. */
export interface Place {
  readonly segment: number;
  /** In bytes. */
  readonly offset: number;
}

export interface PlacedRecord {
  readonly record: SpoolRecord;
  readonly next: Place;
}

export interface Spool {
  /** Where the journals stand with all that is on disk. */
  readonly heads: ReadonlyMap<JournalKey, Head>;
  /** The same with what is on its way there: what a next record has to follow. */
  readonly handed: ReadonlyMap<JournalKey, Head>;
  /** Where the journals stood before the first record that is kept: up to there all is settled. */
  readonly settled: ReadonlyMap<JournalKey, Head>;
  readonly first: Place;
  readonly end: Place;
  hasAfter(place: Place): boolean;
  /** Bytes of what is not settled. */
  readonly backlogBytes: number;
  /**
   * The caller has judged that they follow what was handed over.
   * @throws AppError `unavailable`: `spool_full` where too much waits for saves, `spool_failed` where the disk does not take them; nothing of
   * them is kept then.
   */
  append(records: readonly SpoolRecord[]): Promise<void>;
  /** Records from a place on; at least one where there is one. */
  read(from: Place, most: number, mostBytes: number): Promise<PlacedRecord[]>;
  /** What is before the place is stored elsewhere, or lost for good: its files may go. */
  settle(before: Place): Promise<void>;
  close(): Promise<void>;
}

export interface SpoolParts {
  readonly folder: string;
  readonly owner: SpoolOwner;
  /** More than this waits for saves: entries are refused, so that the node's disk does not fill. */
  readonly mostBytes: number;
  readonly log: Log;
}

const SEGMENT_BYTES = 4 * 1024 * 1024;

interface Waiting {
  readonly records: readonly SpoolRecord[];
  readonly bytes: Buffer;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/** What an earlier process of this attempt left behind is continued. */
export async function openSpool(parts: SpoolParts): Promise<Spool> {
  const { folder, owner, log } = parts;
  await mkdir(folder, { recursive: true });
  const segments: Segment[] = [];
  let heads = new Map<JournalKey, Head>();
  for (const name of (await readdir(folder)).filter(isSegmentName).toSorted()) {
    const path = join(folder, name);
    const last = segments.at(-1);
    const segment = await reopenSegment(
      path,
      (record) => follow(heads, record),
      (header) => {
        const isOurs = header.owner.uid === owner.uid && header.owner.attempt === owner.attempt;
        if (!isOurs || (last !== undefined && header.number !== last.number + 1)) return false;
        if (last === undefined) heads = new Map(header.heads);
        return true;
      },
    );
    if (segment === undefined) {
      log.warn('a spool file does not continue these journals; it is removed', { file: name });
      await unlink(path);
    } else segments.push(segment);
  }
  if (segments.length === 0) segments.push(await createSegment(folder, owner, 1, heads));
  return spoolOf(parts, segments, heads);
}

function spoolOf({ folder, owner, mostBytes }: SpoolParts, segments: Segment[], heads: Map<JournalKey, Head>): Spool {
  const segmentBytes = Math.min(SEGMENT_BYTES, Math.ceil(mostBytes / 4));
  const active = () => segments.at(-1) as Segment;
  const waiting: Waiting[] = [];
  let waitingBytes = 0;
  let writing: Promise<void> | undefined;
  let handed = new Map(heads);
  let settledTo: Place = placeOf(segments[0] as Segment);

  /** The file in which the next record is. */
  const after = (place: Place) =>
    segments.find(({ number, size, start }) => (number === place.segment ? size > place.offset : number > place.segment && size > start));

  const writeAll = async (group: readonly Waiting[]) => {
    try {
      if (active().size >= segmentBytes) segments.push(await createSegment(folder, owner, active().number + 1, heads));
      const segment = active();
      const bytes = Buffer.concat(group.map((one) => one.bytes));
      try {
        await segment.file.write(bytes, 0, bytes.length, segment.size);
        await segment.file.datasync();
      } catch (cause) {
        await segment.file.truncate(segment.size).catch(() => {});
        throw cause;
      }
      segment.size += bytes.length;
    } catch (cause) {
      throw new AppError('unavailable', 'spool_failed', "the entries could not be written to this pod's disk", { cause, retryAfter: 1 });
    }
    for (const { records } of group) for (const record of records) follow(heads, record);
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
        handed = new Map(heads);
      }
      waitingBytes = waiting.reduce((sum, one) => sum + one.bytes.length, 0);
    }
    writing = undefined;
  };

  const backlog = () =>
    segments.reduce((sum, { number, size, start }) => {
      if (number < settledTo.segment) return sum;
      return sum + size - (number === settledTo.segment ? settledTo.offset : start);
    }, waitingBytes);

  return {
    heads,
    get handed() {
      return handed;
    },
    get settled() {
      return (segments[0] as Segment).heads;
    },
    get first() {
      return placeOf(segments[0] as Segment);
    },
    get end() {
      return { segment: active().number, offset: active().size };
    },
    hasAfter: (place) => after(place) !== undefined,
    get backlogBytes() {
      return backlog();
    },
    append: (records) => {
      if (records.length === 0) return writing ?? Promise.resolve();
      const bytes = Buffer.concat(records.map((record) => encodeRecord(jsonText(record))));
      // What opens and closes journals is little, and what makes room depends on it.
      if (records.some(({ is }) => is === 'entry') && backlog() + bytes.length > mostBytes) {
        return Promise.reject(new AppError('unavailable', 'spool_full', 'too many entries wait for the saves service', { retryAfter: 5 }));
      }
      for (const record of records) follow(handed, record);
      return new Promise((resolve, reject) => {
        waiting.push({ records, bytes, resolve, reject });
        waitingBytes += bytes.length;
        writing ??= writeLoop();
      });
    },
    read: async (from, most, mostBytes_) => {
      const segment = after(from);
      if (segment === undefined) return [];
      const offset = segment.number === from.segment ? from.offset : segment.start;
      const read = await readRecords(segment, offset, most, mostBytes_);
      return read.map(({ record, end }) => ({ record, next: { segment: segment.number, offset: end } }));
    },
    settle: async (before) => {
      settledTo = before;
      while (segments.length > 1 && (segments[0]?.number ?? 0) < before.segment) {
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

function placeOf({ number, start }: Segment): Place {
  return { segment: number, offset: start };
}
