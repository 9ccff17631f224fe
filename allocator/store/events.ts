/**
 * The event log in MongoDB: numbered without gaps, in the order of each allocation's own moves.
 *
 * Whoever appends reads the head and inserts what follows it, one after the other; the number is the key, so of two who
 * append at once one finds its number taken, and the event's own id is unique, so that what was appended before is not
 * appended again. A number is only ever written after the one before it: what lies at or below a head that was read is
 * complete. The newest event is never pruned, so that numbers never begin again.
 */
import { MongoBulkWriteError, type Db, type Filter } from 'mongodb';
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { AllocationEvent } from '../../contracts/allocator-api/event.ts';
import { documentsOf, duplicateIndex, ensureIndexes, translated, type Documents } from '../../runtime/documents/collection.ts';

const EventDocument = AllocationEvent.omit({ id: true, at: true }).extend({ _id: z.string(), eventId: z.string(), at: z.date() });
export type EventDocument = z.infer<typeof EventDocument>;

/** An event that has no number yet. */
export type NewEvent = Omit<EventDocument, '_id' | 'seq'>;

export interface EventLog {
  /** The number of the newest event; 0 while there is none. */
  head(): Promise<number>;
  /** The number of the oldest event that is still kept; 1 while there was none. */
  start(): Promise<number>;
  /** In order, beginning after `seq`; never one whose forerunners are not there yet. `upTo`: a head that was read before. */
  readAfter(seq: number, limit: number, filter?: Filter<EventDocument>, upTo?: number): Promise<AllocationEvent[]>;
  /**
   * Numbers and keeps what is not in the log yet, in this order; when it returns all are in it. Several may append at once.
   * Returns how many it kept itself.
   */
  append(events: readonly NewEvent[]): Promise<number>;
  /** Forgets up to `limit` of the oldest that happened before `time`. Returns how many. */
  prune(time: Date, limit: number): Promise<number>;
  readonly documents: Documents<EventDocument>;
}

/** A number as a key that sorts as the numbers do. */
export function eventKeyOf(seq: number): string {
  return String(seq).padStart(16, '0');
}

/** Each time somebody else has appended in between; more often than this is no race but a fault. */
const APPEND_TRIES = 50;

export async function openEventLog(db: Db): Promise<EventLog> {
  const documents = documentsOf<EventDocument>(db, 'events', EventDocument);
  await ensureIndexes(documents, [
    { key: { seq: 1 }, name: 'seq' },
    { key: { eventId: 1 }, unique: true, name: 'event_id' },
    { key: { 'allocation.uid': 1, seq: 1 }, name: 'allocation' },
  ]);
  const { raw } = documents;
  /** The number alone, and from the index alone. */
  const end = async (direction: 1 | -1) => {
    const found = await translated(() => raw.findOne({}, { sort: { seq: direction }, projection: { _id: 0, seq: 1 } }));
    return found?.seq;
  };
  const head = async () => (await end(-1)) ?? 0;

  return {
    documents,
    head,
    start: async () => (await end(1)) ?? 1,
    readAfter: async (seq, limit, filter = {}, upTo) => {
      const complete = upTo ?? (await head());
      if (complete <= seq) return [];
      const found = await documents.list({ ...filter, seq: { $gt: seq, $lte: complete } }, { sort: { seq: 1 }, limit });
      return found.map(eventOf);
    },
    append: async (events) => {
      let left = events;
      let kept = 0;
      for (let tries = 0; tries < APPEND_TRIES; tries += 1) {
        if (left.length === 0) return kept;
        const after = await head();
        const numbered = left.map((event, at) => ({ ...event, _id: eventKeyOf(after + 1 + at), seq: after + 1 + at }));
        try {
          // Ordered: it stops at the first that fails, so that no number is written without the one before it.
          await translated(() => raw.insertMany(numbered, { ordered: true }));
          return kept + left.length;
        } catch (cause) {
          if (duplicateIndex(cause) === undefined) throw cause;
          kept += cause instanceof MongoBulkWriteError ? cause.insertedCount : 0;
          left = await notYetIn(documents, left);
        }
      }
      throw new AppError('unavailable', 'event_log_contended', 'others keep appending to the event log; ask again', { retryAfter: 1 });
    },
    prune: async (time, limit) => {
      const newest = await head();
      const oldest = await translated(() =>
        raw.find({ seq: { $lt: newest } }, { sort: { seq: 1 }, limit, projection: { _id: 0, seq: 1, at: 1 } }).toArray(),
      );
      // Clocks differ between processes: only an unbroken beginning goes, so that the log never has a hole.
      const kept = oldest.find((event) => event.at >= time);
      const last = kept === undefined ? oldest.at(-1)?.seq : kept.seq - 1;
      return last === undefined ? 0 : documents.remove({ seq: { $lte: last } });
    },
  };
}

async function notYetIn(documents: Documents<EventDocument>, events: readonly NewEvent[]): Promise<NewEvent[]> {
  const ids = events.map((event) => event.eventId);
  const found = await translated(() => documents.raw.find({ eventId: { $in: ids } }, { projection: { _id: 0, eventId: 1 } }).toArray());
  const known = new Set(found.map((event) => event.eventId));
  return events.filter((event) => !known.has(event.eventId));
}

function eventOf({ _id: _key, eventId, at, ...rest }: EventDocument): AllocationEvent {
  return { ...rest, id: eventId, at: at.toISOString() };
}
