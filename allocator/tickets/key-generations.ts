/**
 * The life of a signing key, and what is due in it. Pure.
 *
 *     announced ──(lead)──▶ signs ──(period)──▶ outlived ──▶ forgotten
 *     └────────── published for whoever verifies ─────────┘
 *
 * Each step is a write of its own, whose time is taken only after the write before it was read back from the database. So a process that
 * was paused between taking the time and writing it only makes a key published longer before it signs, or after it has signed, never
 * shorter.
 */
export interface Generation {
  readonly generation: number;
  /** Null while it is only announced. */
  readonly signFrom: Date | null;
  /** Null until its successor signs. */
  readonly publishUntil: Date | null;
}

export interface KeyTimes {
  /** How long a key signs. */
  readonly periodMs: number;
  /** How long a key is published before it signs: longer than anybody keeps a key set. */
  readonly leadMs: number;
  /** How long a key is published after its successor signs: longer than anything holds that it signed. */
  readonly outliveMs: number;
}

export type Due<G extends Generation> =
  | { readonly kind: 'announce'; readonly generation: number; readonly signFrom: Date | null }
  | { readonly kind: 'activate'; readonly of: G; readonly signFrom: Date }
  | { readonly kind: 'outlive'; readonly of: G; readonly publishUntil: Date }
  | { readonly kind: 'forget'; readonly of: G };

/** The newest whose time has come. */
export function signingOf<G extends Generation>(generations: readonly G[], now: number): G | undefined {
  return generations
    .filter(({ signFrom }) => signFrom !== null && signFrom.getTime() <= now)
    .toSorted((a, b) => b.generation - a.generation)[0];
}

export function isPublished({ publishUntil }: Generation, now: number): boolean {
  return publishUntil === null || publishUntil.getTime() > now;
}

/** @param now taken after `generations` were read. */
export function dueOf<G extends Generation>(generations: readonly G[], now: number, { periodMs, leadMs, outliveMs }: KeyTimes): Due<G>[] {
  const [newest, before] = generations.toSorted((a, b) => b.generation - a.generation);
  // Nobody has a key set of ours yet: the first one need not wait.
  if (newest === undefined) return [{ kind: 'announce', generation: 1, signFrom: new Date(now) }];
  const due: Due<G>[] = [];
  if (newest.signFrom === null) {
    const itsTurn = before?.signFrom === null || before === undefined ? now : before.signFrom.getTime() + periodMs;
    due.push({ kind: 'activate', of: newest, signFrom: new Date(Math.max(now + leadMs, itsTurn)) });
  } else if (now >= newest.signFrom.getTime() + periodMs - 2 * leadMs) {
    due.push({ kind: 'announce', generation: newest.generation + 1, signFrom: null });
  }
  const signing = signingOf(generations, now);
  for (const of of generations) {
    if (signing === undefined || of.generation >= signing.generation) continue;
    if (of.publishUntil === null) due.push({ kind: 'outlive', of, publishUntil: new Date(now + outliveMs) });
    else if (!isPublished(of, now)) due.push({ kind: 'forget', of });
  }
  return due;
}
