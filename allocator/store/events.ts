/**
 * The event log in MongoDB: numbered without gaps, in the order of each allocation's own moves.
 *
 * Whoever appends reads the head and inserts what follows it; the number is the key, so of two who append at once one
 * finds its number taken, and the event's own id is unique, so that what was appended before is not appended again.
 */
import type { Db, Filter } from 'mongodb';
import { z } from 'zod';
import { AllocationEvent } from '../../contracts/allocator-api/event.ts';
import { documentsOf, ensureIndexes, type Documents } from '../../runtime/documents/collection.ts';

const EventDocument = AllocationEvent.omit({ id: true, at: true }).extend({ _id: z.string(), eventId: z.string(), at: z.date() });
export type EventDocument = z.infer<typeof EventDocument>;

export interface EventLog {
  /** The number of the newest event; 0 while there is none. */
  head(): Promise<number>;
  /** In order, beginning after `seq`. */
  readAfter(seq: number, limit: number, filter?: Filter<EventDocument>): Promise<AllocationEvent[]>;
  readonly documents: Documents<EventDocument>;
}

/** A number as a key that sorts as the numbers do. */
export function eventKeyOf(seq: number): string {
  return String(seq).padStart(16, '0');
}

export async function openEventLog(db: Db): Promise<EventLog> {
  const documents = documentsOf<EventDocument>(db, 'events', EventDocument);
  await ensureIndexes(documents, [
    { key: { seq: 1 }, name: 'seq' },
    { key: { eventId: 1 }, unique: true, name: 'event_id' },
    { key: { 'allocation.uid': 1, seq: 1 }, name: 'allocation' },
    { key: { at: 1 }, name: 'age' },
  ]);
  return {
    documents,
    head: async () => (await documents.list({}, { sort: { seq: -1 }, limit: 1 }))[0]?.seq ?? 0,
    readAfter: async (seq, limit, filter = {}) =>
      (await documents.list({ ...filter, seq: { $gt: seq } }, { sort: { seq: 1 }, limit })).map(eventOf),
  };
}

function eventOf({ _id: _key, eventId, at, ...rest }: EventDocument): AllocationEvent {
  return { ...rest, id: eventId, at: at.toISOString() };
}
