/** What goes wrong on purpose, one after the other, so that each is seen for itself. */
import { pause } from '../../../runtime/deadline.ts';
import type { Tally } from '../tally.ts';

export interface Disturbance {
  readonly name: string;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

const BETWEEN_MS = 3_000;
const AGAIN_MS = 60_000;

/** Resolves after one round; without `once` it goes on until the signal. Never rejects: what does not go well is a trouble. */
export async function disturb(disturbances: readonly Disturbance[], tally: Tally, once: boolean, signal: AbortSignal): Promise<void> {
  do {
    for (const { name, run } of disturbances) {
      try {
        await run(signal);
      } catch (error) {
        if (signal.aborted) return;
        tally.trouble(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
      await pause(BETWEEN_MS, signal);
    }
    if (!once) await pause(AGAIN_MS, signal);
  } while (!once && !signal.aborted);
}
