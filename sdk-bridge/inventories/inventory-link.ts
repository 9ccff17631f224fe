/**
 * Inventories of the players of the session.
 *
 * The lease of a player is taken when they come in; the journal is opened when the game loads the inventory, and opened anew when it
 * loads it again after another session had it: what was in hand before is not what is stored by then.
 */
import { AppError } from '../../contracts/app-error.ts';
import type { Acks } from '../../contracts/bridge-api/acks.ts';
import type { InventoryAcks } from '../../contracts/bridge-api/inventories.ts';
import type { JournalEntry, Lease, Restore, Snapshot } from '../../contracts/saves.ts';
import type { Log } from '../../runtime/log.ts';
import { isForeign, type SavesLink } from '../backend/saves-link.ts';
import { openHead } from '../journals/judge-append.ts';
import { isLost } from '../journals/judge-refusal.ts';
import { keyOf, subjectOf } from '../journals/journal-head.ts';
import type { SessionJournals } from '../journals/session-journals.ts';
import { findSeat } from '../seats/seats.ts';
import type { PlayerLeases } from '../seats/player-leases.ts';
import { inventoryHeld } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';

export interface InventoryLink {
  /** What is durable, after what was accepted here has become so. From now on entries are accepted. */
  load(playerId: string, signal: AbortSignal): Promise<{ playerId: string } & Pick<Restore, 'durableSeq' | 'snapshot' | 'entries'>>;
  append(playerId: string, entries: readonly JournalEntry[], signal: AbortSignal): Promise<Acks>;
  /** Waits until `durable` passes `after`, the inventory is lost, or `until` is aborted. */
  acks(playerId: string, after: number, until: AbortSignal, opening: AbortSignal): Promise<Acks>;
  putSnapshot(playerId: string, snapshot: Snapshot, signal: AbortSignal): Promise<void>;
  /** Every inventory that was loaded. */
  all(): InventoryAcks[];
  /** The player has come in, and this is their lease. */
  leased(playerId: string, lease: Lease): Promise<void>;
}

export interface InventoryLinkParts {
  readonly store: SessionStore;
  readonly saves: SavesLink;
  readonly journals: SessionJournals;
  readonly leases: () => PlayerLeases;
  readonly log: Log;
}

type Loaded = Awaited<ReturnType<InventoryLink['load']>>;

/** All: @throws AppError `not-found` for who has no seat, `conflict` for an inventory that was not loaded or is held elsewhere. */
export function createInventoryLink({ store, saves, journals, leases, log }: InventoryLinkParts): InventoryLink {
  const loading = new Map<string, Promise<Loaded>>();

  const requireSeat = (playerId: string) => {
    const seat = findSeat(store.current().seats, playerId);
    if (seat === undefined) throw new AppError('not-found', 'seat_unknown', `${playerId} has no seat in this session`);
    if (seat.role !== 'player') throw new AppError('not-found', 'no_inventory', `${playerId} watches: nothing is kept of them`);
    if (seat.state === 'held') throw new AppError('conflict', 'seat_not_admitted', `the seat of ${playerId} is held, not admitted`);
  };

  const load = async (playerId: string, signal: AbortSignal): Promise<Loaded> => {
    requireSeat(playerId);
    const found = await journals.opened(signal);
    const journal = keyOf('players', playerId);
    const before = found.head(journal);
    // One that an earlier process opened needs no new lease; nor is one taken back that another session has taken.
    const known = leases().epochOf(playerId) ?? (leases().isTrying(playerId) ? undefined : before?.epoch);
    const epoch = known ?? (await leases().need(playerId, signal));
    await found.flush(signal);
    signal.throwIfAborted();
    const restored = await saves.restore({ kind: 'players', id: playerId }, signal).catch((cause: unknown) => {
      if (isForeign(cause))
        throw new AppError('conflict', 'inventory_read_only', `another session has the inventory of ${playerId}`, { cause });
      throw cause;
    });
    const head = found.head(journal);
    if (head === undefined || head.closed !== undefined || head.epoch !== epoch) {
      await found.open(journal, epoch, restored.durableSeq);
      await store.change((state) => inventoryHeld(state, playerId));
      log.info('an inventory is open', { playerId, epoch, durable: restored.durableSeq });
    }
    return { playerId, ...restored };
  };

  return {
    load: (playerId, signal) => {
      // Two that load at once must not open it twice.
      const after = (loading.get(playerId) ?? Promise.resolve()).then(
        () => load(playerId, signal),
        () => load(playerId, signal),
      );
      loading.set(playerId, after);
      return after.finally(() => void (loading.get(playerId) === after && loading.delete(playerId)));
    },
    append: async (playerId, entries, signal) => {
      requireSeat(playerId);
      return (await journals.opened(signal)).append(keyOf('players', playerId), entries);
    },
    acks: async (playerId, after, until, opening) => {
      requireSeat(playerId);
      const found = await journals.opened(opening);
      const journal = keyOf('players', playerId);
      if (found.head(journal) === undefined) openHead(new Map(), journal);
      const acks = () => found.acks(journal);
      await found.until(() => acks().durable > after || acks().readOnly, until);
      return acks();
    },
    putSnapshot: async (playerId, snapshot, signal) => {
      requireSeat(playerId);
      const found = await journals.opened(signal);
      const journal = keyOf('players', playerId);
      const { epoch } = openHead(found.spool.heads, journal);
      const { durable } = found.acks(journal);
      if (snapshot.seq > durable)
        throw new AppError('conflict', 'snapshot_ahead', `the snapshot contains entry ${snapshot.seq}, durable is ${durable}`);
      try {
        await saves.putSnapshot({ kind: 'players', id: playerId }, epoch, snapshot);
      } catch (cause) {
        if (isLost(cause)) await found.close(journal, 'elsewhere', cause.message);
        throw cause;
      }
    },
    all: () => {
      const found = journals.current();
      return (found?.keys() ?? []).flatMap((journal) => {
        const { kind, id } = subjectOf(journal);
        return found === undefined || kind !== 'players' ? [] : [{ playerId: id, ...found.acks(journal) }];
      });
    },
    leased: async (playerId, lease) => {
      const found = journals.current();
      const journal = keyOf('players', playerId);
      const head = found?.head(journal);
      if (found === undefined || head === undefined || head.epoch === lease.epoch) return;
      await found.close(journal, 'elsewhere', 'another session had it in between: load it again');
    },
  };
}
