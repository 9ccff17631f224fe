/**
 * Ready is earned: what becomes of a Ready that the game server says. Pure.
 *
 * The Agones plugin says Ready about five seconds after start, map or no map, and again after travel. Passed on at the wrong
 * moment it offers a server that is still loading, or puts an occupied one back in the pool.
 */

export interface ReadyGate {
  /** The LifeVerse plugin has said hello. */
  readonly hello: boolean;
  /** It has said that start-up is done. */
  readonly warm: boolean;
  /** A session of ours is on this server, by the claim or by the marks of its GameServer. */
  readonly occupied: boolean;
  /** The session is over or Shutdown was asked for: this process will not get another. */
  readonly over: boolean;
  /** The state that Agones last told; undefined before the first word from it. */
  readonly agonesState: string | undefined;
}

/** `forward`: tell Agones. `hold`: answer, and tell Agones once warm. `answer`: answer, and tell nobody. */
export type ReadyVerdict = 'forward' | 'hold' | 'answer';

/** States in which Ready has been reached or passed already. */
const REACHED = new Set(['RequestReady', 'Ready', 'Shutdown', 'Unhealthy', 'Error']);

export function judgeReady(gate: ReadyGate): ReadyVerdict {
  if (gate.over || gate.occupied) return 'answer';
  if (gate.agonesState !== undefined && REACHED.has(gate.agonesState)) return 'answer';
  if (!gate.hello) return 'forward';
  if (gate.agonesState === 'Allocated') return 'answer';
  return gate.warm ? 'forward' : 'hold';
}

/** Reserve ends in a Ready that Agones' sidecar says by itself, so it passes only where a Ready would. */
export function mayReserve(gate: ReadyGate): boolean {
  if (gate.over || gate.occupied) return false;
  return !gate.hello || (gate.warm && gate.agonesState !== 'Allocated');
}
