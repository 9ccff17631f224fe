/**
 * How many asks a cluster is given at once: as many as it answers well within their time.
 *
 * An ask that runs out of time may have won a server all the same, which then has to be released and replaced: a slow cluster that is
 * asked more would do more of that, and less of what is wanted. So the limit is lowered by a part when answers take long, at most once
 * per round of asks, and raised by one per round while they do not (additive increase, multiplicative decrease; Chiu and Jain, 1989).
 * Pure: time comes in.
 */

/** Of an ask's time: an answer that takes more of it is a sign of too many at once. */
const SLOW = 0.5;
const LOWER = 0.7;
const LEAST = 2;

export class AskLimit {
  readonly #most: () => number;
  readonly #now: () => number;
  #limit: number | undefined;
  #loweredAt = Number.NEGATIVE_INFINITY;
  #throttledUntil = Number.NEGATIVE_INFINITY;
  #inFlight = 0;

  /** @param most the limit never rises above this. @param now milliseconds */
  constructor(most: () => number, now: () => number) {
    this.#most = most;
    this.#now = now;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** How many there may be now. */
  get limit(): number {
    return Math.max(1, Math.min(this.#most(), Math.floor(this.#limit ?? this.#most())));
  }

  get isFull(): boolean {
    return this.#inFlight >= this.limit || this.#throttledUntil > this.#now();
  }

  /** The cluster has said itself that it is asked too much. */
  throttle(ms: number): void {
    this.#throttledUntil = Math.max(this.#throttledUntil, this.#now() + ms);
  }

  /** An ask begins, which may take `timeMs`; call the answer when it has ended, however. */
  begin(timeMs: number): () => void {
    const began = this.#now();
    this.#inFlight += 1;
    return () => {
      this.#inFlight -= 1;
      const tookMs = this.#now() - began;
      const limit = Math.min(this.#limit ?? this.#most(), this.#most());
      if (tookMs < timeMs * SLOW) this.#limit = Math.min(this.#most(), limit + 1 / limit);
      else if (began > this.#loweredAt) {
        // Those that were under way then say nothing of the lower limit.
        this.#loweredAt = this.#now();
        this.#limit = Math.max(Math.min(LEAST, this.#most()), limit * LOWER);
      }
    };
  }
}
