/**
 * The journal of the world that is played: accepted on this pod's disk, then made durable in saves, in batches, for as long
 * as it takes.
 *
 *     append ──▶ spool (fsync) ──▶ accepted ──▶ batch ──▶ saves ──▶ durable
 *                                                └── epoch stale: read-only, for good
 */
import { AppError } from '../../contracts/app-error.ts';
import type { Acks } from '../../contracts/bridge-api/acks.ts';
import type { JournalEntry } from '../../contracts/saves.ts';
import type { Log } from '../../runtime/log.ts';
import { keepTrying } from '../backend/keep-trying.ts';
import { acceptedTo, durableTo, judgeAppend, type JournalPosition } from './journal-acks.ts';
import type { Spool } from './spool.ts';

export type StoreOutcome = { readonly kind: 'stored'; readonly durableSeq: number } | { readonly kind: 'fenced'; readonly detail: string };

/** Where entries become durable. Throws while it is away; `fenced` once and for all when another holds the world. */
export interface JournalSink {
  append(entries: readonly JournalEntry[]): Promise<StoreOutcome>;
}

export interface WorldJournal {
  acks(): Acks;
  /** Resolves when the entries are on disk. @throws AppError `conflict` for a gap or when read-only. */
  append(entries: readonly JournalEntry[]): Promise<Acks>;
  /** Resolves when the durable entry passes `after`, the journal becomes read-only, or the signal is aborted. */
  untilDurable(after: number, signal: AbortSignal): Promise<Acks>;
  /** Forwards until the signal. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface WorldJournalParts {
  readonly spool: Spool;
  readonly sink: JournalSink;
  readonly log: Log;
  readonly onFenced: (detail: string) => void;
}

const BATCH_ENTRIES = 1_000;
const BATCH_BYTES = 1024 * 1024;
/** Larger ones would not fit one request to saves. */
const LARGEST_ENTRY_BYTES = 3 * 1024 * 1024;

/** @param durable the newest entry that is known to be stored. */
export function createWorldJournal(durable: number, readOnly: boolean, { spool, sink, log, onFenced }: WorldJournalParts): WorldJournal {
  let position: JournalPosition = durableTo({ accepted: spool.last, durable: spool.first }, durable);
  /** Newest entry handed to the spool, on disk or on its way. */
  let handed = position.accepted;
  let fenced = readOnly;
  const watchers = new Set<() => void>();
  const tell = () => {
    for (const watcher of watchers) watcher();
  };
  const acks = (): Acks => ({ ...position, readOnly: fenced });
  const until = (test: () => boolean, signal: AbortSignal) =>
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

  const forward = async (signal: AbortSignal) => {
    const entries = await spool.read(position.durable, BATCH_ENTRIES, BATCH_BYTES);
    if (entries.length === 0) throw new AppError('internal', 'spool_gap', `the spool has no entry after ${position.durable}`);
    const outcome = await keepTrying('forwarding world entries', () => sink.append(entries), { signal, log, passing: () => true });
    if (outcome.kind === 'fenced') {
      fenced = true;
      onFenced(outcome.detail);
    } else {
      position = durableTo(position, outcome.durableSeq);
      await spool.drop(position.durable);
    }
    tell();
  };

  return {
    acks,
    append: async (entries) => {
      if (fenced) throw new AppError('conflict', 'world_read_only', 'another server holds this world: it is read-only here');
      const large = entries.find((entry) => Buffer.byteLength(JSON.stringify(entry)) > LARGEST_ENTRY_BYTES);
      if (large !== undefined)
        throw new AppError('too-large', 'entry_too_large', `entry ${large.seq} has more than ${LARGEST_ENTRY_BYTES} bytes`);
      const verdict = judgeAppend({ ...position, accepted: handed }, entries);
      if (verdict.kind === 'gap')
        throw new AppError('conflict', 'sequence_gap', `the next entry is ${verdict.expected}, not ${verdict.got}`);
      handed = verdict.fresh.at(-1)?.seq ?? handed;
      try {
        await spool.append(verdict.fresh);
      } catch (cause) {
        handed = spool.last;
        throw cause;
      }
      position = acceptedTo(position, verdict.fresh.at(-1)?.seq ?? 0);
      tell();
      return acks();
    },
    untilDurable: async (after, signal) => {
      await until(() => position.durable > after || fenced, signal);
      return acks();
    },
    run: async (signal) => {
      while (!signal.aborted) {
        await until(() => position.accepted > position.durable && !fenced, signal);
        if (!signal.aborted) await forward(signal);
      }
    },
    close: () => spool.close(),
  };
}
