/**
 * The journals of a session, of its world and of its players' inventories: accepted on this pod's disk, then made durable in saves, in
 * batches, for as long as it takes.
 *
 *     append ──▶ spool (fsync) ──▶ accepted ──▶ wave of batches ──▶ saves ──▶ durable
 *                                                     ├── epoch stale: closed, read-only
 *                                                     └── never taken: its place stays empty, and acks say so
 */
import { randomUUID } from 'node:crypto';
import type { Acks } from '../../contracts/bridge-api/acks.ts';
import type { EntryRefusal, JournalEntry } from '../../contracts/saves.ts';
import type { Log } from '../../runtime/log.ts';
import { judgeAppend } from './judge-append.ts';
import { refusalRecord, type Closed, type EntryRecord, type Head, type JournalKey } from './journal-head.ts';
import type { Place, Spool } from './spool.ts';

export interface Journals {
  /** Undefined while it is not open. */
  head(journal: JournalKey): Head | undefined;
  acks(journal: JournalKey): Acks;
  /** Every journal that is or was open. */
  keys(): readonly JournalKey[];
  /** Another one whenever a durable entry, or what is read-only, is another. */
  version(): string;
  /** From now on its next entry is `seq + 1`, under this lease. What an older generation has not made durable is over. */
  open(journal: JournalKey, epoch: number, seq: number): Promise<void>;
  /** Nothing is accepted any more, and what is accepted and not durable is lost. */
  close(journal: JournalKey, why: Closed['why'], detail: string, durable?: number): Promise<void>;
  /** Saves never takes the entry: from now on acks say so, and its places are stored empty. */
  refuse(record: EntryRecord, why: EntryRefusal): Promise<void>;
  /** Its empty place is about to be tried. */
  doubt(record: EntryRecord, why: EntryRefusal): Promise<void>;
  /** Resolves when the entries are on disk. @throws what `judgeAppend` and the spool throw. */
  append(journal: JournalKey, entries: readonly JournalEntry[]): Promise<Acks>;
  /** Saves has it up to here. */
  stored(journal: JournalKey, seq: number): void;
  /** All records up to there are durable or lost. */
  settled(place: Place): Promise<void>;
  /** True when everything that was accepted by now is durable; false when the signal came first, or some of it is lost. */
  flush(signal: AbortSignal): Promise<boolean>;
  readonly spool: Spool;
  /** Resolves when the test holds, or the signal is aborted; it is tested after every change. */
  until(test: () => boolean, signal: AbortSignal): Promise<void>;
}

export interface JournalsParts {
  readonly spool: Spool;
  readonly log: Log;
  readonly onClosed: (journal: JournalKey, closed: Closed) => void;
}

export function createJournals({ spool, log, onClosed }: JournalsParts): Journals {
  const { heads } = spool;
  /** Of each open generation; what an older process made durable is not known better than what it had settled. */
  const durable = new Map<JournalKey, number>();
  for (const [journal, head] of heads) {
    const before = spool.settled.get(journal);
    durable.set(journal, before?.generation === head.generation ? before.seq : head.from);
  }
  let cursor = spool.first;
  let changes = 0;
  const boot = randomUUID().slice(0, 8);
  const watchers = new Set<() => void>();
  const tell = () => {
    for (const watcher of watchers) watcher();
  };
  const changed = () => {
    changes += 1;
    tell();
  };
  const durableOf = (journal: JournalKey, head: Head) => head.closed?.durable ?? durable.get(journal) ?? 0;

  const acksOf = (journal: JournalKey, head: Head | undefined): Acks => {
    if (head === undefined) return { accepted: 0, durable: 0, readOnly: false };
    const { seq, closed, refused } = head;
    const stored = durableOf(journal, head);
    const acks = { accepted: Math.max(seq, stored), durable: stored, readOnly: closed !== undefined };
    return refused === undefined ? acks : { ...acks, refused: [...refused] };
  };

  const until: Journals['until'] = (test, signal) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!test() && !signal.aborted) return;
        watchers.delete(check);
        signal.removeEventListener('abort', check);
        resolve();
      };
      watchers.add(check);
      signal.addEventListener('abort', check, { once: true });
      check();
    });
  const isSettledTo = (place: Place) => !isBefore(cursor, place) || !spool.hasAfter(cursor);

  return {
    spool,
    until,
    head: (journal) => heads.get(journal),
    acks: (journal) => acksOf(journal, heads.get(journal)),
    keys: () => [...heads.keys()],
    version: () => `${boot}-${changes}`,
    open: async (journal, epoch, seq) => {
      const generation = (spool.handed.get(journal)?.generation ?? 0) + 1;
      await spool.append([{ is: 'open', journal, generation, epoch, seq }]);
      durable.set(journal, seq);
      changed();
    },
    close: async (journal, why, detail, known) => {
      const head = heads.get(journal);
      if (head === undefined || head.closed !== undefined) return;
      const closed = { durable: known ?? durableOf(journal, head), why, detail };
      log.warn('a journal is lost: it is read-only here', { journal, why, detail, accepted: head.seq, durable: closed.durable });
      await spool.append([{ is: 'close', journal, generation: head.generation, closed }]);
      changed();
      onClosed(journal, closed);
    },
    append: async (journal, entries) => {
      const fresh = judgeAppend(spool.handed, journal, entries);
      await spool.append(fresh);
      tell();
      return acksOf(journal, heads.get(journal));
    },
    refuse: async (record, why) => {
      await spool.append([refusalRecord(record, why)]);
      changed();
    },
    doubt: ({ journal, generation, entry: { seq } }, why) => spool.append([{ is: 'doubted', journal, generation, seq, why }]),
    stored: (journal, seq) => {
      if (seq <= (durable.get(journal) ?? 0)) return;
      durable.set(journal, seq);
      changed();
    },
    settled: async (place) => {
      cursor = place;
      await spool.settle(place);
      tell();
    },
    flush: async (signal) => {
      // Those that are on their way to the disk, too.
      await spool.append([]);
      const { end } = spool;
      await until(() => isSettledTo(end), signal);
      return isSettledTo(end) && [...heads.values()].every(({ closed, seq }) => closed === undefined || closed.durable >= seq);
    },
  };
}

function isBefore(a: Place, b: Place): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);
}
