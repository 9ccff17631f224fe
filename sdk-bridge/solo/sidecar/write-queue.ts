/** Writes that wait: each kind is done once, `delayMs` after it was first asked for, with what was asked by then. */
import type { Log } from '../../../runtime/log.ts';

export type WriteKind = 'state' | 'labels' | 'annotations' | 'counters' | 'lists' | 'players';

export class WriteQueue {
  readonly #delayMs: number;
  readonly #write: (kind: WriteKind, signal: AbortSignal) => Promise<void>;
  readonly #log: Pick<Log, 'warn'>;
  readonly #signal: AbortSignal;
  readonly #timers = new Map<WriteKind, NodeJS.Timeout>();
  #running: Promise<void> = Promise.resolve();

  constructor(
    delayMs: number,
    write: (kind: WriteKind, signal: AbortSignal) => Promise<void>,
    log: Pick<Log, 'warn'>,
    signal: AbortSignal,
  ) {
    this.#delayMs = delayMs;
    this.#write = write;
    this.#log = log;
    this.#signal = signal;
    // As with the real sidecar, what still waits when the process is told to end is lost.
    signal.addEventListener('abort', () => {
      for (const timer of this.#timers.values()) clearTimeout(timer);
    });
  }

  ask(kind: WriteKind): void {
    if (this.#signal.aborted || this.#timers.has(kind)) return;
    this.#timers.set(
      kind,
      setTimeout(() => {
        this.#timers.delete(kind);
        this.#running = this.#running.then(() => this.#run(kind));
      }, this.#delayMs),
    );
  }

  async #run(kind: WriteKind): Promise<void> {
    if (this.#signal.aborted) return;
    try {
      await this.#write(kind, this.#signal);
    } catch (error) {
      if (this.#signal.aborted) return;
      this.#log.warn('a write to the game server failed and comes again', { kind, error });
      this.ask(kind);
    }
  }
}
