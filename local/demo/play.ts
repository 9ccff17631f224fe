/** One player in one game, until it leaves, is sent away, or the server is gone. */
import { pause } from '../../runtime/deadline.ts';
import type { GameConnection } from './udp-client.ts';
import type { Ack } from './game-messages.ts';

export interface PlayOptions {
  readonly forMs: number;
  /** A number from 0 to 1, anew each time. */
  readonly luck: () => number;
  /** A move of this player is durable. */
  readonly promised: (move: number) => void;
  readonly signal: AbortSignal;
}

/** left: as it wished. over: the server ended the session. gone: the server is no longer there. */
export type Ending = 'left' | 'over' | 'gone';

const MOVE_EVERY_MS = 200;
const LAST_MOVE_MS = 8_000;
const LEAVE_MS = 3_000;

export async function play(game: GameConnection, { forMs, luck, promised, signal }: PlayOptions): Promise<Ending> {
  const over = new AbortController();
  const listen = (ack: Ack) => {
    if (ack.durable) promised(ack.n);
  };
  game.on('ack', listen);
  void game.closed.then(() => over.abort());
  const ending = AbortSignal.any([signal, over.signal]);
  let { x, y } = game.joined.you;
  const step = () => ({ x: (x += luck() * 8 - 4), y: (y += luck() * 8 - 4) });
  try {
    for (const until = performance.now() + forMs; performance.now() < until && !ending.aborted;) {
      const to = step();
      // Not awaited: a player does not stand still until a step is stored. What fails is seen by the connection's end.
      game.move(to.x, to.y, { until: 'accepted', signal: ending }).catch(() => {});
      await pause(MOVE_EVERY_MS, ending);
    }
    signal.throwIfAborted();
    if (!over.signal.aborted) await leave(game, step(), ending);
  } finally {
    game.off('ack', listen);
    game.close();
  }
  const { reason } = await game.closed;
  return reason === 'left' || reason === 'closed' ? 'left' : reason === 'bye' ? 'over' : 'gone';
}

/** The last move is waited for, so that whoever comes back finds all of them. */
async function leave(game: GameConnection, to: { readonly x: number; readonly y: number }, signal: AbortSignal): Promise<void> {
  try {
    await game.move(to.x, to.y, { timeoutMs: LAST_MOVE_MS, signal });
    await game.leave({ forGood: true, timeoutMs: LEAVE_MS, signal });
  } catch {
    // The connection's end says what happened.
  }
}
