/** What became of each allocation, by the event log: one held call for all of them, resumed after whatever was killed. */
import type { AllocationState } from '../../contracts/allocator.ts';
import { allocatorApi } from '../../contracts/allocator-api.ts';
import { createClient, type Send } from '../../contracts/client.ts';
import { keepTrying } from './keep-trying.ts';

export interface FollowParts {
  readonly urls: readonly string[];
  readonly token: string;
  readonly send: Send;
  readonly luck: () => number;
  /** Not an event twice, and none left out. */
  readonly onTrouble: (text: string) => void;
}

const HOLD_SECONDS = 5;
const PAGE = 500;

export class FollowedStates {
  readonly #states = new Map<string, AllocationState>();
  readonly #ready = new Set<string>();
  readonly #waiting = new Map<string, Set<() => void>>();

  wasReady(id: string): boolean {
    return this.#ready.has(id);
  }

  /** Resolves with the state that is enough. @throws when the signal aborts */
  async until(id: string, enough: (state: AllocationState) => boolean, signal: AbortSignal): Promise<AllocationState> {
    for (;;) {
      signal.throwIfAborted();
      const state = this.#states.get(id);
      if (state !== undefined && enough(state)) return state;
      await this.#changed(id, signal);
    }
  }

  /** Until the signal. */
  async follow({ urls, token, send, luck, onTrouble }: FollowParts, signal: AbortSignal): Promise<void> {
    let after: number | undefined;
    const seen = new Set<string>();
    while (!signal.aborted) {
      const query = { wait: HOLD_SECONDS, limit: PAGE, ...(after === undefined ? {} : { after }) };
      const ask = () => {
        const client = createClient(allocatorApi, { baseUrl: urls[Math.floor(luck() * urls.length)] ?? '', send, token: () => token });
        return client.listEvents({ query }, { signal, timeoutMs: (HOLD_SECONDS + 5) * 1_000 });
      };
      const { body } = await keepTrying(ask, signal);
      for (const { id, seq, allocation } of body.events) {
        if (seen.has(id)) onTrouble(`the event log tells ${id} twice, now as ${seq}`);
        seen.add(id);
        this.#put(allocation.id, allocation.state);
      }
      after = body.next;
    }
  }

  #put(id: string, state: AllocationState): void {
    this.#states.set(id, state);
    if (state === 'ready') this.#ready.add(id);
    for (const look of this.#waiting.get(id) ?? []) look();
  }

  #changed(id: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const looks = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, looks);
      const look = () => {
        looks.delete(look);
        if (looks.size === 0) this.#waiting.delete(id);
        signal.removeEventListener('abort', look);
        resolve();
      };
      looks.add(look);
      signal.addEventListener('abort', look, { once: true });
    });
  }
}
