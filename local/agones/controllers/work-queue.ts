/**
 * Work by key: a key that is asked for again while it is worked on is worked on once more afterwards, never twice at the
 * same time; a failed key comes back with a growing delay.
 */
import type { Log } from '../log.ts';

export type Work = (key: string, signal: AbortSignal) => Promise<void>;

const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 5_000;

export class WorkQueue {
  readonly #name: string;
  readonly #work: Work;
  readonly #width: number;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  readonly #waiting = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(name: string, width: number, work: Work, log: Log, signal: AbortSignal) {
    this.#name = name;
    this.#work = work;
    this.#width = width;
    this.#log = log;
    this.#signal = signal;
    signal.addEventListener('abort', () => {
      for (const timer of this.#timers.values()) clearTimeout(timer);
    });
  }

  add(key: string): void {
    if (this.#signal.aborted) return;
    this.#waiting.add(key);
    this.#next();
  }

  /** Asks for a key later; an earlier wish for the same key stays if it is sooner. */
  addAfter(key: string, delayMs: number): void {
    if (this.#signal.aborted || this.#timers.has(key)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.add(key);
    }, delayMs);
    this.#timers.set(key, timer);
  }

  /** Until nothing of it runs any more. */
  async drained(): Promise<void> {
    await Promise.allSettled(this.#running.values());
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#width) return;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      this.#running.set(key, this.#run(key));
    }
  }

  async #run(key: string): Promise<void> {
    try {
      await this.#work(key, this.#signal);
      this.#failures.delete(key);
    } catch (error) {
      this.#retry(key, error);
    } finally {
      this.#running.delete(key);
      if (!this.#signal.aborted) this.#next();
    }
  }

  #retry(key: string, error: unknown): void {
    if (this.#signal.aborted) return;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    // A conflict or two is how optimistic writes work; only what lasts is worth a line.
    if (failures === 5) this.#log.warn('work on a key keeps failing', { queue: this.#name, key, error });
    this.addAfter(key, Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS));
  }
}
