/**
 * Makes entries durable that have shares of inventories: the journal that they are appended to and every inventory that they touch have
 * them in one write, or not at all.
 *
 *   read all subjects ─▶ insert a batch for each ─▶ one transaction: move every head over its batch, if each subject is as it was read
 *        ▲                    │ a place is taken             │ one is not
 *        └── new stretch ◀────┘                              │
 *        └───────────────────────────────────────────────────┘
 *
 * An inventory that another session holds by now has no part in it: its shares are stored with the entry as refused, so that the journal
 * goes on, and whoever restores it can tell. That never changes afterwards, since an epoch that is over never comes back.
 */
import { AppError } from '../../contracts/app-error.ts';
import { ownMember } from '../../contracts/own-member.ts';
import type { InventoryShare, JournalEntry } from '../../contracts/saves.ts';
import { pause } from '../../runtime/deadline.ts';
import { batchOf, type JournalBatch } from '../store/journal-batch.ts';
import { unchanged } from '../store/saves-store.ts';
import { durableUnder, nextStretch, subjectId, type Subject } from '../subject.ts';
import { checkConsecutive, FINISH_MS, freshEntries, subjectOf, type Append } from './append-entries.ts';
import type { SavesParts } from './saves-parts.ts';

export interface AppendWithShares extends Append {
  /** Player → the epoch of the caller's lease. */
  readonly epochs: Readonly<Record<string, number>>;
}

export interface Appended {
  readonly durableSeq: number;
  readonly inventories: Record<string, { durableSeq: number; fenced: boolean }>;
}

/** @throws AppError as `appendEntries` does, also about the inventories; `invalid` where the epoch of one is missing. */
export async function appendWithShares(parts: SavesParts, append: AppendWithShares, signal: AbortSignal): Promise<Appended> {
  checkConsecutive(append.entries);
  const players = touchedPlayers(append.entries);
  if (players.some((player) => subjectId('players', player) === append.id))
    throw new AppError('invalid', 'share_of_itself', 'an entry of an inventory cannot have a share of the same inventory');
  let patience = FINISH_MS;
  for (;;) {
    signal.throwIfAborted();
    const carrier = await subjectOf(parts, append.id);
    const fresh = freshEntries(parts, carrier, append);
    const inventories = await readInventories(parts, players, append.entries);
    const marked = fresh.map((entry) => markRefused(entry, inventories, append.epochs));
    const writes =
      marked.length === 0 ? [] : [{ subject: carrier, batch: batchOf(carrier, marked) }, ...sharesOf(parts, marked, inventories, append)];
    const taken = await insertAll(parts, writes);
    if (taken !== undefined) {
      await pause(patience, signal);
      patience *= 2;
      if (await parts.subjects.change(unchanged(taken), { $set: nextStretch(taken, taken.epoch) })) parts.events.stretchBegun(taken._id);
      continue;
    }
    if (writes.length > 0 && !(await parts.moveHeads(writes.map(({ subject, batch }) => ({ subject, to: batch.to }))))) continue;
    if (writes.length > 0) parts.events.entriesStored(writes.reduce((sum, { batch }) => sum + batch.data.length, 0));
    return answerOf(carrier, writes, inventories, append.epochs);
  }
}

interface HeadWrite {
  readonly subject: Subject;
  readonly batch: JournalBatch;
}

function touchedPlayers(entries: readonly JournalEntry[]): string[] {
  const shares = entries.flatMap((entry) => entry.inventories ?? []);
  return [...new Set(shares.filter((share) => share.refused !== true).map((share) => share.playerId))];
}

async function readInventories(
  parts: SavesParts,
  players: readonly string[],
  entries: readonly JournalEntry[],
): Promise<Map<string, Subject>> {
  const read = async (player: string) => {
    try {
      return [player, await subjectOf(parts, subjectId('players', player))] as const;
    } catch (cause) {
      throw pointedAt(cause, entries, player);
    }
  };
  return new Map(await Promise.all(players.map(read)));
}

