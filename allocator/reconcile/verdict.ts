/** What to do with a game server that carries our marks, held against what the store says. Pure. */
import { isFinal, type AllocationDocument } from '../allocation.ts';
import type { GameServer } from '../clusters/game-server.ts';

export const VERDICTS = ['keep', 'release', 'release-by-brake', 'adopt', 'unreadable'] as const;
export type Verdict =
  | 'keep'
  /** Its attempt is over by the store's own word, and nobody plays on it. */
  | 'release'
  /** It should go, but the store contradicts itself or has less to say than the server: as many as the brake lets pass. */
  | 'release-by-brake'
  /** The store knows less than the server, as after a restore: it is adopted, not killed. */
  | 'adopt'
  /** Our owner label and no mark that an allocator writes: left alone. */
  | 'unreadable';

export type Judged = Pick<AllocationDocument, 'state' | 'attempt' | 'endedAt' | 'readyAt' | 'nextActionAt'> & {
  readonly server: Pick<NonNullable<AllocationDocument['server']>, 'gameServer'> | null;
};

const UID = /^[0-9a-f]{32}$/;

/** @param leaveMs how long a server may stay after its session has ended, to flush its saves. */
export function verdictOn(server: GameServer, allocation: Judged | undefined, now: number, leaveMs: number): Verdict {
  if (server.attempt === undefined || server.attempt < 1 || !UID.test(server.allocationUid ?? '')) return 'unreadable';
  if (allocation === undefined) return 'adopt';
  if (server.attempt < allocation.attempt) return 'release';
  if (server.attempt > allocation.attempt) return verdictOnAhead(allocation);
  // A number is given back only when it is certain that nobody carries it: whoever does now won too late.
  if (allocation.state === 'queued') return 'release';
  if (!isFinal(allocation.state)) {
    return allocation.server === null || allocation.server.gameServer === server.name ? 'keep' : 'release-by-brake';
  }
  // What was won too late to be bound has nothing to flush.
  const wasBound = allocation.server?.gameServer === server.name;
  if (wasBound && now - (allocation.endedAt?.getTime() ?? 0) < leaveMs) return 'keep';
  // Players were let in, the store says that their server was seen gone, and here it is.
  return allocation.readyAt !== null && allocation.nextActionAt === null ? 'release-by-brake' : 'release';
}

/** An attempt is stored before a cluster hears of it: a server can only be ahead of a store that was set back. */
function verdictOnAhead({ state }: Judged): Verdict {
  if (state === 'cancelling') return 'keep';
  // Its client wanted it to end, whatever attempt it had come to.
  return state === 'cancelled' || state === 'ended' ? 'release-by-brake' : 'adopt';
}
