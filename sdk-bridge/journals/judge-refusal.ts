/** What it means that saves did not take entries: what passes, and what never will. Pure. */
import { AppError } from '../../contracts/app-error.ts';
import type { EntryRefusal, JournalEntry } from '../../contracts/saves.ts';

export type Judged =
  /** It passes: no answer, no trust in our token, too many requests, a fault of saves itself, or a refusal that does not say never. */
  | { readonly kind: 'passes' }
  /** The journal is not this session's to write, now or ever again. */
  | { readonly kind: 'fenced'; readonly detail: string }
  /** The same of an inventory that entries have shares of: they are stored without these. */
  | { readonly kind: 'share-lost'; readonly playerId: string; readonly detail: string }
  /** No repetition of one of these entries will be taken. */
  | {
      readonly kind: 'refused';
      readonly why: EntryRefusal;
      /** Which one, by its place in the request; undefined where saves does not say. */
      readonly at: number | undefined;
    };

/**
 * Another holds it, the journal is not as we left it, or we may not touch it. After saves was restored from a backup a journal is at an
 * older epoch than ours, or at another's.
 */
const LOST = new Set(['epoch_stale', 'epoch_unknown', 'sequence_gap', 'lease_absent', 'lease_not_held', 'not_in_grant']);

const MOST_CODE = 64;
const MOST_DETAIL = 256;

export function isLost(cause: unknown): cause is AppError {
  return cause instanceof AppError && LOST.has(cause.code);
}

export function judgeRefusal(cause: unknown, entries: readonly JournalEntry[]): Judged {
  if (isLost(cause)) return judgeLoss(cause, entries);
  if (!(cause instanceof AppError) || !saysNever(cause)) return { kind: 'passes' };
  const { entry } = pointed(cause);
  const why = { code: cause.code.slice(0, MOST_CODE), detail: cause.message.slice(0, MOST_DETAIL) };
  return { kind: 'refused', why, at: entry !== undefined && entry < entries.length ? entry : undefined };
}

function judgeLoss(cause: AppError, entries: readonly JournalEntry[]): Judged {
  const { entry, share } = pointed(cause);
  const detail = cause.message;
  const playerId = share === undefined ? undefined : entries[entry ?? 0]?.inventories?.[share]?.playerId;
  return playerId === undefined ? { kind: 'fenced', detail } : { kind: 'share-lost', playerId, detail };
}

/** A 400 of something in between says nothing of an entry. That one is too large does, whoever says it. */
function saysNever({ kind, code }: AppError): boolean {
  return (kind === 'invalid' && code !== 'unexpected_answer') || kind === 'too-large';
}

const POINTER = /^#\/body\/entries\/(\d+)(?:\/inventories\/(\d+))?/;

function pointed({ faults }: AppError): { entry: number | undefined; share: number | undefined } {
  const [, entry, share] = faults.map(({ pointer }) => POINTER.exec(pointer)).find((found) => found !== null) ?? [];
  return { entry: entry === undefined ? undefined : Number(entry), share: share === undefined ? undefined : Number(share) };
}
