/**
 * A keeper for a stack that is meant to stay up. While the stack is being started, a process that ends is a fault, and whoever started it is
 * told. From `watchOver()` on, one that ends by itself is started again after a pause, as a cluster would do it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeptProcess, ProcessEnd, ProcessKeeper, ProcessSpec } from '../processes/process-keeper.ts';

export interface RestartingKeeper extends ProcessKeeper {
  watchOver(): void;
}

export type OnRestart = (name: string, end: ProcessEnd, pauseMs: number) => void;

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** One that ran for so long starts from the first pause again. */
const STEADY_MS = 60_000;

export function openRestartingKeeper(keeper: ProcessKeeper, onRestart: OnRestart): RestartingKeeper {
  const state = { watching: false };
  return {
    watchOver() {
      state.watching = true;
    },
    start: (spec) => startWatched(keeper, spec, state, onRestart),
  };
}

async function startWatched(
  keeper: ProcessKeeper,
  spec: ProcessSpec,
  state: { readonly watching: boolean },
  onRestart: OnRestart,
): Promise<KeptProcess> {
  let current = await keeper.start(spec);
  let over: ProcessEnd | undefined;
  const stopping = new AbortController();

  const live = async (): Promise<ProcessEnd> => {
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      const since = performance.now();
      const end = await current.ended;
      if (stopping.signal.aborted || !state.watching) return (over = end);
      pauseMs = performance.now() - since > STEADY_MS ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      onRestart(spec.name, end, pauseMs);
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return (over = end);
      current = await keeper.start(spec);
      // Stopped while it was being started: the stop has only seen the one before.
      if (stopping.signal.aborted) await current.stop();
    }
  };
  const ended = live();

  return {
    name: spec.name,
    get pid() {
      return current.pid;
    },
    get startTime() {
      return current.startTime;
    },
    logFile: current.logFile,
    ended,
    get end() {
      return over;
    },
    async stop() {
      stopping.abort();
      await current.stop();
      await ended;
    },
  };
}
