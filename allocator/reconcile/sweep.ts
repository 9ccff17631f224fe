/** Gives a turn to whatever is due: re-creates every job that Redis lost, and keeps every deadline. */
import type { Log } from '../../runtime/log.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Turns } from '../queue/turns.ts';
import type { Allocations } from '../store/allocations.ts';

/** Jobs are hints and may be lost; this is the backstop that nothing depends on for its speed. */
const EVERY_MS = 1_000;
const AT_ONCE = 500;

export async function sweep(allocations: Allocations, turns: Turns, now: () => number, log: Log, signal: AbortSignal): Promise<void> {
  let away = false;
  while (!signal.aborted) {
    try {
      for (const { _id } of await allocations.due(new Date(now()), AT_ONCE)) turns.give(_id);
      away = false;
    } catch (cause) {
      if (!away && !signal.aborted) log.warn('the sweep cannot read what is due', { cause });
      away = true;
    }
    await pause(EVERY_MS, signal);
  }
}
