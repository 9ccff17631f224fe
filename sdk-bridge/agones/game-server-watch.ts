/** The GameServer as Agones last told it. The watch comes back after the sidecar restarts; those who listen never notice. */
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import type { AgonesClient, Told } from './agones-client.ts';
import type { GameServer } from './game-server.ts';

/** @param bytes the same as Agones wrote it. */
export type WatchListener = (gameServer: GameServer, bytes: Buffer) => void;

export interface GameServerWatch {
  current(): GameServer | undefined;
  /** Calls back with every update; first, soon, with the present state where it is known. Returns how to stop. */
  listen(listener: WatchListener): () => void;
  /** Calls back when the sidecar answers anew after it was away: what waited in its queue is lost. Returns how to stop. */
  onReturn(listener: () => void): () => void;
  /** True when the test came to hold before the signal. */
  until(test: (gameServer: GameServer) => boolean, signal: AbortSignal): Promise<boolean>;
  run(signal: AbortSignal): Promise<void>;
}

/** A watch can hang without breaking, so that now and then the state is also asked for. */
const LOOK_AGAIN_MS = 10_000;

export function createGameServerWatch(client: Pick<AgonesClient, 'watch' | 'getGameServer'>, log: Log): GameServerWatch {
  let current: Told | undefined;
  const listeners = new Set<WatchListener>();
  const returns = new Set<() => void>();

  const publish = (told: Told) => {
    current = told;
    for (const listener of listeners) listener(told.gameServer, told.bytes);
  };
  /** What is asked for, or told at the beginning of a watch, is an update only when it is news. */
  const compare = (told: Told) => {
    if (current?.bytes.equals(told.bytes) !== true) publish(told);
  };

  const listen = (listener: WatchListener) => {
    listeners.add(listener);
    if (current !== undefined) listener(current.gameServer, current.bytes);
    return () => void listeners.delete(listener);
  };

  /** Ends a watch that hangs: nobody answers, so the stream is given up and opened anew. */
  const lookAgain = async (signal: AbortSignal, giveUp: () => void) => {
    for (;;) {
      await pause(LOOK_AGAIN_MS, signal);
      if (signal.aborted) return;
      try {
        compare(await client.getGameServer());
      } catch {
        return giveUp();
      }
    }
  };

  return {
    current: () => current?.gameServer,
    listen,
    onReturn: (listener) => {
      returns.add(listener);
      return () => void returns.delete(listener);
    },
    until: (test, signal) =>
      new Promise((resolve) => {
        const end = (held: boolean) => {
          listeners.delete(check);
          signal.removeEventListener('abort', late);
          resolve(held);
        };
        const late = () => end(false);
        const check = (gameServer: GameServer) => {
          if (test(gameServer)) end(true);
        };
        signal.addEventListener('abort', late, { once: true });
        if (signal.aborted) return late();
        listen(check);
      }),
    run: async (signal) => {
      let backoff: IBackoff<unknown> | undefined;
      while (!signal.aborted) {
        const stream = new AbortController();
        const ended = AbortSignal.any([signal, stream.signal]);
        const looking = lookAgain(ended, () => stream.abort());
        let updates = 0;
        const cause = await client.watch((told) => {
          if (updates++ > 0) return publish(told);
          backoff = undefined;
          const away = current !== undefined;
          compare(told);
          if (away) for (const listener of returns) listener();
        }, ended);
        stream.abort();
        await looking;
        if (signal.aborted) return;
        if (backoff === undefined) log.warn("the watch of Agones' sidecar ended; it is opened again", { cause });
        backoff = (backoff ?? new ExponentialBackoff({ initialDelay: 50, maxDelay: 500 })).next(undefined);
        await pause(backoff.duration, signal);
      }
    },
  };
}
