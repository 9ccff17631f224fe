/** Holding the line: waits until an allocation is as a caller wants it. */
import type { AllocationDocument } from '../allocation.ts';
import type { Allocations } from '../store/allocations.ts';
import { pause } from '../../runtime/deadline.ts';

export interface Watcher {
  /** A move of this process: whoever waits for it looks at once. */
  changed(uid: string): void;
  /** The allocation when `enough` holds, or as it is when time is up or the signal aborts. */
  until(
    uid: string,
    enough: (allocation: AllocationDocument) => boolean,
    ms: number,
    signal: AbortSignal,
  ): Promise<AllocationDocument | undefined>;
  /** For the lifecycle: runs until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

/** Another process may have moved it and cannot tell us: one query asks for everything that is waited for. */
const LOOK_EVERY_MS = 250;

export function createWatcher(allocations: Allocations): Watcher {
  const waiting = new Map<string, Set<() => void>>();
  const seen = new Map<string, string>();
  const wake = (uid: string) => {
    for (const look of waiting.get(uid) ?? []) look();
  };

  const untilNext = (uid: string, ms: number, signal: AbortSignal): { promise: Promise<void>; cancel: () => void } => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    const looks = waiting.get(uid) ?? new Set();
    waiting.set(uid, looks.add(resolve));
    signal.addEventListener('abort', () => resolve(), { once: true });
    const cancel = () => {
      clearTimeout(timer);
      looks.delete(resolve);
      if (looks.size === 0 && waiting.get(uid) === looks) {
        waiting.delete(uid);
        seen.delete(uid);
      }
    };
    return { promise, cancel };
  };

  return {
    changed: wake,
    until: async (uid, enough, ms, signal) => {
      const end = Date.now() + ms;
      for (;;) {
        // Registered before the look, so that no change falls between.
        const next = untilNext(uid, Math.max(0, end - Date.now()), signal);
        try {
          const found = await allocations.find(uid);
          if (found === undefined || enough(found) || Date.now() >= end || signal.aborted) return found;
          await next.promise;
        } finally {
          next.cancel();
        }
      }
    },
    run: async (signal) => {
      while (!signal.aborted) {
        await pause(LOOK_EVERY_MS, signal);
        if (waiting.size === 0) continue;
        await lookAtAll(allocations, [...waiting.keys()], seen, wake).catch(() => {});
      }
    },
  };
}

async function lookAtAll(
  allocations: Allocations,
  uids: readonly string[],
  seen: Map<string, string>,
  wake: (uid: string) => void,
): Promise<void> {
  const { raw } = allocations.documents;
  const rows = await raw.find({ _id: { $in: [...uids] } }, { projection: { state: 1, attempt: 1, claimedAt: 1 } }).toArray();
  for (const { _id, state, attempt } of rows) {
    const now = `${state}/${attempt}`;
    if (seen.get(_id) !== now) {
      seen.set(_id, now);
      wake(_id);
    }
  }
}
