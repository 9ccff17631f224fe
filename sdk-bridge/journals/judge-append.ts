/** Which entries are new, and whether they follow what is there. Pure. */
import { AppError } from '../../contracts/app-error.ts';
import type { JournalEntry } from '../../contracts/saves.ts';
import { keyOf, subjectOf, type EntryRecord, type Head, type JournalKey } from './journal-head.ts';

/** Larger ones would not fit one request to saves. */
const LARGEST_ENTRY_BYTES = 3 * 1024 * 1024;

/**
 * Exactly once per sequence number: entries that are here already are passed over with all their shares, and none may be left out.
 * @param heads with everything that was handed to the spool.
 * @returns what is new; nothing when all were sent before.
 * @throws AppError `conflict` (`sequence_gap`, `world_read_only`, `inventory_read_only`, `inventory_not_loaded`) or `too-large`.
 */
export function judgeAppend(
  heads: ReadonlyMap<JournalKey, Head>,
  journal: JournalKey,
  entries: readonly JournalEntry[],
): readonly EntryRecord[] {
  const carrier = openHead(heads, journal);
  checkOrder(carrier, entries);
  const next = new Map<JournalKey, number>();
  return entries
    .filter(({ seq }) => seq > carrier.seq)
    .map((entry) => {
      checkSize(entry);
      const shares = (entry.inventories ?? []).map(({ playerId, seq }) => {
        const key = keyOf('players', playerId);
        if (key === journal) throw new AppError('conflict', 'share_of_itself', 'an entry cannot have a share of its own inventory');
        const head = openHead(heads, key);
        const expected = next.get(key) ?? head.seq + 1;
        if (seq !== expected)
          throw new AppError('conflict', 'sequence_gap', `the next entry of the inventory of ${playerId} is ${expected}, not ${seq}`);
        next.set(key, expected + 1);
        return [playerId, head.generation] as const;
      });
      const record = { is: 'entry', journal, generation: carrier.generation, entry } as const;
      return shares.length === 0 ? record : { ...record, shares: Object.fromEntries(shares) };
    });
}

/** @throws AppError `conflict` where the journal was not loaded, or another session holds it. */
export function openHead(heads: ReadonlyMap<JournalKey, Head>, journal: JournalKey): Head {
  const head = heads.get(journal);
  const { kind, id } = subjectOf(journal);
  if (head === undefined)
    throw new AppError('conflict', 'inventory_not_loaded', `the inventory of ${id} was not loaded here: GET it first`);
  if (head.closed === undefined) return head;
  if (kind === 'worlds') throw new AppError('conflict', 'world_read_only', 'another server holds this world: it is read-only here');
  throw new AppError('conflict', 'inventory_read_only', `the inventory of ${id} is read-only here: ${head.closed.detail}`);
}

function checkOrder(head: Head, entries: readonly JournalEntry[]): void {
  let next = entries[0]?.seq ?? 0;
  const gap = (expected: number, got: number) => new AppError('conflict', 'sequence_gap', `the next entry is ${expected}, not ${got}`);
  if (next > head.seq + 1) throw gap(head.seq + 1, next);
  for (const { seq } of entries) {
    if (seq !== next) throw gap(next, seq);
    next++;
  }
}

function checkSize(entry: JournalEntry): void {
  if (Buffer.byteLength(JSON.stringify(entry)) > LARGEST_ENTRY_BYTES)
    throw new AppError('too-large', 'entry_too_large', `entry ${entry.seq} has more than ${LARGEST_ENTRY_BYTES} bytes`);
}
