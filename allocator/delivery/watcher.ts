/** Holding the line: waits until an allocation is as a caller wants it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AllocationDocument } from '../allocation.ts';
import type { Allocations } from '../store/allocations.ts';
import { pause } from '../../runtime/deadline.ts';
import { translated } from '../../runtime/documents/collection.ts';

export interface Watcher {
  /** A move of this process: whoever waits for it looks at once. */
  changed(uid: string): void;
  /** A moment among the moves of this process: taken before a read, it tells later whether that read is still good. */
  moment(): number;
  /**
   * The allocation when `enough` holds, or as it is when time is up or the signal aborts.
   * @param known as it was read after a moment: it need not be read again if nothing moved it here since.
   */
  until(
    uid: string,
    enough: (allocation: AllocationDocument) => boolean,
    ms: number,
    signal: AbortSignal,
    known?: { readonly allocation: AllocationDocument; readonly moment: number },
  ): Promise<AllocationDocument | undefined>;
  /** For the lifecycle: runs until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

/** Another process may have moved it and cannot tell us: one query asks for everything that is waited for. */
const LOOK_EVERY_MS = 250;
/** Uids in one query; a few dozen kilobytes. */
const ASKED_AT_ONCE = 1_000;

/** A read that is older than so many moves of this process is read again. */
const MOST_MOVED = 5_000;

/** All who wait for one allocation. */
interface Line {
  readonly waiting: Set<() => void>;
  /** As those who wait have last read it; undefined while they have yet to. */
  version: number | undefined;
}

export function createWatcher(allocations: Pick<Allocations, 'find' | 'documents'>): Watcher {
  const lines = new Map<string, Line>();
  const reads = new Map<string, Promise<AllocationDocument | undefined>>();
  /** Uid → the moment of its last move here, of the newest few thousand. */
  const moved = new Map<string, number>();
  let moment = 0;
  let forgotten = 0;

  const note = (uid: string) => {
    moved.delete(uid);
    moved.set(uid, (moment += 1));
    if (moved.size <= MOST_MOVED) return;
    const [oldest] = moved;
    if (oldest === undefined) return;
    forgotten = oldest[1];
    moved.delete(oldest[0]);
  };
  const isGood = (uid: string, since: number) => since >= forgotten && (moved.get(uid) ?? 0) <= since;

  const wake = (uid: string) => {
    note(uid);
    const line = lines.get(uid);
    if (line === undefined) return;
    line.version = undefined;
    for (const look of line.waiting) look();
  };

  /** Those who are woken together share one read, which begins after the last of them has asked for it. */
  const read = (uid: string): Promise<AllocationDocument | undefined> => {
    const begun = reads.get(uid);
    if (begun !== undefined) return begun;
    const reading = nextTurn().then(() => {
      reads.delete(uid);
      return allocations.find(uid);
    });
    reads.set(uid, reading);
    return reading;
  };

  const stand = (uid: string, ms: number, signal: AbortSignal): { woken: Promise<void>; leave: () => void; line: Line } => {
    const line = lines.get(uid) ?? { waiting: new Set(), version: undefined };
    lines.set(uid, line);
    const { promise: woken, resolve } = Promise.withResolvers<void>();
    const look = () => resolve();
    const timer = setTimeout(look, ms);
    line.waiting.add(look);
    signal.addEventListener('abort', look, { once: true });
    const leave = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', look);
      line.waiting.delete(look);
      if (line.waiting.size === 0 && lines.get(uid) === line) lines.delete(uid);
    };
    return { woken, leave, line };
  };

  return {
    changed: wake,
    moment: () => moment,
    until: async (uid, enough, ms, signal, known) => {
      const end = performance.now() + ms;
      for (let first = known; ; first = undefined) {
        // Registered before the look, so that no change falls between.
        const { woken, leave, line } = stand(uid, Math.max(0, end - performance.now()), signal);
        try {
          const found = first !== undefined && isGood(uid, first.moment) ? first.allocation : await read(uid);
          if (found === undefined || enough(found) || performance.now() >= end || signal.aborted) return found;
          // Of several reads the oldest counts: whoever read it has to be woken.
          line.version = Math.min(line.version ?? found.version, found.version);
          await woken;
        } finally {
          leave();
        }
      }
    },
    run: async (signal) => {
      while (!signal.aborted) {
        await pause(LOOK_EVERY_MS, signal);
        // While the database is away those who wait just go on waiting; their own reads say so.
        await lookAtAll(allocations, lines, wake).catch(() => {});
      }
    },
  };
}

async function lookAtAll(
  { documents }: Pick<Allocations, 'documents'>,
  lines: ReadonlyMap<string, Line>,
  wake: (uid: string) => void,
): Promise<void> {
  const uids = [...lines].flatMap(([uid, line]) => (line.version === undefined ? [] : [uid]));
  for (let from = 0; from < uids.length; from += ASKED_AT_ONCE) {
    const some = uids.slice(from, from + ASKED_AT_ONCE);
    const rows = await translated(() => documents.raw.find({ _id: { $in: some } }, { projection: { version: 1 } }).toArray());
    for (const { _id, version } of rows) {
      const line = lines.get(_id);
      if (line?.version !== undefined && version > line.version) wake(_id);
    }
  }
}
