/** Reading the event log from a place: from memory where it is there, else from the store; never past what is complete. */
import type { Filter } from 'mongodb';
import { AppError } from '../../contracts/app-error.ts';
import type { AllocationEvent, EventKind } from '../../contracts/allocator-api/event.ts';
import type { StreamedEvent, StreamMark } from '../../contracts/endpoint.ts';
import type { EventDocument, EventLog } from '../store/events.ts';
import type { EventTail } from './event-tail.ts';

/** What a reader wants to see, and may see; all that is given must hold. */
export interface Wanted {
  readonly client?: string | undefined;
  readonly uid?: string | undefined;
  readonly kinds?: readonly EventKind[] | undefined;
  readonly fleet?: string | undefined;
  readonly world?: string | undefined;
}

export interface EventReader {
  /** The number to begin after where the reader names none: all that is kept, or only what is new. */
  placeAt(end: 'start' | 'head'): Promise<number>;
  /**
   * What follows `after`; `next` is where to go on, beyond events that were not wanted.
   * @throws AppError `gone` when some of what follows was pruned already, or `after` lies beyond the log.
   */
  read(after: number, limit: number, wanted: Wanted): Promise<Page>;
  /** As `read`, held until there is one, `ms` have passed or the signal aborts. */
  readHeld(after: number, limit: number, wanted: Wanted, ms: number, signal: AbortSignal): Promise<Page>;
  /** Without end; `first` was read by the caller, so that what is wrong with the place is said before the stream begins. */
  stream(first: Page, wanted: Wanted, signal: AbortSignal): AsyncGenerator<StreamedEvent<AllocationEvent> | StreamMark>;
}

export interface Page {
  readonly events: readonly AllocationEvent[];
  readonly next: number;
}

/** A filter that matches seldom must not make one query walk the whole log. */
const WINDOW = 5_000;
const WINDOWS_AT_ONCE = 10;
const STREAM_AT_ONCE = 100;
/** A reader of what happens seldom is told its place this often, so that it comes back to it. */
const MARK_MS = 5_000;

export function createEventReader(events: EventLog, tail: EventTail): EventReader {
  const complete = async (after: number): Promise<number> => {
    if (tail.head !== undefined && tail.head >= after) return tail.head;
    // Another process may know of more than this one.
    const head = await events.head();
    if (head < after)
      throw new AppError('gone', 'events_unknown', `the log ends at ${head}, maybe since a restore; begin after ${head} or earlier`);
    return head;
  };

  const fromStore = async (after: number, upTo: number, limit: number, wanted: Wanted): Promise<Page> => {
    const filter = filterOf(wanted);
    // One allocation's own are found by an index, however far apart.
    const width = wanted.uid === undefined ? WINDOW : Number.MAX_SAFE_INTEGER;
    const found: AllocationEvent[] = [];
    let next = after;
    for (let windows = 0; windows < WINDOWS_AT_ONCE && next < upTo && found.length < limit; windows += 1) {
      const end = Math.min(upTo, next + width);
      const some = await events.readAfter(next, limit - found.length, filter, end);
      found.push(...some);
      next = found.length === limit ? (found.at(-1)?.seq ?? end) : end;
    }
    // Looked at after the read: what was kept then was there while it was read.
    const start = await events.start();
    if (start > after + 1)
      throw new AppError('gone', 'events_pruned', `events are kept for 7 days; the oldest is ${start}: begin after ${start - 1}`);
    return { events: found, next };
  };

  const read = async (after: number, limit: number, wanted: Wanted): Promise<Page> => {
    const upTo = await complete(after);
    if (upTo > after && tail.at(after + 1) === undefined) return fromStore(after, upTo, limit, wanted);
    const found: AllocationEvent[] = [];
    let next = after;
    for (let event = tail.at(next + 1); event !== undefined && found.length < limit; event = tail.at(next + 1)) {
      if (isWanted(event, wanted)) found.push(event);
      next = event.seq;
    }
    return { events: found, next };
  };

  const readHeld: EventReader['readHeld'] = async (after, limit, wanted, ms, signal) => {
    const end = performance.now() + ms;
    for (let place = after; ;) {
      const page = await read(place, limit, wanted);
      if (page.events.length > 0 || performance.now() >= end || signal.aborted) return page;
      place = page.next;
      await tail.grown(place, end - performance.now(), signal);
    }
  };

  return {
    placeAt: async (end) => (end === 'start' ? (await events.start()) - 1 : (tail.head ?? (await events.head()))),
    read,
    readHeld,
    stream: async function* (first, wanted, signal) {
      let page = first;
      let told: number | undefined;
      for (;;) {
        for (const event of page.events) {
          if (signal.aborted) return;
          yield { id: String(event.seq), event: event.kind, data: event };
          told = event.seq;
        }
        if (signal.aborted) return;
        if (told !== page.next) yield { id: String(page.next) };
        told = page.next;
        page = await readHeld(page.next, STREAM_AT_ONCE, wanted, MARK_MS, signal);
      }
    },
  };
}

function isWanted({ kind, allocation }: AllocationEvent, { client, uid, kinds, fleet, world }: Wanted): boolean {
  return (
    (client === undefined || allocation.client === client) &&
    (uid === undefined || allocation.uid === uid) &&
    (kinds === undefined || kinds.includes(kind)) &&
    (fleet === undefined || allocation.fleet === fleet) &&
    (world === undefined || allocation.world === world)
  );
}

function filterOf({ client, uid, kinds, fleet, world }: Wanted): Filter<EventDocument> {
  return {
    ...(client === undefined ? {} : { 'allocation.client': client }),
    ...(uid === undefined ? {} : { 'allocation.uid': uid }),
    ...(kinds === undefined ? {} : { kind: { $in: [...kinds] } }),
    ...(fleet === undefined ? {} : { 'allocation.fleet': fleet }),
    ...(world === undefined ? {} : { 'allocation.world': world }),
  };
}
