/**
 * The kinds of servers that the clusters have, each kept once for all of them: so whoever weighs a thousand clusters looks at
 * a kind once, and not once a cluster.
 */
import type { Kind } from '../placement/pool.ts';

/** Kinds come and go with the counts of servers. Whoever keeps one beyond this keeps it; it is only no longer the same object. */
const MOST_KINDS = 10_000;

export class Kinds {
  readonly #known = new Map<string, Kind>();

  /** @param key the same for kinds that are the same, of whichever cluster */
  of(key: string, make: () => Kind): Kind {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST_KINDS) this.#known.clear();
    const kind = make();
    this.#known.set(key, kind);
    return kind;
  }
}
