/** The one state that is wished for at the moment, told to Agones until the watch shows it. The rules are those of `state-wish.ts`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../runtime/log.ts';
import type { AgonesClient } from './agones-client.ts';
import type { GameServer } from './game-server.ts';
import type { GameServerWatch } from './game-server-watch.ts';
import { mayReplace, nextStep, secondsLeft, WISHED_STATES, type Telling, type Wish, type WishedState } from './state-wish.ts';

export interface StateKeeper {
  /** Resolves true when it has come about; false when another wish took its place, or the signal came first. */
  want(wish: Wish, signal: AbortSignal): Promise<boolean>;
  /** The state that is wished for and has not come about yet. */
  underWay(): WishedState | undefined;
}

export interface StateKeeperParts {
  readonly client: Pick<AgonesClient, 'ready' | 'allocate' | 'reserve' | 'shutdown'>;
  readonly watch: Pick<GameServerWatch, 'current' | 'listen' | 'onReturn'>;
  readonly log: Log;
  readonly now: () => number;
}

export function createStateKeeper({ client, watch, log, now }: StateKeeperParts): StateKeeper {
  let standing: { readonly wish: Wish; readonly stop: AbortController } | undefined;
  // What is on its way to the sidecar arrives before what is told after it.
  let telling: Promise<unknown> = Promise.resolve();

  const tell = (wish: Wish, known: Telling): Promise<boolean> => {
    const say = () => (wish.kind === 'reserve' ? client.reserve(secondsLeft(wish, known, now())) : client[wish.kind]());
    const answered = telling.then(say).then(
      () => true,
      (cause: unknown) => {
        log.debug("Agones' sidecar did not take a state change; it is told again", { wish: wish.kind, cause });
        return false;
      },
    );
    telling = answered;
    return answered;
  };

  const pursue = async (wish: Wish, signal: AbortSignal): Promise<boolean> => {
    let known: Telling = { from: watch.current(), told: undefined, lost: false };
    const news = createNews(watch, () => (known = { ...known, lost: true }));
    try {
      while (!signal.aborted) {
        const step = nextStep(wish, known, watch.current(), now());
        if (step.do === 'reached') return true;
        if (step.do === 'wait') await news.next(step.at - now(), signal);
        else {
          const before = known;
          known = { ...known, lost: false };
          const answered = await tell(wish, before);
          known = { ...known, told: { at: now(), answered } };
        }
      }
      return false;
    } finally {
      news.stop();
    }
  };

  return {
    underWay: () => standing && WISHED_STATES[standing.wish.kind],
    want: async (wish, signal) => {
      if (standing !== undefined && !mayReplace(wish, standing.wish)) return false;
      standing?.stop.abort();
      const mine = { wish, stop: new AbortController() };
      standing = mine;
      try {
        return await pursue(wish, AbortSignal.any([signal, mine.stop.signal]));
      } finally {
        if (standing === mine) standing = undefined;
      }
    },
  };
}

/** Wakes at an update of the watch, or after a time; updates that came in between are not missed. */
function createNews(watch: StateKeeperParts['watch'], onReturn: () => void) {
  let news = Promise.withResolvers<void>();
  const ring = () => news.resolve();
  const stops = [
    watch.listen((_gameServer: GameServer) => ring()),
    watch.onReturn(() => {
      onReturn();
      ring();
    }),
  ];
  return {
    next: async (ms: number, signal: AbortSignal) => {
      const timer = new AbortController();
      const late = sleep(Math.max(0, ms), undefined, { signal: AbortSignal.any([signal, timer.signal]) }).catch(() => {});
      await Promise.race([news.promise, late]);
      timer.abort();
      news = Promise.withResolvers<void>();
    },
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}
