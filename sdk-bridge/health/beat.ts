/** The bridge's own heartbeat towards Agones, for as long as the game server is judged to be alive. */
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import type { SessionStore } from '../store/session-store.ts';
import { frameBudgetMs, isAlive, type HealthBudgets } from './health-judge.ts';

export interface Heartbeat {
  /** The game thread did something just now. */
  frame(): void;
  /** A `/health` of Agones' plugin came in. */
  ping(): void;
  run(signal: AbortSignal): Promise<void>;
}

export interface HeartbeatParts {
  readonly store: SessionStore;
  readonly beat: () => void;
  readonly budgets: HealthBudgets;
  readonly everyMs: number;
  readonly log: Log;
  readonly now: () => number;
}

export function createHeartbeat({ store, beat, budgets, everyMs, log, now }: HeartbeatParts): Heartbeat {
  // After a restart of the bridge the game server gets its whole budget to be heard again.
  let lastFrameAt: number | undefined = store.current().hello === null ? undefined : now();
  let lastPingAt: number | undefined;
  let hanging = false;
  const alive = () => {
    const { hello, warm, phase } = store.current();
    return isAlive({ hello: hello !== null, warm, phase, lastFrameAt, lastPingAt }, budgets, now());
  };
  const tick = () => {
    const is = alive();
    if (is) beat();
    else if (!hanging && (lastFrameAt ?? lastPingAt) !== undefined) {
      log.error('the game server hangs: no more beats towards Agones', {
        budgetMs: frameBudgetMs(store.current(), budgets),
        phase: store.current().phase,
      });
    }
    hanging = !is;
  };
  return {
    frame: () => void (lastFrameAt = now()),
    ping: () => {
      lastPingAt = now();
      if (store.current().hello === null) tick();
    },
    run: async (signal) => {
      while (!signal.aborted) {
        tick();
        await pause(everyMs, signal);
      }
    },
  };
}
