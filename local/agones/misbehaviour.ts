/**
 * What the stand-in can be told to do wrong, so that callers can be tested against it. `PUT /misbehaviour` on its own
 * listener sets it, `GET` shows it.
 */
import { decodes } from './webhooks/decodes.ts';
import { integer, object } from './crds/schema.ts';

export interface Misbehaviour {
  /** Every allocation begins this much later: who has given up by then does not stop it. */
  readonly commitLateMs: number;
  /** Every allocation is answered this much later; the game server is taken before that. */
  readonly answerLateMs: number;
  /** The next so many allocations take nothing and answer with an error. */
  readonly failBeforeCommit: number;
  /** The next so many allocations take a game server and then answer with an error. */
  readonly failAfterCommit: number;
  /** The next so many allocations take a game server, and then the connection breaks. */
  readonly dropAfterCommit: number;
  /** The next so many allocations take nothing, as if others had been faster every time. */
  readonly contention: number;
  /** The stand-in sees every change this much later. */
  readonly watchLagMs: number;
}

export const WELL_BEHAVED: Misbehaviour = {
  commitLateMs: 0,
  answerLateMs: 0,
  failBeforeCommit: 0,
  failAfterCommit: 0,
  dropAfterCommit: 0,
  contention: 0,
  watchLagMs: 0,
};

const SHAPE = object(Object.fromEntries(Object.keys(WELL_BEHAVED).map((name) => [name, integer()])));

/** The change that a request asks for, or nothing when it is not of the right shape. */
export function misbehaviourOf(value: unknown): Partial<Misbehaviour> | undefined {
  if (typeof value !== 'object' || value === null || !decodes(SHAPE, value)) return undefined;
  return value;
}
