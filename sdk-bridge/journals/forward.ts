/** Brings what is accepted to saves, wave by wave, until the signal. */
import type { Log } from '../../runtime/log.ts';
import { keepTrying, type Persistence } from '../backend/keep-trying.ts';
import { keyOf, subjectOf, type EntryRecord, type JournalKey } from './journal-head.ts';
import type { Journals } from './journals.ts';
import { planWave, type Cargo } from './plan-wave.ts';
import type { Place, PlacedRecord } from './spool.ts';

export type StoreOutcome =
  | {
      readonly kind: 'stored';
      readonly durableSeq: number;
      /** Player → how far the inventory is durable; `fenced`: another session holds it, and it stays there. */
      readonly inventories: Readonly<Record<string, { readonly durableSeq: number; readonly fenced: boolean }>>;
    }
  | { readonly kind: 'fenced'; readonly detail: string };

/** Where entries become durable. Throws while it is away; `fenced` once and for all when another holds the journal. */
export interface JournalSink {
  append(cargo: Cargo): Promise<StoreOutcome>;
}

const BATCH_RECORDS = 1_000;
const BATCH_BYTES = 256 * 1024;

export async function forwardJournals(journals: Journals, sink: JournalSink, log: Log, signal: AbortSignal): Promise<void> {
  const { spool } = journals;
  const persistence = { signal, log };
  let cursor: Place = spool.first;
  while (!signal.aborted) {
    await journals.until(() => spool.hasAfter(cursor), signal);
    let left: readonly PlacedRecord[] = await spool.read(cursor, BATCH_RECORDS, BATCH_BYTES);
    while (left.length > 0 && !signal.aborted) {
      const { cargoes, lost, taken } = planWave(
        left.map(({ record }) => record),
        spool.heads,
      );
      await closeSharers(journals, lost, persistence);
      await Promise.all(cargoes.map((cargo) => send(journals, cargo, sink, persistence)));
      cursor = left[taken - 1]?.next ?? cursor;
      left = left.slice(taken);
      await journals.settled(cursor);
    }
  }
}

async function send(journals: Journals, cargo: Cargo, sink: JournalSink, persistence: Persistence): Promise<void> {
  const { journal } = cargo;
  const outcome = await keepTrying('forwarding entries', () => sink.append(cargo), { ...persistence, passing: () => true });
  if (outcome.kind === 'fenced') {
    await closeFor(journals, persistence, journal, 'elsewhere', outcome.detail);
    return closeSharers(journals, cargo.records, persistence);
  }
  journals.stored(journal, outcome.durableSeq);
  for (const [playerId, { durableSeq, fenced }] of Object.entries(outcome.inventories)) {
    const key = keyOf('players', playerId);
    if (fenced) await closeFor(journals, persistence, key, 'elsewhere', 'another session has taken it', durableSeq);
    else journals.stored(key, durableSeq);
  }
}

/** An entry is lost with its shares, and nothing can follow a share that is missing. */
async function closeSharers(journals: Journals, lost: readonly EntryRecord[], persistence: Persistence): Promise<void> {
  for (const { journal, entry, shares = {} } of lost) {
    for (const [playerId, generation] of Object.entries(shares)) {
      const key = keyOf('players', playerId);
      if (journals.head(key)?.generation !== generation) continue;
      await closeFor(journals, persistence, key, 'cut', `an entry was lost that it has a share of: ${nameOf(journal)} ${entry.seq}`);
    }
  }
}

/** For as long as the disk does not take it. */
async function closeFor(journals: Journals, persistence: Persistence, ...close: Parameters<Journals['close']>): Promise<void> {
  await keepTrying('closing a journal', () => journals.close(...close), persistence);
}

function nameOf(journal: JournalKey): string {
  const { kind, id } = subjectOf(journal);
  return kind === 'worlds' ? `world ${id}` : `inventory of ${id}`;
}
