/**
 * Which game server carried which attempt of which allocation, and for how long; and what of that must not be. Pure.
 *
 * It judges by what the API servers showed, not by what the allocator believes.
 */

/** A game server is seen: with the allocator's marks and in state Allocated, or no longer so. */
export interface Sighting {
  /** Milliseconds since the epoch, as are all times here. */
  readonly at: number;
  readonly cluster: string;
  readonly gameServer: string;
  /** The game server's own uid: a name may be given again, a uid never. */
  readonly serverUid: string;
  /** What it carries while Allocated; absent once it is gone, or in any other state. */
  readonly carries?: Carried;
}

export interface Carried {
  readonly uid: string;
  readonly attempt: number;
}

/** One game server Allocated for one attempt, from then until then. */
export interface Stay extends Carried {
  readonly cluster: string;
  readonly gameServer: string;
  readonly serverUid: string;
  readonly since: number;
  /** Absent while it lasts. */
  until?: number;
}

/** What the store says of an allocation. */
export interface AllocationFact {
  readonly uid: string;
  /** The present attempt, and since when it is that one. */
  readonly attempt: number;
  readonly attemptSince: number;
  /** When it became final; absent while it lives. */
  readonly overAt?: number;
}

/** So long may a server stay that nobody needs any more: to flush its saves, or until it was noticed. */
export const RELEASE_MS = 30_000;

export class GameServerHistory {
  readonly #stays: Stay[] = [];
  /** Server uid → its stay that lasts. */
  readonly #lasting = new Map<string, Stay>();

  see({ at, cluster, gameServer, serverUid, carries }: Sighting): void {
    const lasting = this.#lasting.get(serverUid);
    if (lasting !== undefined) {
      if (carries !== undefined && lasting.uid === carries.uid && lasting.attempt === carries.attempt) return;
      lasting.until = at;
      this.#lasting.delete(serverUid);
    }
    if (carries === undefined) return;
    const stay: Stay = { cluster, gameServer, serverUid, ...carries, since: at };
    this.#stays.push(stay);
    this.#lasting.set(serverUid, stay);
  }

  get stays(): readonly Stay[] {
    return this.#stays;
  }

  /** Stays that last. */
  lasting(): Stay[] {
    return [...this.#lasting.values()];
  }
}

/**
 * Allocations that bound more than one server: each further server that carried the same attempt, ever; and each pair of servers that
 * were Allocated for different attempts of one allocation side by side for longer than a superseded one may take to go.
 */
export function doubledOf(stays: readonly Stay[], now: number): number {
  let doubled = 0;
  for (const ofOne of groups(stays, ({ uid }) => uid)) {
    for (const ofAttempt of groups(ofOne, ({ attempt }) => String(attempt)))
      doubled += new Set(ofAttempt.map(({ serverUid }) => serverUid)).size - 1;
    for (const [index, one] of ofOne.entries())
      for (const other of ofOne.slice(index + 1))
        if (one.attempt !== other.attempt && overlapMs(one, other, now) > RELEASE_MS) doubled += 1;
  }
  return doubled;
}

/**
 * Stays on a server whose attempt is over, superseded or unknown to the store, for longer than the release may take.
 * @param atEnd nothing is under way any more: then none of them may last at all.
 */
export function orphansOf(stays: readonly Stay[], facts: ReadonlyMap<string, AllocationFact>, now: number, atEnd: boolean): Stay[] {
  return stays.filter((stay) => {
    const unneeded = unneededSince(stay, facts.get(stay.uid));
    if (unneeded === undefined) return false;
    if (atEnd && stay.until === undefined) return true;
    return (stay.until ?? now) - Math.max(unneeded, stay.since) > RELEASE_MS;
  });
}

function unneededSince(stay: Stay, fact: AllocationFact | undefined): number | undefined {
  if (fact === undefined) return stay.since;
  if (stay.attempt < fact.attempt) return fact.attemptSince;
  return stay.attempt === fact.attempt ? fact.overAt : undefined;
}

function overlapMs(one: Stay, other: Stay, now: number): number {
  return Math.min(one.until ?? now, other.until ?? now) - Math.max(one.since, other.since);
}

function groups(stays: readonly Stay[], keyOf: (stay: Stay) => string): Stay[][] {
  return [...Map.groupBy(stays, keyOf).values()];
}
