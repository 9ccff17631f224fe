/**
 * The newest events in memory, for every stream and held call of this process: one query for all of them.
 *
 * Readers keep their place and ask for what follows it; nothing is queued for them. Whoever is too slow, or begins too far
 * back, reads from the store instead (`read-events.ts`).
 */
import type { AllocationEvent } from '../../contracts/allocator-api/event.ts';
import type { Log } from '../../runtime/log.ts';
import type { EventLog } from '../store/events.ts';
import { createBell } from './bell.ts';

export interface EventTail {
  /** The newest number that was seen; undefined until the log was read. All up to it are in the log. */
  readonly head: number | undefined;
  /** From memory; undefined where it is not (or no longer, or not yet) there. */
  at(seq: number): AllocationEvent | undefined;
  /** Resolves when there is more than `seq`, after `ms`, or when the signal aborts. */
  grown(seq: number, ms: number, signal: AbortSignal): Promise<void>;
  /** This process has appended: look at once. */
  appended(): void;
  /** For the lifecycle: runs until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

/** Another process appends, and cannot tell us. */
const LOOK_EVERY_MS = 250;
const READ_AT_ONCE = 500;
/** Some minutes of a busy fleet, some megabytes. */
const REMEMBERED = 5_000;

export function createEventTail(events: Pick<EventLog, 'head' | 'readAfter'>, log: Log, remembered = REMEMBERED): EventTail {
  const bell = createBell();
  const waiting = new Set<() => void>();
  /** Without gaps; the last one is the head's. */
  let recent: AllocationEvent[] = [];
  let head: number | undefined;

  const begin = async () => {
    const newest = await events.head();
    recent = newest === 0 ? [] : await events.readAfter(newest - 1, 1, {}, newest);
    head = newest;
  };

  /** @returns whether there may be more. */
  const look = async (): Promise<boolean> => {
    if (head === undefined) await begin();
    const from = head ?? 0;
    // The one that we have comes along: if it is another now, or gone, the log is not the one that we knew.
    const found = await events.readAfter(Math.max(0, from - 1), READ_AT_ONCE);
    const known = recent.at(-1);
    const isSame = known === undefined || (found[0]?.seq === known.seq && found[0].id === known.id);
    if (!isSame) {
      log.warn('the event log is not the one that it was, as after a restore; it is read anew', { seq: from, now: found[0]?.seq ?? 0 });
      await begin();
      return true;
    }
    const fresh = found.filter((event) => event.seq > from);
    if (fresh.length === 0) return false;
    recent.push(...fresh);
    // Let go of half at a time, since moving the rest costs as much as the rest is long.
    if (recent.length > remembered * 2) recent = recent.slice(-remembered);
    head = recent.at(-1)?.seq ?? from;
    for (const wake of waiting) wake();
    return found.length === READ_AT_ONCE;
  };

  return {
    get head() {
      return head;
    },
    at: (seq) => recent[seq - (recent[0]?.seq ?? 0)],
    grown: async (seq, ms, signal) => {
      if ((head ?? 0) > seq || signal.aborted || ms <= 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      const wake = () => void ((head ?? 0) > seq && resolve());
      const abort = () => resolve();
      waiting.add(wake);
      signal.addEventListener('abort', abort, { once: true });
      await promise;
      clearTimeout(timer);
      waiting.delete(wake);
      signal.removeEventListener('abort', abort);
    },
    appended: () => bell.ring(),
    run: async (signal) => {
      let away = false;
      while (!signal.aborted) {
        try {
          const mayBeMore = await look();
          away = false;
          if (mayBeMore) continue;
        } catch (cause) {
          if (!away && !signal.aborted) log.warn('the event log cannot be read; its streams wait', { cause });
          away = true;
        }
        await bell.heard(LOOK_EVERY_MS, signal);
      }
    },
  };
}
