/** Wakes a loop before its time. A ring while nobody listens is kept, so that none falls between a look and a wait. */
export interface Bell {
  ring(): void;
  /** Resolves at a ring, after `ms` unless they are without end, or when the signal aborts. For one listener at a time. */
  heard(ms: number, signal: AbortSignal): Promise<void>;
}

export function createBell(): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    heard: async (ms, signal) => {
      if (!rung && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = () => resolve();
        const timer = Number.isFinite(ms) ? setTimeout(resolve, ms) : undefined;
        signal.addEventListener('abort', wake, { once: true });
        await promise;
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        wake = undefined;
      }
      rung = false;
    },
  };
}
