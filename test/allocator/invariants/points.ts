/**
 * Named points of a service's process at which a test may end or pause it, and how the test says so.
 *
 *   allocations:placing:before    the write that makes an allocation `placing` has not been sent
 *   allocations:placing:after     it has taken effect, and its answer has come in
 *   call:allocate:sent            the request to the API server has left, and its answer has not been read
 */
import path from 'node:path';

export const PHASES = ['before', 'sent', 'after'] as const;
export type Phase = (typeof PHASES)[number];

export interface Point {
  /** e.g. `allocations:placing`, `call:allocate`. */
  readonly name: string;
  readonly phase: Phase;
  /** Which of the operations of this name for the allocation, from 1. */
  readonly nth: number;
}

/** What the environment of a process says. */
export const POINT_ENV = {
  /** A point, as `textOf` writes it, or `record`. */
  at: 'KILL_AT',
  /** SIGKILL or SIGSTOP. */
  signal: 'KILL_WITH',
  /** The client's id of the allocation whose operations count; those of all others pass. */
  of: 'KILL_FOR',
  /** Gets a line for each point that is reached while recording, and for the one at which the signal comes. */
  file: 'KILL_LOG',
} as const;

export function textOf({ name, phase, nth }: Point): string {
  return `${name}:${phase}:${nth}`;
}

/** @throws when the text is no point. */
export function pointOf(text: string): Point {
  const found = /^(.+):(before|sent|after):(\d+)$/.exec(text);
  const phase = PHASES.find((one) => one === found?.[2]);
  if (found?.[1] === undefined || phase === undefined) throw new Error(`not a point: ${text}`);
  return { name: found[1], phase, nth: Number(found[3]) };
}

/** For a process whose points are named in its environment. */
export const WITH_POINTS = ['--import', path.join(import.meta.dirname, 'kill-points.ts')];
