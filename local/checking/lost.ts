/**
 * Which allocations were lost: a client was told that its request is kept, and it is not, or nothing came of it in time. Pure.
 *
 * It judges by what the clients were told and by what the store says in the end.
 */

/** The answer that a client got: 2xx to a request for this id. */
export interface Promised {
  readonly id: string;
  /** Milliseconds since the epoch, as are all times here. */
  readonly deadlineAt: number;
}

/** What the store says of an id. */
export interface Kept {
  readonly id: string;
  /** Ready or final. */
  readonly isSettled: boolean;
}

/** Beyond its deadline, so long may it take until an allocation is seen as settled: a sweep, and a look at the store. */
export const SETTLING_MS = 5_000;

/** @returns what was promised and is unknown, or unsettled although its deadline is over. */
export function lostOf(promised: readonly Promised[], kept: ReadonlyMap<string, Kept>, now: number): Promised[] {
  return promised.filter(({ id, deadlineAt }) => {
    const found = kept.get(id);
    return found === undefined || (!found.isSettled && now - deadlineAt > SETTLING_MS);
  });
}
