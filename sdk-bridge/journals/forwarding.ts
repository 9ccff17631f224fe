/** What forwarding journals takes: where entries go, and what is told of those that do not. */
import type { EntryRefusal } from '../../contracts/saves.ts';
import type { Log } from '../../runtime/log.ts';
import type { Persistence } from '../backend/keep-trying.ts';
import type { EntryRecord, JournalKey } from './journal-head.ts';
import type { Journals } from './journals.ts';
import type { Judged } from './judge-refusal.ts';
import type { Cargo } from './plan-wave.ts';

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
  /** Whether what is stored there is an empty place, and why. Throws what passes. */
  storedAt(journal: JournalKey, seq: number): Promise<StoredAt>;
}

export type StoredAt =
  | { readonly kind: 'entry' }
  | { readonly kind: 'place'; readonly why: EntryRefusal }
  /** It is not there, or not ours to look at any more. */
  | { readonly kind: 'unknown' };

export interface ForwardParts {
  readonly journals: Journals;
  readonly sink: JournalSink;
  /** Keeps an entry that saves never takes; undefined where there is no more room. */
  readonly setAside: (record: EntryRecord, why: EntryRefusal) => Promise<string | undefined>;
  /** The game server heeds what acks say of refused entries. */
  readonly canTell: () => boolean;
  /** For how long saves may fail on one entry, at least, before its empty place is tried, in milliseconds. */
  readonly patienceMs: number;
  readonly now: () => number;
  readonly log: Log;
}

export interface Forwarding extends ForwardParts {
  readonly persistence: Persistence;
  /** Saves itself has failed on what is sent: others need not wait for it. */
  readonly failing: () => void;
}
