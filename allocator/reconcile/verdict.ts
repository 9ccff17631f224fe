/** What to do with a game server that carries our marks, held against what the store says. Pure. */
import { isFinal, type AllocationDocument } from '../allocation.ts';
import type { GameServer } from '../clusters/game-server.ts';

export type Verdict =
  | 'keep'
  /** Its attempt is over, by the store's own word. */
  | 'release'
  /** The store has never heard of it, as after a restore: it is adopted, not killed. */
  | 'unknown';

/** @param leaveMs how long a server may stay after its session has ended, to flush its saves. */
export function verdictOn(
  server: GameServer,
  allocation: Pick<AllocationDocument, 'state' | 'attempt' | 'endedAt' | 'server'> | undefined,
  now: number,
  leaveMs: number,
): Verdict {
  if (allocation === undefined || server.attempt === undefined) return 'unknown';
  if (server.attempt < allocation.attempt) return 'release';
  if (server.attempt > allocation.attempt) return 'keep';
  // A number is given back only when it is certain that nobody carries it: whoever does now won too late.
  if (allocation.state === 'queued') return 'release';
  if (!isFinal(allocation.state)) return allocation.server === null || allocation.server.gameServer === server.name ? 'keep' : 'release';
  return now - (allocation.endedAt?.getTime() ?? 0) < leaveMs ? 'keep' : 'release';
}
