/** The world of the session: opened after the claim, restored, appended to, closed by a snapshot now and then. */
import { AppError } from '../../contracts/app-error.ts';
import type { Claim } from '../../contracts/allocator.ts';
import type { Acks } from '../../contracts/bridge-api/acks.ts';
import type { JournalEntry, Restore, Snapshot } from '../../contracts/saves.ts';
import type { Log } from '../../runtime/log.ts';
import { keepTrying } from '../backend/keep-trying.ts';
import type { SavesLink } from '../backend/saves-link.ts';
import { isLost } from '../journals/judge-refusal.ts';
import { keyOf, type JournalKey } from '../journals/journal-head.ts';
import type { Journals } from '../journals/journals.ts';
import { untilAborted, type SessionJournals } from '../journals/session-journals.ts';
import type { SessionStore } from '../store/session-store.ts';

export interface WorldLink {
  /** Opens the world's journal when a world is claimed. Resolves when it is open, or lost. */
  run(signal: AbortSignal): Promise<void>;
  append(entries: readonly JournalEntry[], signal: AbortSignal): Promise<Acks>;
  /** Waits until `durable` passes `after`, the world is lost, or `until` is aborted. */
  acks(after: number, until: AbortSignal, opening: AbortSignal): Promise<Acks>;
  /** What is durable, after what was accepted here has become so. */
  restore(signal: AbortSignal): Promise<{ world: string } & Pick<Restore, 'durableSeq' | 'snapshot' | 'entries'>>;
  /** @throws AppError `conflict` when it contains entries that are not durable yet. */
  putSnapshot(snapshot: Snapshot, signal: AbortSignal): Promise<void>;
}

export interface WorldLinkParts {
  readonly store: SessionStore;
  readonly saves: SavesLink;
  readonly journals: SessionJournals;
  readonly onLost: (detail: string) => void;
  readonly log: Log;
}

interface OwnedWorld {
  readonly world: string;
  readonly journal: JournalKey;
  readonly epoch: number;
}

/** All but `run`: @throws AppError `not-found` without a world, `unavailable` when the signal comes before it is open. */
export function createWorldLink({ store, saves, journals, onLost, log }: WorldLinkParts): WorldLink {
  const opened = Promise.withResolvers<void>();

  const claimedWorld = () => {
    const { claim } = store.current();
    const owned = claim === null ? undefined : ownedWorld(claim);
    if (owned === undefined) throw new AppError('not-found', 'no_world', 'no persistent world is played in this session');
    return owned;
  };

  const openJournal = async (signal: AbortSignal): Promise<Journals & { readonly key: JournalKey }> => {
    const { journal } = claimedWorld();
    const found = await journals.opened(signal);
    if (found.head(journal) === undefined) await Promise.race([opened.promise, untilAborted(signal)]);
    if (found.head(journal) === undefined)
      throw new AppError('unavailable', 'world_opening', 'the world is being opened', { retryAfter: 1 });
    return { ...found, key: journal };
  };

  const open = async ({ world, journal, epoch }: OwnedWorld, signal: AbortSignal) => {
    const found = await journals.opened(signal);
    // An earlier process of this session has opened it, and may have accepted entries: saves need not be there for going on.
    if (found.head(journal)?.epoch === epoch) return;
    // Only what says that the world is lost ends the tries: a session goes on while saves is misled or misconfigured.
    const passing = (cause: unknown) => !isLost(cause);
    const lease = await keepTrying('looking at the world lease', () => saves.lease({ kind: 'worlds', id: world }), {
      signal,
      log,
      passing,
    });
    await found.open(journal, epoch, lease.durableSeq);
    if (lease.epoch !== epoch) await found.close(journal, 'elsewhere', `its epoch is ${lease.epoch}, ours ${epoch}`);
    log.info('the world journal is open', { world, epoch, ...found.acks(journal) });
  };

  return {
    run: async (signal) => {
      const { claim } = await store.until((state) => state.claim !== null, signal);
      const owned = claim === null ? undefined : ownedWorld(claim);
      if (owned === undefined || signal.aborted) return;
      try {
        await open(owned, signal);
      } catch (cause) {
        if (signal.aborted) return;
        if (!isLost(cause)) throw cause;
        onLost(cause.message);
      }
      opened.resolve();
    },
    append: async (entries, signal) => {
      const found = await openJournal(signal);
      return found.append(found.key, entries);
    },
    acks: async (after, until, opening) => {
      const found = await openJournal(opening);
      const acks = () => found.acks(found.key);
      await found.until(() => acks().durable > after || acks().readOnly, until);
      return acks();
    },
    restore: async (signal) => {
      const { world } = claimedWorld();
      await openJournal(signal).catch(() => {});
      await journals.flush(signal);
      signal.throwIfAborted();
      return { world, ...(await saves.restore({ kind: 'worlds', id: world }, signal)) };
    },
    putSnapshot: async (snapshot, signal) => {
      const { world, epoch, journal } = claimedWorld();
      const found = await openJournal(signal);
      const { durable, readOnly } = found.acks(journal);
      if (readOnly) throw new AppError('conflict', 'world_read_only', 'another server holds this world: it is read-only here');
      if (snapshot.seq > durable)
        throw new AppError('conflict', 'snapshot_ahead', `the snapshot contains entry ${snapshot.seq}, durable is ${durable}`);
      try {
        await saves.putSnapshot({ kind: 'worlds', id: world }, epoch, snapshot);
      } catch (cause) {
        if (isLost(cause)) await found.close(journal, 'elsewhere', cause.message);
        throw cause;
      }
    },
  };
}

function ownedWorld(claim: Claim): OwnedWorld | undefined {
  const { world } = claim.session;
  const epoch = claim.saves.worldEpoch;
  if (world === undefined || epoch === undefined) return undefined;
  return { world, journal: keyOf('worlds', world), epoch };
}
