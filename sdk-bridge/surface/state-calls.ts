/** What the game server's Agones calls mean here: Ready is earned, an occupied server stays out of the pool, Shutdown ends a session in order. */
import type { Log } from '../../runtime/log.ts';
import type { AgonesClient } from '../agones/agones-client.ts';
import type { GameServerWatch } from '../agones/game-server-watch.ts';
import { settleState } from '../agones/settle-state.ts';
import type { Heartbeat } from '../health/beat.ts';
import { allocatedMarks } from '../moves/claim-session.ts';
import { judgeReady, mayReserve, type ReadyGate } from '../readiness/ready-gate.ts';
import { ended } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { StateCalls } from './rest-surface.ts';

export interface StateCallParts {
  readonly store: SessionStore;
  readonly client: AgonesClient;
  readonly watch: GameServerWatch;
  readonly heartbeat: Heartbeat;
  readonly log: Log;
  readonly now: () => number;
  /** Aborted when the process ends. */
  readonly signal: AbortSignal;
}

export interface StateGate extends StateCalls {
  /** Ready for a game server that has warmed up, whether it said Ready or not. */
  earnReady(): void;
}

export function createStateCalls({ store, client, watch, heartbeat, log, now, signal }: StateCallParts): StateGate {
  let settling: Promise<unknown> | undefined;

  const gate = (): ReadyGate => {
    const { hello, warm, phase } = store.current();
    const gameServer = watch.current();
    const occupied = phase === 'claimed' || phase === 'joinable' || allocatedMarks(gameServer) !== undefined;
    return { hello: hello !== null, warm, occupied, over: phase === 'ended', agonesState: gameServer?.status.state };
  };

  /** Told until the watch shows it, and dropped as soon as the session is over: Ready would undo the Shutdown. */
  const forwardReady = async () => {
    const stop = new AbortController();
    const ended = AbortSignal.any([signal, stop.signal]);
    void store.until(({ phase }) => phase === 'ended', ended).then(() => stop.abort());
    if (await settleState('ready', client, watch, log, ended)) log.info('Agones knows that the server is ready');
    stop.abort();
  };

  const ready = () => {
    const verdict = judgeReady(gate());
    log.info('Ready was said', { verdict });
    if (verdict === 'forward') settling ??= forwardReady().finally(() => (settling = undefined));
  };

  return {
    earnReady: ready,
    ready: async () => ready(),
    shutdown: async () => {
      await store.change((state) => ended(state, 'the game server asked Agones for its Shutdown', 'end', now()));
    },
    allocate: async () => {
      const { occupied, over } = gate();
      if (!occupied && !over) await client.allocate();
    },
    reserve: async (seconds) => {
      if (mayReserve(gate())) await client.reserve(seconds);
      else log.info('Reserve was answered and not passed on', { seconds });
    },
    health: () => heartbeat.ping(),
  };
}
