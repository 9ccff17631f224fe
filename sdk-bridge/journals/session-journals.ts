/** The journals of the one session: opened when it is claimed, forwarded until the bridge ends. */
import { AppError } from '../../contracts/app-error.ts';
import type { Log } from '../../runtime/log.ts';
import { inventoryLost } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';
import { forwardJournals } from './forward.ts';
import type { JournalSink } from './forwarding.ts';
import { keepRefused } from './refused-entries.ts';
import { subjectOf, type Closed, type JournalKey } from './journal-head.ts';
import { createJournals, type Journals } from './journals.ts';
import { openSpool } from './spool.ts';

export interface SessionJournals {
  /** Opens the spool when a session is claimed, and forwards it until the signal. */
  run(signal: AbortSignal): Promise<void>;
  /** Undefined until the session is claimed. */
  current(): Journals | undefined;
  /** @throws AppError `unavailable` when the signal comes before a session. */
  opened(signal: AbortSignal): Promise<Journals>;
  /** Entries that saves never took, as `worlds/w 5`. */
  refused(): readonly string[];
  /** True when nothing accepted is left that is not durable; false when the signal came first, or some of it is lost. */
  flush(signal: AbortSignal): Promise<boolean>;
}

export interface SessionJournalsParts {
  readonly store: SessionStore;
  readonly sink: JournalSink;
  readonly folder: string;
  readonly mostBytes: number;
  /** Where entries are kept that saves never takes. */
  readonly refusedFolder: string;
  /** For how long saves may fail on one entry, at least, before its empty place is tried, in milliseconds. */
  readonly patienceMs: number;
  /** The world's journal was closed. */
  readonly onWorldLost: (detail: string) => void;
  readonly log: Log;
  readonly now: () => number;
}

export function createSessionJournals(parts: SessionJournalsParts): SessionJournals {
  const { store, sink, folder, mostBytes, refusedFolder, patienceMs, onWorldLost, log, now } = parts;
  let journals: Journals | undefined;
  const ready = Promise.withResolvers<void>();

  const onClosed = (journal: JournalKey, { why, detail }: Closed) => {
    const { kind, id } = subjectOf(journal);
    if (kind === 'worlds') return onWorldLost(detail);
    store
      .change((state) => inventoryLost(state, id, why === 'elsewhere' ? 'another session has the inventory' : detail))
      .catch((cause: unknown) => log.error('the session could not be kept', { cause }));
  };

  const opened = async (signal: AbortSignal) => {
    if (journals === undefined) await Promise.race([ready.promise, untilAborted(signal)]);
    if (journals === undefined) throw new AppError('unavailable', 'journals_opening', 'no session is claimed yet', { retryAfter: 1 });
    return journals;
  };

  return {
    current: () => journals,
    opened,
    refused: () =>
      [...(journals?.spool.heads ?? [])].flatMap(([journal, { refused = [] }]) => refused.map(({ seq }) => `${journal} ${seq}`)),
    flush: async (signal) => {
      if (store.current().claim === null) return true;
      await Promise.race([ready.promise, untilAborted(signal)]);
      return journals === undefined ? !signal.aborted : journals.flush(signal);
    },
    run: async (signal) => {
      const { claim } = await store.until((state) => state.claim !== null, signal);
      if (claim === null || signal.aborted) return;
      const { uid, attempt } = claim;
      const spool = await openSpool({ folder, owner: { uid, attempt }, mostBytes, log });
      journals = createJournals({ spool, log, onClosed });
      ready.resolve();
      try {
        const setAside: Parameters<typeof forwardJournals>[0]['setAside'] = (record, why) => keepRefused(refusedFolder, record, why, now());
        const canTell = () => store.current().hello?.refusals === true;
        await forwardJournals({ journals, sink, setAside, canTell, patienceMs, now, log }, signal);
      } catch (cause) {
        if (!signal.aborted) throw cause;
      } finally {
        await spool.close();
      }
    },
  };
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
