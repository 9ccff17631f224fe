/** What the game server's Agones calls mean here: Ready is earned, an occupied server stays out of the pool, Shutdown ends a session in order. */
import type { Log } from '../../runtime/log.ts';
import type { GameServerWatch } from '../agones/game-server-watch.ts';
import type { StateKeeper } from '../agones/state-keeper.ts';
import { reserveWish, type Wish } from '../agones/state-wish.ts';
import type { Heartbeat } from '../health/beat.ts';
import { allocatedMarks } from '../moves/claim-session.ts';
import { judgeReady, mayReserve, type ReadyGate } from '../readiness/ready-gate.ts';
import { ended } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';

/** Each is over when it is taken, not when it is carried out, as with Agones. */
export interface StateCalls {
  ready(): void;
  shutdown(): Promise<void>;
  allocate(): void;
  /** @param seconds 0 is for ever. */
  reserve(seconds: bigint): void;
  health(): void;
}

export interface StateCallParts {
  readonly store: SessionStore;
  readonly keeper: StateKeeper;
  readonly watch: Pick<GameServerWatch, 'current'>;
  readonly heartbeat: Pick<Heartbeat, 'ping'>;
  readonly log: Log;
  readonly now: () => number;
  /** Aborted when the process ends. */
  readonly signal: AbortSignal;
}

export interface StateGate extends StateCalls {
  /** Ready for a game server that has warmed up, whether it said Ready or not. */
  earnReady(): void;
}

export function createStateCalls({ store, keeper, watch, heartbeat, log, now, signal }: StateCallParts): StateGate {
  const gate = (): ReadyGate => {
    const { hello, warm, phase } = store.current();
    const gameServer = watch.current();
    const occupied = phase === 'claimed' || phase === 'joinable' || allocatedMarks(gameServer) !== undefined;
    // What was said a moment ago and is on its way stands for the state, or a Ready behind it would be taken for one that is there already.
    const agonesState = keeper.underWay() ?? gameServer?.status.state;
    return { hello: hello !== null, warm, occupied, over: phase === 'ended', agonesState };
  };

  /** Told until the watch shows it, and dropped as soon as the session is over: nothing may undo the Shutdown. */
  const pass = async (wish: Wish) => {
    const stop = new AbortController();
    const over = AbortSignal.any([signal, stop.signal]);
    void store.until(({ phase }) => phase === 'ended', over).then(() => stop.abort());
    const reached = await keeper.want(wish, over);
    stop.abort();
    log.info('a state was wished for', { wish: wish.kind, reached });
  };

  const ready = () => {
    const verdict = judgeReady(gate());
    log.info('Ready was said', { verdict });
    if (verdict === 'forward') void pass({ kind: 'ready' });
  };

  return {
    earnReady: ready,
    ready,
    shutdown: async () => {
      await store.change((state) => ended(state, 'the game server asked Agones for its Shutdown', 'end', now()));
    },
    allocate: () => {
      const { occupied, over } = gate();
      if (!occupied && !over) void pass({ kind: 'allocate' });
    },
    reserve: (seconds) => {
      if (mayReserve(gate())) void pass(reserveWish(seconds, now()));
      else log.info('Reserve was answered and not passed on', { seconds: Number(seconds) });
    },
    health: () => heartbeat.ping(),
  };
}
