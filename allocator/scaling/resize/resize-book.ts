/** Which game servers of a cluster have a size to be seen to, and when next. Synchronous, without a clock of its own. */
import type { Level } from './level.ts';
import type { ResizeOutcome } from './resize-metrics.ts';
import type { PodOutcome } from './resize-pod.ts';
import type { Profile } from './profile.ts';
import type { Size } from './size.ts';

export interface Entry {
  readonly name: string;
  readonly uid: string;
  profile: Profile;
  level: Level;
  /** Milliseconds, as everything here. */
  since: number;
  /** Its pod has been looked at. */
  known: boolean;
  dueAt: number;
  tries: number;
  busy: boolean;
  /** Since when a resize is not carried out. */
  pendingSince: number | undefined;
  /** What was counted last: each step of a resize counts once. */
  counted: PodOutcome['kind'] | undefined;
  size: Size | undefined;
  granted: Size | undefined;
}

/** A node takes a moment; one that defers may take minutes. */
const FIRST_LOOK_MS = 1_000;
const LAST_LOOK_MS = 60_000;
/** Whoever changed the pod is likely to be its kubelet, which is done at once. */
const CONFLICT_MS = 200;
/** What is refused or does not fit is asked again so rarely: a quota may have been raised, a node emptied. */
const BARRED_MS = 10 * 60_000;
/** What is as it should be is looked at so often, should somebody else have changed it. */
const RECHECK_MS = 10 * 60_000;
/** The node has yet to carry it out. */
const PENDING: ReadonlySet<PodOutcome['kind']> = new Set(['asked', 'waiting', 'deferred', 'under-way', 'error']);
const RANKS: Readonly<Record<Level, number>> = { full: 0, allocated: 1, idle: 3 };

export class ResizeBook {
  readonly #entries = new Map<string, Entry>();

  get entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  get(name: string, uid: string): Entry | undefined {
    const entry = this.#entries.get(name);
    return entry?.uid === uid ? entry : undefined;
  }

  /** What a game server is to be like now; a change is due at once. */
  want(name: string, uid: string, profile: Profile, level: Level, now: number): void {
    const entry = this.get(name, uid);
    if (entry === undefined) {
      const fresh = { known: false, dueAt: now, tries: 0, busy: false, pendingSince: undefined, counted: undefined };
      this.#entries.set(name, { name, uid, profile, level, since: now, ...fresh, size: undefined, granted: undefined });
    } else if (entry.level !== level || entry.profile !== profile) {
      if (entry.level !== level) entry.since = now;
      Object.assign(entry, { profile, level, dueAt: now, tries: 0, counted: undefined, pendingSince: undefined });
    }
  }

  /** Forgets all but these. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#entries.keys()) if (!names.has(name)) this.#entries.delete(name);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** The most urgent ones that are due: growth before shrinking, changes before looks. */
  due(now: number, most: number): Entry[] {
    const due = this.#entries
      .values()
      .filter((entry) => !entry.busy && entry.dueAt <= now)
      .toArray();
    return due.toSorted((a, b) => rankOf(a) - rankOf(b) || a.dueAt - b.dueAt).slice(0, most);
  }

  /** When the next one is due. */
  nextDueAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { busy, dueAt } of this.#entries.values()) if (!busy) next = Math.min(next, dueAt);
    return next;
  }

  /** Notes what became of a look, unless something else is wanted by now. @returns what is to be counted, if anything is */
  note(entry: Entry, level: Level, profile: Profile, outcome: PodOutcome, now: number): ResizeOutcome | undefined {
    const isStale = entry.level !== level || entry.profile !== profile;
    if ('size' in outcome) Object.assign(entry, { known: true, size: outcome.size, granted: outcome.granted });
    const { kind } = outcome;
    const before = entry.counted;
    if (!isStale) {
      // Somebody who changes it back each time is not outrun.
      if (kind === 'asked' && (before === undefined || !PENDING.has(before))) entry.tries = 0;
      entry.counted = kind;
      entry.dueAt = now + waitAfter(outcome, entry.tries);
      entry.tries += 1;
      entry.pendingSince = PENDING.has(kind) ? (entry.pendingSince ?? now) : undefined;
    }
    return countedAs(kind, isStale ? undefined : before);
  }

  /** The cluster gave no answer, or a bad one. */
  noteFailure(entry: Entry, now: number): void {
    entry.dueAt = now + Math.min(LAST_LOOK_MS, FIRST_LOOK_MS * 2 ** entry.tries);
    entry.tries += 1;
  }
}

function rankOf({ level, known, tries }: Entry): number {
  const rank = RANKS[level];
  // Among those of which nothing is known yet, most have their size.
  return known && tries === 0 ? rank : rank + 2;
}

function waitAfter({ kind }: PodOutcome, tries: number): number {
  switch (kind) {
    case 'granted':
      return RECHECK_MS;
    case 'infeasible':
    case 'refused':
    case 'impossible':
      return BARRED_MS;
    case 'conflict':
      return CONFLICT_MS * 2 ** Math.min(tries, 8);
    default:
      return Math.min(LAST_LOOK_MS, FIRST_LOOK_MS * 2 ** Math.min(tries, 6));
  }
}

/** `granted` counts after something was asked, and no step counts at each look. */
function countedAs(kind: PodOutcome['kind'], before: PodOutcome['kind'] | undefined): ResizeOutcome | undefined {
  if (kind === 'conflict') return kind;
  if (kind === 'moot' || kind === 'waiting' || kind === 'under-way' || kind === 'error' || kind === before) return undefined;
  return kind === 'granted' && before === undefined ? undefined : kind;
}
