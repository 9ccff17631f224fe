/**
 * From the outbox of each allocation into the event log: copied first, taken out afterwards.
 *
 *   move ─▶ outbox (in the same write) ─▶ events (numbered) ─▶ taken out
 *
 * One process does it at a time (lease `events`), so that nobody does it in vain; that two do it at once, or that one wakes
 * after a long pause, does no harm: the log takes an event once, and only what is in the log is taken out. A process that dies
 * in between leaves the outbox as it was. While nobody drains, events wait in their allocations.
 */
import { z } from 'zod';
import { AllocationState } from '../../contracts/allocator.ts';
import { AllocationEvent, EventKind } from '../../contracts/allocator-api/event.ts';
import { pause } from '../../runtime/deadline.ts';
import { translated } from '../../runtime/documents/collection.ts';
import type { Log } from '../../runtime/log.ts';
import type { Allocations } from '../store/allocations.ts';
import type { EventLog, NewEvent } from '../store/events.ts';
import { createBell } from './bell.ts';
import type { EventMetrics } from './event-metrics.ts';

export interface DrainParts {
  readonly allocations: Pick<Allocations, 'documents'>;
  readonly events: Pick<EventLog, 'append' | 'prune'>;
  readonly metrics: Pick<EventMetrics, 'appended' | 'pruned' | 'oldestUntold'>;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** There is something new in the log. */
  readonly appended: () => void;
}

export interface Drainer {
  /** A move of this process: it is told at once. */
  wake(): void;
  /** Until the signal, or until something fails; then it may begin again. */
  run(signal: AbortSignal): Promise<void>;
}

/** Moves of other processes cannot wake us. */
const LOOK_EVERY_MS = 250;
/** Moves come in bunches; one look serves a bunch. */
const GATHER_MS = 10;
/** Allocations at once, and events in one write: each well under the largest message of the database. */
const ALLOCATIONS_AT_ONCE = 200;
const EVENTS_AT_ONCE = 500;

const KEPT_MS = 7 * 24 * 3_600_000;
const PRUNE_EVERY_MS = 60_000;
const PRUNE_AT_ONCE = 2_000;

export function createDrainer(parts: DrainParts): Drainer {
  const bell = createBell();
  return {
    wake: () => bell.ring(),
    run: async (signal) => {
      const odd = new Set<string>();
      let pruneAt = 0;
      while (!signal.aborted) {
        const mayBeMore = await drainOnce(parts, odd, signal);
        if (mayBeMore) continue;
        if (parts.now() >= pruneAt) {
          const pruned = await parts.events.prune(new Date(parts.now() - KEPT_MS), PRUNE_AT_ONCE);
          parts.metrics.pruned(pruned);
          if (pruned < PRUNE_AT_ONCE) pruneAt = parts.now() + PRUNE_EVERY_MS;
        }
        await bell.heard(LOOK_EVERY_MS, signal);
        await pause(GATHER_MS, signal);
      }
      // Another tells it from now on.
      parts.metrics.oldestUntold(0);
    },
  };
}

const told = AllocationEvent.shape.allocation.shape;

/** What is read of an allocation: as little as can be, so that what else is in it cannot stop the log. */
const Untold = z.object({
  _id: told.uid,
  client: told.client,
  id: told.id,
  state: told.state,
  request: z.object({ fleet: told.fleet, build: told.build, mode: told.mode, session: z.object({ world: told.world }) }),
  outbox: z.array(z.object({ id: z.string(), kind: EventKind, at: z.date(), data: z.record(z.string(), z.unknown()) })),
  untoldSince: z.date(),
  traceparent: z.string().optional(),
});
type Untold = z.infer<typeof Untold>;

const READ = {
  ...Object.fromEntries(['client', 'id', 'state', 'outbox', 'untoldSince', 'traceparent'].map((name) => [name, 1])),
  ...Object.fromEntries(['fleet', 'build', 'mode', 'session.world'].map((name) => [`request.${name}`, 1])),
};

/**
 * One look at the oldest of what is untold.
 * @param odd uids that this build cannot read, left out from then on: another build's process will.
 * @returns whether there may be more.
 */
export async function drainOnce(parts: DrainParts, odd: Set<string>, signal: AbortSignal): Promise<boolean> {
  const { raw } = parts.allocations.documents;
  const rows = await translated(() =>
    raw
      .find({ untoldSince: { $gt: new Date(0) }, ...(odd.size === 0 ? {} : { _id: { $nin: [...odd] } }) }, { projection: READ })
      .sort({ untoldSince: 1 })
      .limit(ALLOCATIONS_AT_ONCE)
      .toArray(),
  );
  const untold = rows.flatMap((row) => {
    const parsed = Untold.safeParse(row);
    if (parsed.success) return [parsed.data];
    odd.add(row._id);
    parts.log.error('the events of an allocation have another shape than this build knows', {
      allocationUid: row._id,
      cause: parsed.error,
    });
    return [];
  });
  parts.metrics.oldestUntold(untold[0] === undefined ? 0 : (parts.now() - untold[0].untoldSince.getTime()) / 1_000);
  const events = untold.flatMap(eventsOf);
  for (let from = 0; from < events.length && !signal.aborted; from += EVENTS_AT_ONCE) {
    const some = events.slice(from, from + EVENTS_AT_ONCE);
    const count = await parts.events.append(some);
    parts.appended();
    for (const { kind, at } of some.slice(some.length - count)) parts.metrics.appended(kind, (parts.now() - at.getTime()) / 1_000);
  }
  if (signal.aborted) return false;
  await takeOut(
    parts.allocations,
    untold.map((allocation) => allocation._id),
    events.map((event) => event.eventId),
  );
  return rows.length === ALLOCATIONS_AT_ONCE;
}

function eventsOf(allocation: Untold): NewEvent[] {
  const { request, traceparent } = allocation;
  const { fleet, session } = request;
  return allocation.outbox.map(({ id, kind, at, data: { state: entered, ...data } }) => {
    const state = AllocationState.safeParse(entered ?? kind);
    return {
      eventId: id,
      kind,
      at,
      allocation: {
        id: allocation.id,
        uid: allocation._id,
        client: allocation.client,
        state: state.success ? state.data : allocation.state,
        build: request.build,
        mode: request.mode,
        ...(fleet === undefined ? {} : { fleet }),
        ...(session.world === undefined ? {} : { world: session.world }),
      },
      data,
      ...(traceparent === undefined ? {} : { traceparent }),
    };
  });
}

/** Exactly what was copied goes; an event that was appended meanwhile stays, and with it the time since when. */
async function takeOut(allocations: DrainParts['allocations'], uids: readonly string[], eventIds: readonly string[]): Promise<void> {
  if (uids.length === 0) return;
  const left = { $filter: { input: '$outbox', as: 'event', cond: { $not: [{ $in: ['$$event.id', { $literal: eventIds }] }] } } };
  const since = { $cond: [{ $eq: [{ $size: '$outbox' }, 0] }, null, '$untoldSince'] };
  // The version stays: nothing changed for the readers of an allocation.
  await translated(() =>
    allocations.documents.raw.updateMany({ _id: { $in: [...uids] } }, [{ $set: { outbox: left } }, { $set: { untoldSince: since } }]),
  );
}
