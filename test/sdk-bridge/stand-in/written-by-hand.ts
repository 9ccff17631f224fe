/**
 * The sidecar's queue, written when a test says so: what has met in one write there meets here as well, however slow the machine is.
 */
import type { Later } from '../../../sdk-bridge/solo/sidecar/write-queue.ts';

export interface WrittenByHand {
  readonly later: Later;
  /** Begins what waits, in the order in which it was asked for. */
  write(): void;
}

export function writtenByHand(): WrittenByHand {
  const waiting = new Set<() => void>();
  return {
    later: (act) => {
      waiting.add(act);
      return () => waiting.delete(act);
    },
    write: () => {
      const now = [...waiting];
      waiting.clear();
      for (const act of now) act();
    },
  };
}
