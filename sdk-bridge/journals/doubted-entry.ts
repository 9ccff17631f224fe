/**
 * An entry on which saves itself fails, again and again. Saves may be ill, or cannot bear this one entry; what tells is its empty place:
 *
 *     faults at one entry ──▶ kept in a file, `doubted` on disk ──▶ its empty place ──▶ stored: it was the entry ──▶ `refused`, told by acks
 *                                    ▲                                  └── a fault as well: saves is ill ──▶ the entry is sent again
 *
 * From the note on it is not known which of the two saves will have: whatever it says to be stored there is read back before it is told.
 */
import { AppError } from '../../contracts/app-error.ts';
import type { EntryRefusal } from '../../contracts/saves.ts';
import { keepTrying } from '../backend/keep-trying.ts';
import type { Forwarding, StoreOutcome } from './forwarding.ts';
import { keyOf, MOST_REFUSED } from './journal-head.ts';
import { placeOf, refusalOf, type Cargo } from './plan-wave.ts';

const MOST_DETAIL = 256;

/**
 * @param cargo with the one entry. @param cause what saves said of it last. @param round how often it came to this.
 * @returns what saves says to its empty place; undefined where that fails as well, or cannot be tried: then the entry has to wait.
 */
export async function tryPlace(
  forwarding: Forwarding,
  cargo: Cargo,
  cause: unknown,
  round: number,
): Promise<{ place: Cargo; outcome: StoreOutcome } | undefined> {
  const { journals, sink, setAside, canTell, log } = forwarding;
  const { journal, records } = cargo;
  const [record] = records;
  const head = journals.head(journal);
  if (record === undefined || head === undefined) return undefined;
  const { seq } = record.entry;
  const waits = (reason: string, more: object = {}) => {
    if (round === 1)
      log.error('saves fails on an entry again and again: what is behind it waits', { journal, seq, reason, cause, ...more });
    return undefined;
  };
  if (refusalOf(head, seq) !== undefined) return waits('it is an empty place already: saves is ill');
  if (!canTell()) return waits('the game server does not heed refused entries');
  const touched = (record.entry.inventories ?? []).map(({ playerId }) => keyOf('players', playerId));
  if ([journal, ...touched].some((key) => (journals.head(key)?.refused?.length ?? 0) >= MOST_REFUSED)) return waits('too many are refused');

  const why = reasonOf(cause);
  const place = placeOf(record, why, journals.spool.heads);
  if (place === undefined) return undefined;
  try {
    const keptIn = await setAside(record, why);
    if (keptIn === undefined) return waits('there is no room to set it aside');
    if (head.doubted?.seq !== seq) await journals.doubt(record, why);
    const outcome = await sink.append(place);
    if (outcome.kind === 'stored') log.error('saves fails on an entry and takes its empty place', { journal, seq, ...why, keptIn });
    return { place, outcome };
  } catch (failure) {
    return waits('its empty place cannot be stored either', { failure });
  }
}

/**
 * Of what saves says to have of these entries: whether an empty place that was tried is among it. Then acks tell so from now on.
 * @returns false where saves lets this session look no more.
 */
export async function learnPlace(forwarding: Forwarding, { journal, records }: Cargo): Promise<boolean> {
  const { journals, sink, persistence } = forwarding;
  const head = journals.head(journal);
  const record = records.find(({ entry }) => entry.seq === head?.doubted?.seq);
  if (head === undefined || record === undefined || refusalOf(head, record.entry.seq) !== undefined) return true;
  const stored = await keepTrying('reading back a doubted entry', () => sink.storedAt(journal, record.entry.seq), {
    ...persistence,
    passing: () => true,
  });
  if (stored.kind === 'place') await keepTrying('noting a refused entry', () => journals.refuse(record, stored.why), persistence);
  return stored.kind !== 'unknown';
}

function reasonOf(cause: unknown): EntryRefusal {
  const said = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof AppError ? cause.code : 'internal';
  return { code: code.slice(0, 64), detail: `saves fails on it: ${said}`.slice(0, MOST_DETAIL) };
}
