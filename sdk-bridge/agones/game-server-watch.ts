/** The GameServer as Agones last told it. The watch comes back after the sidecar restarts; those who listen never notice. */
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import type { AgonesClient } from './agones-client.ts';
import type { GameServer } from './game-server.ts';

export interface GameServerWatch {
  current(): GameServer | undefined;
  /** True while the newest word of Agones is in hand. */
  live(): boolean;
  /** Calls back with every change; first, soon, with the present state where it is known. Returns how to stop. */
  listen(listener: (gameServer: GameServer) => void): () => void;
  /** True when the test came to hold before the signal. */
  until(test: (gameServer: GameServer) => boolean, signal: AbortSignal): Promise<boolean>;
  run(signal: AbortSignal): Promise<void>;
}

/** A watch can hang without breaking, so that now and then the state is also asked for. */
const LOOK_AGAIN_MS = 10_000;

export function createGameServerWatch(client: Pick<AgonesClient, 'watch' | 'getGameServer'>, log: Log): GameServerWatch {
  let current: GameServer | undefined;
  let live = false;
  const listeners = new Set<(gameServer: GameServer) => void>();

  const learn = (gameServer: GameServer) => {
    live = true;
    const same = JSON.stringify(current) === JSON.stringify(gameServer);
    current = gameServer;
    if (!same) for (const listener of listeners) listener(gameServer);
  };

  const listen = (listener: (gameServer: GameServer) => void) => {
    listeners.add(listener);
    if (current !== undefined) listener(current);
    return () => void listeners.delete(listener);
  };

  /** Ends a watch that hangs: nobody answers, so the stream is given up and opened anew. */
  const lookAgain = async (signal: AbortSignal, giveUp: () => void) => {
    for (;;) {
      await pause(LOOK_AGAIN_MS, signal);
      if (signal.aborted) return;
      try {
        learn(await client.getGameServer());
      } catch {
        return giveUp();
      }
    }
  };

  return {
    current: () => current,
    live: () => live,
    listen,
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
        const cause = await client.watch((gameServer) => {
          backoff = undefined;
          learn(gameServer);
        }, ended);
        live = false;
        stream.abort();
        await looking;
        if (signal.aborted) return;
        if (backoff === undefined) log.warn("the watch of Agones' sidecar ended; it is opened again", { cause });
        backoff = (backoff ?? new ExponentialBackoff({ initialDelay: 50, maxDelay: 1_000 })).next(undefined);
        await pause(backoff.duration, signal);
      }
    },
  };
}
