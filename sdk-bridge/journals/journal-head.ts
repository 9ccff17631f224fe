/**
 * The journals of a session as its spool knows them. Pure.
 *
 * A journal is opened when the game loads what it holds, and again (as the next generation) when it has to be loaded anew: what an older
 * generation says is over. It is closed when another session holds it (`elsewhere`), or when an entry was lost that it has a share of
 * (`cut`): what follows can never be stored then.
 */
import { z } from 'zod';
import { JournalEntry, type SubjectKind } from '../../contracts/saves.ts';

/** As saves names it: `worlds/ID` or `players/ID`. */
export type JournalKey = `${SubjectKind}/${string}`;

export const Closed = z.object({
  /** The newest entry that saves has. */
  durable: z.int(),
  why: z.enum(['elsewhere', 'cut']),
  detail: z.string(),
});
export type Closed = z.infer<typeof Closed>;

export const Head = z.object({
  generation: z.int(),
  /** Of the lease under which it was opened. */
  epoch: z.int(),
  /** The newest entry that saves had then. */
  from: z.int(),
  /** The newest entry. */
  seq: z.int(),
  closed: Closed.optional(),
});
export type Head = Readonly<z.infer<typeof Head>>;

const Named = z.object({ journal: z.templateLiteral([z.enum(['worlds', 'players']), '/', z.string()]), generation: z.int() });

export const SpoolRecord = z.discriminatedUnion('is', [
  Named.extend({ is: z.literal('open'), epoch: z.int(), seq: z.int() }),
  /** `shares`: player → generation of the inventory that has a share of the entry. */
  Named.extend({ is: z.literal('entry'), entry: JournalEntry, shares: z.record(z.string(), z.int()).optional() }),
  Named.extend({ is: z.literal('close'), closed: Closed }),
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

/** Changes the heads as a record says. Of a generation that is over it says nothing. */
export function follow(heads: Map<JournalKey, Head>, record: SpoolRecord): void {
  const { journal, generation } = record;
  if (record.is === 'open') return void heads.set(journal, { generation, epoch: record.epoch, from: record.seq, seq: record.seq });
  if (record.is === 'close') return change(heads, journal, generation, { closed: record.closed });
  change(heads, journal, generation, { seq: record.entry.seq });
  for (const share of record.entry.inventories ?? [])
    change(heads, keyOf('players', share.playerId), record.shares?.[share.playerId], { seq: share.seq });
}

function change(heads: Map<JournalKey, Head>, journal: JournalKey, generation: number | undefined, to: Partial<Head>): void {
  const head = heads.get(journal);
  if (head?.generation === generation && head !== undefined) heads.set(journal, { ...head, ...to });
}
