/**
 * Which records go to saves next, and which of them together. Pure.
 *
 * A wave is what can be sent side by side: one request per journal that carries entries, and no journal touched by two of them. So each
 * journal gets its entries in order, whichever request carries them.
 */
import { ownMember } from '../../contracts/own-member.ts';
import type { EntryRefusal, JournalEntry } from '../../contracts/saves.ts';
import { follow, keyOf, refusalRecord, type EntryRecord, type Head, type JournalKey, type SpoolRecord } from './journal-head.ts';

export interface Cargo {
  readonly journal: JournalKey;
  readonly epoch: number;
  readonly entries: readonly JournalEntry[];
  /** Player → epoch, of the inventories that have shares. */
  readonly epochs: Readonly<Record<string, number>>;
  /** What the entries are of. */
  readonly records: readonly EntryRecord[];
}

export interface Wave {
  readonly cargoes: readonly Cargo[];
  /** Entries that can never be stored: their journal was closed, or opened anew. */
  readonly lost: readonly EntryRecord[];
  /** How many records it is made of, those that are passed over included. */
  readonly taken: number;
  /** Journals that are held, with those that wait for them by now. */
  readonly held: ReadonlySet<JournalKey>;
}

/** Which records are not to be sent now. */
export interface Passing {
  /** Journals that an earlier cargo still has to bring on: what touches one of them waits, and all that it touches as well. */
  readonly held: ReadonlySet<JournalKey>;
  /** Saves has it: it came before others that had to wait. */
  readonly isStored: (record: EntryRecord) => boolean;
}

const PASS_NONE: Passing = { held: new Set(), isStored: () => false };

type Heads = ReadonlyMap<JournalKey, Head>;

/** Of one request to saves. */
const MOST_ENTRIES = 1_000;

/** @param heads as they are now: a record of another generation, or of a closed journal, is lost. */
export function planWave(records: readonly SpoolRecord[], heads: Heads, passing = PASS_NONE): Wave {
  const held = new Set(passing.held);
  const carriedBy = new Map<JournalKey, JournalKey>();
  const cargoes = new Map<JournalKey, { epoch: number; entries: JournalEntry[]; epochs: Record<string, number>; records: EntryRecord[] }>();
  const lost: EntryRecord[] = [];
  let taken = 0;
  for (const record of records) {
    const touched = record.is === 'entry' ? touchedBy(record) : [];
    if (touched.some((key) => held.has(key))) for (const key of touched) held.add(key);
    else if (record.is === 'entry') {
      const head = liveHead(heads, record.journal, record.generation);
      if (head === undefined) {
        // What it has shares of is closed with it, before anything that follows is sent.
        if (cargoes.size > 0) break;
        lost.push(record);
        taken += 1;
        if (record.shares !== undefined) break;
        continue;
      }
      if (passing.isStored(record)) {
        taken += 1;
        continue;
      }
      const cargo = cargoes.get(record.journal) ?? { epoch: head.epoch, entries: [], epochs: {}, records: [] };
      const isFree = touched.every((key) => (carriedBy.get(key) ?? record.journal) === record.journal);
      if (!isFree || cargo.entries.length === MOST_ENTRIES) break;
      for (const key of touched) carriedBy.set(key, record.journal);
      cargoes.set(record.journal, cargo);
      cargo.records.push(record);
      cargo.entries.push(asSent(record, head, heads, cargo.epochs));
    }
    taken += 1;
  }
  return { cargoes: [...cargoes].map(([journal, cargo]) => ({ journal, ...cargo })), lost, taken, held };
}

/** The empty place of one entry; undefined where its journal is closed by now. */
export function placeOf(record: EntryRecord, why: EntryRefusal, heads: Heads): Cargo | undefined {
  const emptied = new Map(heads);
  follow(emptied, refusalRecord(record, why));
  return planWave([record], emptied).cargoes[0];
}

/**
 * The shares of inventories that are lost here are refused beforehand; the epochs of the others are noted. Of an entry that saves never
 * takes only the places are sent.
 */
function asSent({ entry, shares = {} }: EntryRecord, carrier: Head, heads: Heads, epochs: Record<string, number>): JournalEntry {
  const why = refusalOf(carrier, entry.seq);
  const inventories = entry.inventories?.map(({ playerId, seq, data: whole }) => {
    const data = why === undefined ? whole : {};
    const head = liveHead(heads, keyOf('players', playerId), ownMember(shares, playerId));
    if (head === undefined) return { playerId, seq, data, refused: true as const };
    epochs[playerId] = head.epoch;
    return { playerId, seq, data };
  });
  const touched = inventories === undefined ? {} : { inventories };
  return why === undefined ? { ...entry, ...touched } : { seq: entry.seq, data: {}, ...touched, refused: why };
}

/** Why saves never takes the entry, where that was found. */
export function refusalOf({ refused = [] }: Head, seq: number): EntryRefusal | undefined {
  const found = refused.find((entry) => entry.seq === seq);
  return found === undefined ? undefined : { code: found.code, detail: found.detail };
}

export function liveHead(heads: Heads, journal: JournalKey, generation: number | undefined): Head | undefined {
  const head = heads.get(journal);
  return head?.generation === generation && head?.closed === undefined ? head : undefined;
}

/** Its own journal, and the inventories that have a share of it. */
export function touchedBy({ journal, entry }: EntryRecord): JournalKey[] {
  return [journal, ...(entry.inventories ?? []).map(({ playerId }) => keyOf('players', playerId))];
}
