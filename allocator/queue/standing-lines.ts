/** Which lines anybody stands in: one reading for everybody who has to know. */
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import { createBell } from '../delivery/bell.ts';
import type { Line } from '../store/line.ts';

export interface StandingLines {
  /** Called with each reading. */
  onRead(listener: (lines: readonly string[]) => void): void;
  /** Something has changed for those who wait: all is read soon. */
  readSoon(): void;
  /** For the lifecycle: reads now and then until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

export interface StandingLinesParts {
  readonly line: Pick<Line, 'standing'>;
  /** So often at least, whatever happens besides: heals what nobody told of, such as a turn that was lost. Milliseconds. */
  readonly everyMs: number;
  readonly log: Log;
}

/** Changes come in bunches; one reading serves a bunch. Milliseconds. */
const GATHER_MS = 20;

export function createStandingLines({ line, everyMs, log }: StandingLinesParts): StandingLines {
  const bell = createBell();
  const listeners: ((lines: readonly string[]) => void)[] = [];
  return {
    onRead: (listener) => void listeners.push(listener),
    readSoon: () => bell.ring(),
    run: async (signal) => {
      while (!signal.aborted) {
        await bell.heard(everyMs, signal);
        await pause(GATHER_MS, signal);
        if (signal.aborted) return;
        try {
          const lines = await line.standing();
          for (const listener of listeners) listener(lines);
        } catch (cause) {
          log.debug('could not read who stands in line; the next reading will', { cause });
        }
      }
    },
  };
}
