/**
 * Brings what is accepted to saves, wave by wave, until the signal.
 *
 * A batch of which saves never takes an entry is sent in parts, down to that one. It is set aside, the places that it has are stored empty,
 * and what is behind it goes on:
 *
 *     batch ── refused ──▶ parts ── … ──▶ one entry ── refused ──▶ kept in a file ──▶ `refused` on disk, told by acks ──▶ empty places ──▶ saves
 *
 * A fault of saves itself says nothing of an entry, until the same one meets it again and again: then its empty place is tried, and only if
 * that is stored was it the entry (`doubted-entry.ts`). Meanwhile the journals that it does not touch go on (`late-cargoes.ts`).
 */
import { ownMember } from '../../contracts/own-member.ts';
import type { EntryRefusal } from '../../contracts/saves.ts';
import { keepTrying } from '../backend/keep-trying.ts';
import { keyOf, MOST_REFUSED, subjectOf, type EntryRecord, type JournalKey } from './journal-head.ts';
import type { Journals } from './journals.ts';
import { liveHead, planWave, refusalOf, type Cargo } from './plan-wave.ts';
import { learnPlace, tryPlace } from './doubted-entry.ts';
import { createLateCargoes } from './late-cargoes.ts';
import type { Forwarding, ForwardParts, StoreOutcome } from './forwarding.ts';
import { doubtAfter, isDoubtful, type Doubt } from './saves-doubt.ts';
import type { Place, PlacedRecord } from './spool.ts';

const BATCH_RECORDS = 1_000;
const BATCH_BYTES = 256 * 1024;

/** Of the spool, beyond what waits: so much is read again each time that one of those it waits for is done. */
const SEGMENTS_AHEAD = 2;

export async function forwardJournals(parts: ForwardParts, signal: AbortSignal): Promise<void> {
  const { journals, log } = parts;
  const { spool } = journals;
  const stop = new AbortController();
  const forwarding = { ...parts, persistence: { signal: AbortSignal.any([signal, stop.signal]), log }, failing: () => {} };
  const isStored = ({ journal, entry }: EntryRecord) => entry.seq <= journals.acks(journal).durable;
  const late = createLateCargoes((cargo, failing) => send({ ...forwarding, failing }, cargo));
  /** All before the first is settled; all before the second is, too, or waits for what is late. */
  let [cursor, ahead]: [Place, Place] = [spool.first, spool.first];
  const mayGoOn = () => spool.hasAfter(ahead) && ahead.segment - cursor.segment <= SEGMENTS_AHEAD;
  try {
    while (!signal.aborted) {
      await journals.until(mayGoOn, late.held().size === 0 ? signal : AbortSignal.any([signal, late.changed()]));
      if (late.release()) ahead = cursor;
      let left: readonly PlacedRecord[] = await spool.read(ahead, BATCH_RECORDS, BATCH_BYTES);
      while (left.length > 0 && !signal.aborted && !late.changed().aborted) {
        const records = left.map(({ record }) => record);
        const { cargoes, lost, taken, held } = planWave(records, spool.heads, { held: late.held(), isStored });
        late.hold(held);
        await closeSharers(forwarding, lost);
        await Promise.all(cargoes.map((cargo) => late.unlessFailing(cargo)));
        ahead = left[taken - 1]?.next ?? ahead;
        left = left.slice(taken);
        if (late.held().size > 0) continue;
        cursor = ahead;
        await journals.settled(cursor);
      }
    }
  } finally {
    stop.abort();
    await late.ended();
  }
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

async function send(forwarding: Forwarding, first: Cargo): Promise<void> {
  let cargo: Cargo | undefined = first;
  const { records } = first;
  for (let round = 1; cargo !== undefined; round += 1) {
    const outcome = await sendUntilDoubtful(forwarding, cargo);
    if (outcome.kind !== 'failed') return take(forwarding, cargo, outcome);
    if (records.length > 1) {
      for (const part of split(records, undefined)) await sendAgain(forwarding, part);
      return;
    }
    const tried = await tryPlace(forwarding, cargo, outcome.cause, round);
    if (tried !== undefined) return take(forwarding, tried.place, tried.outcome);
    // What it touches may have been closed meanwhile.
    [cargo] = planWave(records, forwarding.journals.spool.heads).cargoes;
  }
  return sendAgain(forwarding, records);
}

/** For as long as it takes, unless saves itself fails on it so often that it may be the entries. */
async function sendUntilDoubtful(forwarding: Forwarding, cargo: Cargo): Promise<StoreOutcome | { kind: 'failed'; cause: unknown }> {
  const { sink, persistence, patienceMs, now } = forwarding;
  let doubt: Doubt | undefined;
  const isDoubted = () => doubt !== undefined && isDoubtful(doubt, cargo.records.length, now(), patienceMs);
  const passing = (cause: unknown) => {
    doubt = doubtAfter(doubt, cause, now());
    if (doubt !== undefined) forwarding.failing();
    return !isDoubted();
  };
  try {
    return await keepTrying('forwarding entries', () => sink.append(cargo), { ...persistence, passing });
  } catch (cause) {
    if (persistence.signal.aborted || !isDoubted()) throw cause;
    return { kind: 'failed', cause };
  }
}

/** What the answer means for the journals that are touched. */
async function take(forwarding: Forwarding, cargo: Cargo, outcome: StoreOutcome): Promise<void> {
  const { journals } = forwarding;
  const { journal, records } = cargo;
  switch (outcome.kind) {
    case 'stored':
      if (!(await learnPlace(forwarding, cargo))) return giveUp(forwarding, cargo, 'elsewhere', 'another session has taken it');
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
  if (stored !== undefined && stored >= seq) {
    if (!(await learnPlace(forwarding, cargo))) return giveUp(forwarding, cargo, 'elsewhere', 'another session has taken it');
    return storedBefore(forwarding, record, stored);
  }

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
    if (liveHead(journals.spool.heads, keyOf('players', playerId), ownMember(shares, playerId)) !== undefined)
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
