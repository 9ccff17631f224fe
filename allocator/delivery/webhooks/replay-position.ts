/** Where in the event log a replay begins. */
import { AppError } from '../../../contracts/app-error.ts';
import type { EventLog } from '../../store/events.ts';

/** Moves reach the log a moment after they happened, and not in the order of their clocks: so many events before are looked at. */
const LOOK_BACK = 1_000;

/**
 * `seq` of the last event that is not sent again.
 * @throws AppError `gone` when an event that is asked for is no longer kept.
 */
export async function replayPosition(
  events: Pick<EventLog, 'head' | 'start' | 'readAfter'>,
  from: { readonly after?: number | undefined; readonly since?: string | undefined },
): Promise<number> {
  const start = await events.start();
  const head = await events.head();
  if (from.since === undefined) {
    const after = Math.min(from.after ?? 0, head);
    if (after + 1 < start) throw pruned(`the oldest event that is kept has the number ${start}: replay after ${start - 1} or later`);
    return after;
  }
  const since = Date.parse(from.since);
  const first = await firstSince(events, since, start, head);
  const before = await events.readAfter(
    Math.max(start - 1, first - 1 - LOOK_BACK),
    LOOK_BACK,
    { at: { $gte: new Date(since) } },
    first - 1,
  );
  const after = (before[0]?.seq ?? first) - 1;
  // What happened since then begins with the oldest that is kept: there may have been more.
  if (after < start && start > 1) throw pruned('events from that instant on are no longer kept: events are kept for 7 days');
  return after;
}

/** By halves, as if the log were in the order of the clocks; `head + 1` when nothing has happened since. */
async function firstSince(events: Pick<EventLog, 'readAfter'>, since: number, start: number, head: number): Promise<number> {
  let low = start;
  let high = head + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await events.readAfter(middle - 1, 1);
    // Pruned meanwhile, or not there: what is asked for comes later.
    if (event === undefined || Date.parse(event.at) < since) low = middle + 1;
    else high = middle;
  }
  return low;
}

function pruned(message: string): AppError {
  return new AppError('gone', 'events_pruned', message);
}
