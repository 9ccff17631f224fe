/** A state change that Agones really made. Its sidecar queues them unconfirmed, and a restart or the next call loses what is queued. */
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import type { AgonesClient } from './agones-client.ts';
import { isGoing, type GameServer } from './game-server.ts';
import type { GameServerWatch } from './game-server-watch.ts';

export type WantedState = 'ready' | 'shutdown';

/** The change, or something that went beyond it: asking again for Ready would put an allocated server back in the pool. */
const REACHED: Readonly<Record<WantedState, (gameServer: GameServer) => boolean>> = {
  ready: (gameServer) => isGoing(gameServer) || ['RequestReady', 'Ready', 'Allocated'].includes(gameServer.status.state),
  shutdown: isGoing,
};

/** Longer than the half second for which the sidecar holds a change back, and a write to a busy API server. */
const SEEN_WITHIN_MS = 2_500;
const AGAIN_MS = 500;

/** Resolves true when the watch shows it; false when the signal came first. */
export async function settleState(
  wanted: WantedState,
  client: Pick<AgonesClient, 'ready' | 'shutdown' | 'getGameServer'>,
  watch: GameServerWatch,
  log: Log,
  signal: AbortSignal,
): Promise<boolean> {
  const reached = REACHED[wanted];
  while (!signal.aborted) {
    try {
      if (reached(await client.getGameServer())) return true;
      await client[wanted]();
      if (await watch.until(reached, AbortSignal.any([signal, AbortSignal.timeout(SEEN_WITHIN_MS)]))) return true;
    } catch (cause) {
      log.debug("Agones' sidecar did not take a state change; it is told again", { wanted, cause });
    }
    await pause(AGAIN_MS, signal);
  }
  return false;
}
