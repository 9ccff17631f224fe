/** The journals of the one session: opened when it is claimed, forwarded until the bridge ends. */
import { AppError } from '../../contracts/app-error.ts';
import type { Log } from '../../runtime/log.ts';
import { inventoryHeld } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';
import { forwardJournals, type JournalSink } from './forward.ts';
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
  /** True when nothing accepted is left that is not durable; false when the signal came first, or some of it is lost. */
  flush(signal: AbortSignal): Promise<boolean>;
}

export interface SessionJournalsParts {
  readonly store: SessionStore;
  readonly sink: JournalSink;
  readonly folder: string;
  readonly mostBytes: number;
  /** The world's journal was closed. */
  readonly onWorldLost: (detail: string) => void;
  readonly log: Log;
}

export function createSessionJournals({ store, sink, folder, mostBytes, onWorldLost, log }: SessionJournalsParts): SessionJournals {
  let journals: Journals | undefined;
  const ready = Promise.withResolvers<void>();

  const onClosed = (journal: JournalKey, { detail }: Closed) => {
    const { kind, id } = subjectOf(journal);
    if (kind === 'worlds') return onWorldLost(detail);
    store
      .change((state) => inventoryHeld(state, id, true))
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
        await forwardJournals(journals, sink, log, signal);
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
