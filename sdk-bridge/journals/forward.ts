/**
 * Brings what is accepted to saves, wave by wave, until the signal.
 *
 * A batch of which saves never takes an entry is sent in parts, down to that one. It is set aside, the places that it has are stored empty,
 * and what is behind it goes on:
 *
 *     batch ── refused ──▶ parts ── … ──▶ one entry ── refused ──▶ kept in a file ──▶ `refused` on disk, told by acks ──▶ empty places ──▶ saves
 */
import type { EntryRefusal } from '../../contracts/saves.ts';
import type { Log } from '../../runtime/log.ts';
import { keepTrying, type Persistence } from '../backend/keep-trying.ts';
import { keyOf, MOST_REFUSED, subjectOf, type EntryRecord, type JournalKey } from './journal-head.ts';
import type { Journals } from './journals.ts';
import type { Judged } from './judge-refusal.ts';
import { liveHead, planWave, refusalOf, type Cargo } from './plan-wave.ts';
import type { Place, PlacedRecord } from './spool.ts';

export type StoreOutcome =
  | {
      readonly kind: 'stored';
      readonly durableSeq: number;
      /** Player → how far the inventory is durable; `fenced`: another session holds it, and it stays there. */
      readonly inventories: Readonly<Record<string, { readonly durableSeq: number; readonly fenced: boolean }>>;
    }
  | Exclude<Judged, { kind: 'passes' }>;

/** Where entries become durable. */
export interface JournalSink {
  /** Throws what passes. */
  append(cargo: Cargo): Promise<StoreOutcome>;
  /** How far the journal is stored under this epoch; undefined where it is at another, or not ours to look at. Throws what passes. */
  storedUpTo(journal: JournalKey, epoch: number): Promise<number | undefined>;
}

export interface ForwardParts {
  readonly journals: Journals;
  readonly sink: JournalSink;
  /** Keeps an entry that saves never takes; undefined where there is no more room. */
  readonly setAside: (record: EntryRecord, why: EntryRefusal) => Promise<string | undefined>;
  /** The game server heeds what acks say of refused entries. */
  readonly canTell: () => boolean;
  readonly log: Log;
}

const BATCH_RECORDS = 1_000;
const BATCH_BYTES = 256 * 1024;

export async function forwardJournals(parts: ForwardParts, signal: AbortSignal): Promise<void> {
  const { journals, log } = parts;
  const { spool } = journals;
  const forwarding = { ...parts, persistence: { signal, log } };
  let cursor: Place = spool.first;
  while (!signal.aborted) {
    await journals.until(() => spool.hasAfter(cursor), signal);
    let left: readonly PlacedRecord[] = await spool.read(cursor, BATCH_RECORDS, BATCH_BYTES);
    while (left.length > 0 && !signal.aborted) {
      const taken = await sendWave(
        forwarding,
        left.map(({ record }) => record),
      );
      cursor = left[taken - 1]?.next ?? cursor;
      left = left.slice(taken);
      await journals.settled(cursor);
    }
  }
}

interface Forwarding extends ForwardParts {
  readonly persistence: Persistence;
}

/** @returns how many records are stored or lost now. */
async function sendWave(forwarding: Forwarding, records: Parameters<typeof planWave>[0]): Promise<number> {
  const { cargoes, lost, taken } = planWave(records, forwarding.journals.spool.heads);
  await closeSharers(forwarding, lost);
  await Promise.all(cargoes.map((cargo) => send(forwarding, cargo)));
  return taken;
}

/** Records of one cargo, planned anew: what they touch may have been closed meanwhile. */
async function sendAgain(forwarding: Forwarding, records: readonly EntryRecord[]): Promise<void> {
  let left = records;
  while (left.length > 0) left = left.slice(await sendWave(forwarding, left));
}

