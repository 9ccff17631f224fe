/** Gives a turn to whatever is due: re-creates every job that Redis lost, and keeps every deadline. */
import type { Log } from '../../runtime/log.ts';
import { pause } from '../../runtime/deadline.ts';
import { translated } from '../../runtime/documents/collection.ts';
import type { Turns } from '../queue/turns.ts';
import type { Allocations } from '../store/allocations.ts';

/** Jobs are hints and may be lost; this is the backstop that nothing depends on for its speed. */
const EVERY_MS = 1_000;
/** Those who only wait in line are given so many turns at most: a long line must not keep everybody busy with looking. */
const AT_ONCE = 500;
/** After an outage all who missed their deadline are settled, however many: one look finds so many of them. */
const LATE_AT_ONCE = 20_000;

export async function sweep(allocations: Allocations, turns: Turns, now: () => number, log: Log, signal: AbortSignal): Promise<void> {
  let away = false;
  while (!signal.aborted) {
    try {
      for (const uid of await lateOf(allocations, new Date(now()))) turns.give(uid);
      for (const { _id } of await allocations.due(new Date(now()), AT_ONCE)) turns.give(_id);
      away = false;
    } catch (cause) {
      if (!away && !signal.aborted) log.warn('the sweep cannot read what is due', { cause });
      away = true;
    }
    await pause(EVERY_MS, signal);
  }
}

/** Past their deadline and not settled. */
async function lateOf(allocations: Allocations, now: Date): Promise<string[]> {
  const late = { state: { $in: ['queued' as const, 'placing' as const, 'allocated' as const] }, deadlineAt: { $lte: now } };
  const rows = await translated(() =>
    allocations.documents.raw
      .find(late, { projection: { _id: 1 } })
      .limit(LATE_AT_ONCE)
      .toArray(),
  );
  return rows.map(({ _id }) => _id);
}
