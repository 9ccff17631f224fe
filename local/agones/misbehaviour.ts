/**
 * What the stand-in can be told to do wrong, so that callers can be tested against it. `PUT /misbehaviour` on its own
 * listener sets it, `GET` shows it.
 */
import { decodes } from './webhooks/decodes.ts';
import { integer, object } from './crds/schema.ts';

export interface Misbehaviour {
  /** Every allocation is answered this much later; the game server is taken before that. */
  readonly answerLateMs: number;
  /** The next so many allocations take a game server and then answer with an error. */
  readonly failAfterCommit: number;
  /** The stand-in sees every change this much later. */
  readonly watchLagMs: number;
}

export const WELL_BEHAVED: Misbehaviour = { answerLateMs: 0, failAfterCommit: 0, watchLagMs: 0 };

const SHAPE = object({ answerLateMs: integer(), failAfterCommit: integer(), watchLagMs: integer() });

/** The change that a request asks for, or nothing when it is not of the right shape. */
export function misbehaviourOf(value: unknown): Partial<Misbehaviour> | undefined {
  if (typeof value !== 'object' || value === null || !decodes(SHAPE, value)) return undefined;
  return value;
}
