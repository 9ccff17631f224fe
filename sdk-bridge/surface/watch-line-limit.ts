/**
 * What would break Agones' watch is refused. Agones' WebSocket reads lines of at most 64 KiB and drops every socket at a longer one, again at
 * each reconnection, for as long as the game server stays so. Pure.
 */
import type { GameServer } from '../agones/game-server.ts';
import { withChange, type QueuedChange } from '../agones/queued-change.ts';
import { watchLine } from './rest-game-server.ts';

const LINE_BYTES = 64 * 1024;
/** Room for what the allocator writes with an allocation, and for Agones' own. */
const KEPT_FREE_BYTES = 8 * 1024;

/** The refusal; undefined where the changes may be made. @param queued taken before, and not written yet. */
export function lineFault(gameServer: GameServer, queued: readonly QueuedChange[], changes: readonly QueuedChange[]): string | undefined {
  const before = queued.reduce(withChange, gameServer);
  const bytes = bytesOf(changes.reduce(withChange, before));
  // What makes it smaller is welcome, however large it is.
  if (bytes <= LINE_BYTES - KEPT_FREE_BYTES || bytes <= bytesOf(before)) return undefined;
  return (
    `too large: the game server would take ${bytes} bytes in Agones' watch, which breaks at ${LINE_BYTES}; ` +
    `${LINE_BYTES - KEPT_FREE_BYTES} are for labels, annotations and lists`
  );
}

const bytesOf = (gameServer: GameServer): number => Buffer.byteLength(watchLine(gameServer));
