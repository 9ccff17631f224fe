/** Gives a turn to whatever is due: re-creates every job that Redis lost, and keeps every deadline. */
import { pause } from '../../runtime/deadline.ts';
import type { MoveParts } from '../moves/parts.ts';
import { expireLate } from './expire-late.ts';

/** Jobs are hints and may be lost; this is the backstop that nothing depends on for its speed. */
const EVERY_MS = 1_000;
/** Those who only wait in line are given so many turns at most: a long line must not keep everybody busy with looking. */
const AT_ONCE = 500;

export async function sweep(parts: MoveParts, signal: AbortSignal): Promise<void> {
  let away = false;
  while (!signal.aborted) {
    try {
      await expireLate(parts, signal);
      for (const { _id } of await parts.allocations.due(new Date(parts.now()), AT_ONCE)) parts.turn(_id);
      away = false;
    } catch (cause) {
      if (!away && !signal.aborted) parts.log.warn('the sweep cannot read what is due', { cause });
      away = true;
    }
    await pause(EVERY_MS, signal);
  }
}
