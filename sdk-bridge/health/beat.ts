/** The bridge's own heartbeat towards Agones, for as long as the game server is judged to be alive. */
import type { HealthSpec } from '../agones/game-server.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import type { SessionStore } from '../store/session-store.ts';
import { beatEveryMs, frameBudgetMs, isAlive, type HealthBudgets } from './health-judge.ts';

export interface Heartbeat {
  /** The game thread did something just now. */
  frame(): void;
  /** A `/health` of Agones' plugin came in. */
  ping(): void;
  /** Agones' sidecar is back: it is not kept waiting until the next beat is due. */
  again(): void;
  /** As it is judged now. */
  alive(): boolean;
  run(signal: AbortSignal): Promise<void>;
}

export interface HeartbeatParts {
  readonly store: SessionStore;
  /** Resolves when Agones has the beat. */
  readonly beat: () => Promise<void>;
  readonly budgets: HealthBudgets;
  readonly everyMs: number;
  /** What the GameServer asks for, where it is known. */
  readonly health: () => HealthSpec | undefined;
  readonly log: Log;
  readonly now: () => number;
}

export function createHeartbeat({ store, beat, budgets, everyMs, health, log, now }: HeartbeatParts): Heartbeat {
  // After a restart of the bridge the game server gets its whole budget to be heard again.
  let lastFrameAt: number | undefined = store.current().hello === null ? undefined : now();
  let lastPingAt: number | undefined;
  let hanging = false;
  let underWay = false;
  let unheard = false;

  const alive = () => {
    const { hello, warm, phase, travellingSince } = store.current();
    return isAlive({ hello: hello !== null, warm, phase, travellingSince, lastFrameAt, lastPingAt }, budgets, now());
  };

  const send = async () => {
    // One that waits for the sidecar's return stands for those that are due meanwhile.
    if (underWay) return;
    underWay = true;
    try {
      await beat();
      if (unheard) log.info('Agones takes beats again');
      unheard = false;
    } catch (cause) {
      if (!unheard) log.warn('Agones takes no beats', { cause });
      unheard = true;
    } finally {
      underWay = false;
    }
  };

  const tick = () => {
    const is = alive();
    if (is) void send();
    else if (!hanging && (lastFrameAt ?? lastPingAt) !== undefined) {
      log.error('the game server hangs: no more beats towards Agones', {
        budgetMs: frameBudgetMs(store.current(), budgets, now()),
        phase: store.current().phase,
      });
    }
    hanging = !is;
  };

  return {
    alive,
    frame: () => void (lastFrameAt = now()),
    ping: () => {
      const was = alive();
      lastPingAt = now();
      // The first one is passed on at once; the timer goes on from there.
      if (!was) tick();
    },
    again: () => {
      unheard = true;
      tick();
    },
    run: async (signal) => {
      while (!signal.aborted) {
        tick();
        await pause(beatEveryMs(everyMs, health()), signal);
      }
    },
  };
}