/** What is wrong with an inventory is said of a share of it, so that the writer can go on without that inventory. */
function pointedAt(cause: unknown, entries: readonly JournalEntry[], player: string): unknown {
  if (!(cause instanceof AppError) || cause.faults.length > 0) return cause;
  const at = entries.flatMap(({ inventories = [] }, entry) =>
    inventories.flatMap(({ playerId, refused }, share) => (playerId === player && refused !== true ? [{ entry, share }] : [])),
  )[0];
  const faults = at === undefined ? [] : [{ pointer: `#/body/entries/${at.entry}/inventories/${at.share}`, detail: cause.message }];
  return new AppError(cause.kind, cause.code, cause.message, { cause, faults });
}

/** What another session holds is over for this one, whatever else it says. */
function isFenced(inventory: Subject | undefined, epoch: number | undefined): boolean {
  return inventory !== undefined && epoch !== undefined && epoch < inventory.epoch;
}

function markRefused(entry: JournalEntry, inventories: ReadonlyMap<string, Subject>, epochs: AppendWithShares['epochs']): JournalEntry {
  if (entry.inventories === undefined) return entry;
  const shares = entry.inventories.map(({ playerId, seq, data, refused: given }): InventoryShare => {
    const refused = given === true || isFenced(inventories.get(playerId), ownMember(epochs, playerId));
    return { playerId, seq, data, ...(refused ? { refused: true as const } : {}) };
  });
  return { ...entry, inventories: shares };
}

/** The shares of each inventory that is still the caller's, as a batch of its journal. */
function sharesOf(
  parts: SavesParts,
  entries: readonly JournalEntry[],
  inventories: ReadonlyMap<string, Subject>,
  append: AppendWithShares,
): HeadWrite[] {
  const own = new Map<string, JournalEntry[]>();
  for (const { inventories: shares = [], refused: why } of entries) {
    for (const { playerId, seq, data, refused } of shares) {
      if (refused !== true)
        own.set(playerId, [...(own.get(playerId) ?? []), { seq, data, ...(why === undefined ? {} : { refused: why }) }]);
    }
  }
  const writeOf = (playerId: string, shares: readonly JournalEntry[]): HeadWrite => {
    const subject = inventories.get(playerId) as Subject;
    const epoch = ownMember(append.epochs, playerId);
    if (epoch === undefined) throw new AppError('invalid', 'epoch_missing', `epochs does not name the inventory of ${playerId}`);
    checkConsecutive(shares);
    const fresh = freshEntries(parts, subject, { id: subject._id, epoch, entries: shares, permit: append.permit });
    // The entries that they are shares of are new: so are they.
    if (fresh.length < shares.length) {
      parts.events.writeRefused(subject._id, 'sequence_gap');
      throw new AppError('conflict', 'sequence_gap', `the next entry of ${subject._id} is ${subject.durableSeq + 1}`);
    }
    return { subject, batch: batchOf(subject, fresh) };
  };
  return [...own].map(([playerId, shares]) => {
    try {
      return writeOf(playerId, shares);
    } catch (cause) {
      throw pointedAt(cause, append.entries, playerId);
    }
  });
}

/** The subject whose place in its journal is taken, where there is one. */
async function insertAll(parts: SavesParts, writes: readonly HeadWrite[]): Promise<Subject | undefined> {
  for (const { subject, batch } of writes) if (!(await parts.batches.insert(batch)).inserted) return subject;
  return undefined;
}

function answerOf(
  carrier: Subject,
  writes: readonly HeadWrite[],
  inventories: ReadonlyMap<string, Subject>,
  epochs: AppendWithShares['epochs'],
): Appended {
  const headOf = (subject: Subject) => writes.find((write) => write.subject._id === subject._id)?.batch.to;
  const answered = [...inventories].map(([playerId, subject]) => {
    const epoch = ownMember(epochs, playerId) ?? subject.epoch;
    return [playerId, { durableSeq: headOf(subject) ?? durableUnder(subject, epoch), fenced: epoch < subject.epoch }] as const;
  });
  return { durableSeq: headOf(carrier) ?? carrier.durableSeq, inventories: Object.fromEntries(answered) };
}
