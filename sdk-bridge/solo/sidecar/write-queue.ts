/** Writes that wait: each kind is done once, a while after it was first asked for, with what was asked by then. */
import type { Log } from '../../../runtime/log.ts';

export type WriteKind = 'state' | 'labels' | 'annotations' | 'counters' | 'lists' | 'players';

/** Does it when it is time; what is returned calls it off. */
export type Later = (act: () => void) => () => void;

export const afterMs =
  (ms: number): Later =>
  (act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  };

export class WriteQueue {
  readonly #later: Later;
  readonly #write: (kind: WriteKind, signal: AbortSignal) => Promise<void>;
  readonly #log: Pick<Log, 'warn'>;
  readonly #signal: AbortSignal;
  readonly #waiting = new Map<WriteKind, () => void>();
  #running: Promise<void> = Promise.resolve();

  constructor(later: Later, write: (kind: WriteKind, signal: AbortSignal) => Promise<void>, log: Pick<Log, 'warn'>, signal: AbortSignal) {
    this.#later = later;
    this.#write = write;
    this.#log = log;
    this.#signal = signal;
    // As with the real sidecar, what still waits when the process is told to end is lost.
    signal.addEventListener('abort', () => {
      for (const callOff of this.#waiting.values()) callOff();
    });
  }

  ask(kind: WriteKind): void {
    if (this.#signal.aborted || this.#waiting.has(kind)) return;
    const act = (): void => {
      this.#waiting.delete(kind);
      this.#running = this.#running.then(() => this.#run(kind));
    };
    this.#waiting.set(kind, this.#later(act));
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