async function send(forwarding: Forwarding, cargo: Cargo): Promise<void> {
  const { journals, sink, persistence } = forwarding;
  const { journal, records } = cargo;
  const outcome = await keepTrying('forwarding entries', () => sink.append(cargo), { ...persistence, passing: () => true });
  switch (outcome.kind) {
    case 'stored':
      journals.stored(journal, outcome.durableSeq);
      for (const [playerId, { durableSeq, fenced }] of Object.entries(outcome.inventories)) {
        const key = keyOf('players', playerId);
        if (fenced) await closeFor(forwarding, key, 'elsewhere', 'another session has taken it', durableSeq);
        else journals.stored(key, durableSeq);
      }
      return;
    case 'fenced':
      return giveUp(forwarding, cargo, 'elsewhere', outcome.detail);
    case 'share-lost':
      await closeFor(forwarding, keyOf('players', outcome.playerId), 'elsewhere', outcome.detail);
      return sendAgain(forwarding, records);
    case 'refused':
      if (records.length === 1) return refuse(forwarding, cargo, outcome.why);
      for (const part of split(records, outcome.at)) await sendAgain(forwarding, part);
  }
}

/** Around the one that is refused, where that is known; otherwise in halves. */
function split(records: readonly EntryRecord[], at: number | undefined): EntryRecord[][] {
  const middle = Math.ceil(records.length / 2);
  const cuts = at === undefined ? [0, middle, records.length] : [0, at, at + 1, records.length];
  return cuts.slice(1).map((end, index) => records.slice(cuts[index], end));
}

/** Saves never takes this one entry. */
async function refuse(forwarding: Forwarding, cargo: Cargo, why: EntryRefusal): Promise<void> {
  const { journals, sink, persistence, setAside, canTell, log } = forwarding;
  const { journal, epoch, records } = cargo;
  const [record] = records;
  const head = journals.head(journal);
  if (record === undefined || head === undefined) return;
  const { seq, inventories = [] } = record.entry;
  // An answer that was lost may have been that it is stored.
  const stored = await keepTrying('looking how far a journal is stored', () => sink.storedUpTo(journal, epoch), {
    ...persistence,
    passing: () => true,
  });
  if (stored !== undefined && stored >= seq) return storedBefore(forwarding, record, stored);

  const isPlace = refusalOf(head, seq) !== undefined;
  const notKept = (cause: unknown) => {
    log.warn('a refused entry could not be kept', { cause });
    return undefined;
  };
  const keptIn = isPlace ? undefined : await setAside(record, why).catch(notKept);
  const touched = inventories.map(({ playerId }) => playerId);
  log.error('saves never takes an entry: it is set aside', { journal, seq, touched, ...why, keptIn });
  const isTooMany = [journal, ...touched.map((playerId) => keyOf('players', playerId))].some(
    (key) => (journals.head(key)?.refused?.length ?? 0) >= MOST_REFUSED,
  );
  if (isPlace || isTooMany || !canTell())
    return giveUp(forwarding, cargo, 'refused', `saves never takes ${nameOf(journal)} ${seq}: ${why.code}`);
  await keepTrying('noting a refused entry', () => journals.refuse(record, why), persistence);
  await sendAgain(forwarding, records);
}

function storedBefore({ journals }: Forwarding, { journal, entry, shares = {} }: EntryRecord, stored: number): void {
  journals.stored(journal, stored);
  for (const { playerId, seq } of entry.inventories ?? [])
    if (liveHead(journals.spool.heads, keyOf('players', playerId), shares[playerId]) !== undefined)
      journals.stored(keyOf('players', playerId), seq);
}

/** Nothing that follows in the journal can be stored, nor what these entries share. */
async function giveUp(forwarding: Forwarding, { journal, records }: Cargo, why: 'elsewhere' | 'refused', detail: string): Promise<void> {
  await closeFor(forwarding, journal, why, detail);
  await closeSharers(forwarding, records);
}

/** An entry is lost with its shares, and nothing can follow a share that is missing. */
async function closeSharers(forwarding: Forwarding, lost: readonly EntryRecord[]): Promise<void> {
  for (const { journal, entry, shares = {} } of lost) {
    for (const [playerId, generation] of Object.entries(shares)) {
      const key = keyOf('players', playerId);
      if (forwarding.journals.head(key)?.generation !== generation) continue;
      await closeFor(forwarding, key, 'cut', `an entry was lost that it has a share of: ${nameOf(journal)} ${entry.seq}`);
    }
  }
}

/** For as long as the disk does not take it. */
async function closeFor({ journals, persistence }: Forwarding, ...close: Parameters<Journals['close']>): Promise<void> {
  await keepTrying('closing a journal', () => journals.close(...close), persistence);
}

function nameOf(journal: JournalKey): string {
  const { kind, id } = subjectOf(journal);
  return kind === 'worlds' ? `world ${id}` : `inventory of ${id}`;
}
