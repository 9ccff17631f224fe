/** The world of the session: opened after the claim, restored, appended to, closed by a snapshot now and then. */
import { AppError } from '../../contracts/app-error.ts';
import type { Claim } from '../../contracts/allocator.ts';
import type { Restore, Snapshot } from '../../contracts/saves.ts';
import type { Log } from '../../runtime/log.ts';
import { keepTrying } from '../backend/keep-trying.ts';
import { isFencing, type SavesLink } from '../backend/saves-link.ts';
import { fenced } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';
import { createSpool, reopenSpool, type Spool } from './spool.ts';
import type { SpoolOwner } from './spool-segment.ts';
import { createWorldJournal, type WorldJournal } from './world-journal.ts';

export interface WorldLink {
  /** Opens the journal when a world is claimed, and forwards it until the signal. */
  run(signal: AbortSignal): Promise<void>;
  /** Waits for it to be opened. @throws AppError `not-found` without a world, `unavailable` when the signal comes first. */
  journal(signal: AbortSignal): Promise<WorldJournal>;
  /** What is durable, after what was accepted here has become so. */
  restore(signal: AbortSignal): Promise<{ world: string } & Pick<Restore, 'durableSeq' | 'snapshot' | 'entries'>>;
  /** @throws AppError `conflict` when it contains entries that are not durable yet. */
  putSnapshot(snapshot: Snapshot, signal: AbortSignal): Promise<void>;
  /** True when nothing accepted is left that is not durable; false when the signal came first, or the world is lost. */
  flush(signal: AbortSignal): Promise<boolean>;
}

export interface WorldLinkParts {
  readonly store: SessionStore;
  readonly saves: SavesLink;
  readonly folder: string;
  readonly log: Log;
}

interface OwnedWorld {
  readonly owner: SpoolOwner;
  readonly world: string;
}

export function createWorldLink({ store, saves, folder, log }: WorldLinkParts): WorldLink {
  let journal: WorldJournal | undefined;
  const opened = Promise.withResolvers<void>();
  /** What an earlier process left on disk is known: without a journal by then, nothing was accepted. */
  const lookedBack = Promise.withResolvers<void>();

  const onFenced = (detail: string) => {
    log.warn('the world lease is lost', { detail });
    void store
      .change((state) => fenced(state, `the world lease is lost: ${detail}`))
      .catch((cause: unknown) => log.error('the session could not be kept', { cause }));
  };

  const open = async ({ owner, world }: OwnedWorld, signal: AbortSignal) => {
    let spool: Spool | undefined = await reopenSpool(folder, owner, log);
    let isLost = store.current().readOnly;
    if (spool === undefined) {
      lookedBack.resolve();
      const lease = await keepTrying('looking at the world lease', () => saves.worldLease(world), { signal, log });
      if (lease.epoch !== owner.epoch) {
        isLost = true;
        onFenced(`its epoch is ${lease.epoch}, ours ${owner.epoch}`);
      }
      spool = await createSpool(folder, owner, lease.durableSeq);
    }
    journal = createWorldJournal(spool.first, isLost, { spool, sink: saves.journalSink(world, owner.epoch), log, onFenced });
    log.info('the world journal is open', { world, epoch: owner.epoch, ...journal.acks() });
    opened.resolve();
    lookedBack.resolve();
    return journal;
  };

  const claimedWorld = () => {
    const { claim } = store.current();
    const owned = claim === null ? undefined : ownedWorld(claim);
    if (owned === undefined) throw new AppError('not-found', 'no_world', 'no persistent world is played in this session');
    return owned;
  };

  const openJournal = async (signal: AbortSignal) => {
    claimedWorld();
    if (journal === undefined) await Promise.race([opened.promise, aborted(signal)]);
    if (journal === undefined) throw new AppError('unavailable', 'world_opening', 'the world is being opened', { retryAfter: 1 });
    return journal;
  };

  const flush = async (signal: AbortSignal) => {
    const { claim } = store.current();
    if (claim === null || ownedWorld(claim) === undefined) return true;
    await Promise.race([lookedBack.promise, aborted(signal)]);
    if (journal === undefined) return !signal.aborted;
    const { accepted } = journal.acks();
    const { durable } = await journal.untilDurable(accepted - 1, signal);
    return durable >= accepted;
  };

  return {
    journal: openJournal,
    flush,
    run: async (signal) => {
      const { claim } = await store.until((state) => state.claim !== null, signal);
      const owned = claim === null ? undefined : ownedWorld(claim);
      if (owned === undefined || signal.aborted) return;
      let own: WorldJournal | undefined;
      try {
        own = await open(owned, signal);
        await own.run(signal);
      } catch (cause) {
        if (signal.aborted) return;
        if (!isFencing(cause)) throw cause;
        onFenced(cause.message);
      } finally {
        await own?.close();
      }
    },
    restore: async (signal) => {
      const { world } = claimedWorld();
      if (journal === undefined) await Promise.race([opened.promise, aborted(signal)]);
      await flush(signal);
      signal.throwIfAborted();
      return { world, ...(await saves.restoreWorld(world, signal)) };
    },
    putSnapshot: async (snapshot, signal) => {
      const { world, owner } = claimedWorld();
      const { durable, readOnly } = (await openJournal(signal)).acks();
      if (readOnly) throw new AppError('conflict', 'world_read_only', 'another server holds this world: it is read-only here');
      if (snapshot.seq > durable)
        throw new AppError('conflict', 'snapshot_ahead', `the snapshot contains entry ${snapshot.seq}, durable is ${durable}`);
      try {
        await saves.putSnapshot(world, owner.epoch, snapshot);
      } catch (cause) {
        if (isFencing(cause)) onFenced(cause.message);
        throw cause;
      }
    },
  };
}

function ownedWorld(claim: Claim): OwnedWorld | undefined {
  const { world } = claim.session;
  const epoch = claim.saves.worldEpoch;
  if (world === undefined || epoch === undefined) return undefined;
  return { world, owner: { uid: claim.uid, attempt: claim.attempt, world, epoch } };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
