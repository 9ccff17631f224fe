/**
 * The journals of a session as its spool knows them. Pure.
 *
 * A journal is opened when the game loads what it holds, and again (as the next generation) when it has to be loaded anew: what an older
 * generation says is over. It is closed when another session holds it (`elsewhere`), when an entry was lost that it has a share of
 * (`cut`), or when saves never takes one and that cannot be told, or happens too often (`refused`): what follows can never be stored then.
 * Otherwise an entry that saves never takes leaves its place empty, in every journal that it touches, and what follows is stored.
 */
import { z } from 'zod';
import { RefusedEntry } from '../../contracts/bridge-api/acks.ts';
import { ownMember } from '../../contracts/own-member.ts';
import { EntryRefusal, JournalEntry, type SubjectKind } from '../../contracts/saves.ts';

/** As saves names it: `worlds/ID` or `players/ID`. */
export type JournalKey = `${SubjectKind}/${string}`;

export const Closed = z.object({
  /** The newest entry that saves has. */
  durable: z.int(),
  why: z.enum(['elsewhere', 'cut', 'refused']),
  detail: z.string(),
});
export type Closed = z.infer<typeof Closed>;

/** More of one journal say that something is wrong with the game or with saves: it is closed before all of it is emptied. */
export const MOST_REFUSED = 16;

export const Head = z.object({
  generation: z.int(),
  /** Of the lease under which it was opened. */
  epoch: z.int(),
  /** The newest entry that saves had then. */
  from: z.int(),
  /** The newest entry. */
  seq: z.int(),
  closed: Closed.optional(),
  /** Entries that saves never takes, in order: at most `MOST_REFUSED`. */
  refused: z.array(RefusedEntry).optional(),
  /** An entry whose place may have been stored empty: what saves has there is not known until it is read back. */
  doubted: RefusedEntry.optional(),
});
export type Head = Readonly<z.infer<typeof Head>>;

const Named = z.object({ journal: z.templateLiteral([z.enum(['worlds', 'players']), '/', z.string()]), generation: z.int() });

export const SpoolRecord = z.discriminatedUnion('is', [
  Named.extend({ is: z.literal('open'), epoch: z.int(), seq: z.int() }),
  /** `shares`: player → generation of the inventory that has a share of the entry. */
  Named.extend({ is: z.literal('entry'), entry: JournalEntry, shares: z.record(z.string(), z.int()).optional() }),
  Named.extend({ is: z.literal('close'), closed: Closed }),
  /** Of an entry that is here; what it touches. */
  Named.extend({
    is: z.literal('refused'),
    seq: z.int(),
    why: EntryRefusal,
    shares: z.array(z.object({ playerId: z.string(), generation: z.int(), seq: z.int() })),
  }),
  /** Of an entry that is here: saves fails on it again and again, and its empty place is tried next. */
  Named.extend({ is: z.literal('doubted'), seq: z.int(), why: EntryRefusal }),
]);
export type SpoolRecord = Readonly<z.infer<typeof SpoolRecord>>;
export type EntryRecord = Extract<SpoolRecord, { is: 'entry' }>;

export function keyOf(kind: SubjectKind, id: string): JournalKey {
  return `${kind}/${id}`;
}

export function subjectOf(key: JournalKey): { kind: SubjectKind; id: string } {
  const at = key.indexOf('/');
  return { kind: key.slice(0, at) as SubjectKind, id: key.slice(at + 1) };
}

/** That the entry leaves its place empty, here and in the inventories that it touches. */
export function refusalRecord({ journal, generation, entry, shares = {} }: EntryRecord, why: EntryRefusal): SpoolRecord {
  const touched = (entry.inventories ?? []).flatMap((share) => {
    const of = ownMember(shares, share.playerId);
    return of === undefined ? [] : [{ playerId: share.playerId, generation: of, seq: share.seq }];
  });
  return { is: 'refused', journal, generation, seq: entry.seq, why, shares: touched };
}

/** Changes the heads as a record says. Of a generation that is over it says nothing. */
export function follow(heads: Map<JournalKey, Head>, record: SpoolRecord): void {
  const { journal, generation } = record;
  if (record.is === 'open') return void heads.set(journal, { generation, epoch: record.epoch, from: record.seq, seq: record.seq });
  if (record.is === 'close') return change(heads, journal, generation, { closed: record.closed });
  if (record.is === 'refused') {
    refuse(heads, journal, generation, { seq: record.seq, ...record.why });
    for (const { playerId, seq, ...share } of record.shares)
      refuse(heads, keyOf('players', playerId), share.generation, { seq, ...record.why });
    return;
  }
  if (record.is === 'doubted') return change(heads, journal, generation, { doubted: { seq: record.seq, ...record.why } });
  change(heads, journal, generation, { seq: record.entry.seq });
  for (const share of record.entry.inventories ?? [])
    change(heads, keyOf('players', share.playerId), ownMember(record.shares, share.playerId), { seq: share.seq });
}

function change(heads: Map<JournalKey, Head>, journal: JournalKey, generation: number | undefined, to: Partial<Head>): void {
  const head = heads.get(journal);
  if (head?.generation === generation && head !== undefined) heads.set(journal, { ...head, ...to });
}

function refuse(heads: Map<JournalKey, Head>, journal: JournalKey, generation: number, entry: RefusedEntry): void {
  const { refused = [] } = heads.get(journal) ?? {};
  if (!refused.some(({ seq }) => seq === entry.seq)) change(heads, journal, generation, { refused: [...refused, entry] });
}
