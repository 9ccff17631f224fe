/** How far a world's journal has come: which entries are new, and what is accepted and durable. Pure. */
import type { JournalEntry } from '../../contracts/saves.ts';

export interface JournalPosition {
  /** Newest entry on this pod's disk; never behind `durable`. */
  readonly accepted: number;
  /** Newest entry stored in saves. */
  readonly durable: number;
}

export type AppendVerdict =
  /** `fresh` are the entries that are not here yet; none when all were sent before. */
  | { readonly kind: 'accept'; readonly fresh: readonly JournalEntry[] }
  | { readonly kind: 'gap'; readonly expected: number; readonly got: number };

/** Exactly once per sequence number: those that are here already are passed over, and none may be left out. */
export function judgeAppend(position: JournalPosition, entries: readonly JournalEntry[]): AppendVerdict {
  let next = entries[0]?.seq ?? 0;
  if (next > position.accepted + 1) return { kind: 'gap', expected: position.accepted + 1, got: next };
  for (const { seq } of entries) {
    if (seq !== next) return { kind: 'gap', expected: next, got: seq };
    next++;
  }
  return { kind: 'accept', fresh: entries.filter(({ seq }) => seq > position.accepted) };
}

export function acceptedTo(position: JournalPosition, seq: number): JournalPosition {
  return { ...position, accepted: Math.max(position.accepted, seq) };
}

/** What saves tells of an older moment takes nothing back. */
export function durableTo(position: JournalPosition, seq: number): JournalPosition {
  const durable = Math.max(position.durable, seq);
  return { durable, accepted: Math.max(position.accepted, durable) };
}
