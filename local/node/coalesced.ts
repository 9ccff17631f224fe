import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../agones/log.ts';

export interface Coalesced {
  (): void;
  /** Resolves when everything asked for so far is done. */
  settled(): Promise<void>;
}

const TRIES = 5;
const RETRY_MS = 300;

/** One run at a time, and one more when it was asked for meanwhile: the last call always has a run after it. A failing run is repeated. */
export function coalesced(work: () => Promise<void>, log: Log): Coalesced {
  let wanted = false;
  let running: Promise<void> | undefined;

  const runAll = async (): Promise<void> => {
    while (wanted) {
      wanted = false;
      for (let tries = 1; ; tries += 1) {
        try {
          await work();
          break;
        } catch (error) {
          if (tries >= TRIES) {
            log.warn('a status could not be written', { error });
            break;
          }
          await sleep(RETRY_MS * tries);
        }
      }
    }
  };
  const ask = (): void => {
    wanted = true;
    running ??= runAll().finally(() => {
      running = undefined;
    });
  };
  return Object.assign(ask, { settled: () => running ?? Promise.resolve() });
}
