/**
 * What JSON may be, beyond its size, before anything looks into it: what would come back as something else is refused, since values that
 * are kept opaque pass no other check. Close to I-JSON (RFC 7493).
 */
import { pointerOf, type InputFault } from '../contracts/app-error.ts';
import { lossesOf, mayLose } from './lossy-text.ts';

/** Deeper values make recursive code, ours and the database's, run out of stack. */
const MAX_DEPTH = 32;
/** More of one body help nobody. */
const MOST_FAULTS = 20;

/** Names that mean something else than a member: to JavaScript the object's prototype, to MongoDB's driver a value of its own. */
const TAKEN_NAMES: ReadonlySet<string> = new Set(['__proto__', '_bsontype']);

/** JSON says them by escapes, in which V8 may err (`lossy-text.ts`); and MongoDB ends a name at the first NUL. */
const ESCAPED = /["\\\p{Cc}]/u;

/** @param json what `text` says. @param at pointer to it: `#/body`. @returns none when all is sound. */
export function jsonFaults(json: unknown, text: string, at: string): InputFault[] {
  if (isPlain(json, text)) return [];
  const faults: InputFault[] = [];
  const path: (string | number)[] = [];
  const fault = (detail: string) => void faults.push({ pointer: pointerOf(at, path), detail });
  let members = 0;
  let isWhole = true;

  const look = (value: unknown, depth: number): void => {
    if (typeof value === 'string' && !value.isWellFormed()) fault('has half a surrogate pair: send whole characters');
    // Texts say no infinite number: it was one that a double cannot hold.
    if (typeof value === 'number' && !Number.isFinite(value)) fault('is larger than a number can be: send it as a string');
    if (typeof value !== 'object' || value === null) return;
    if (depth === MAX_DEPTH || faults.length >= MOST_FAULTS) {
      isWhole = false;
      if (depth === MAX_DEPTH) fault(`nested deeper than ${MAX_DEPTH} levels`);
      return;
    }
    if (Array.isArray(value)) return lookThrough(value.entries(), depth);
    const named = Object.entries(value);
    members += named.length;
    lookThrough(named, depth);
  };
  const lookThrough = (inner: Iterable<[string | number, unknown]>, depth: number) => {
    for (const [step, value] of inner) {
      path.push(step);
      if (typeof step === 'string') lookAtName(step);
      look(value, depth + 1);
      path.pop();
    }
  };
  const lookAtName = (name: string) => {
    if (TAKEN_NAMES.has(name)) fault(`no member can be called ${name}: give it another name`);
    if (ESCAPED.test(name)) fault('the name of the member has a backslash, a quote or a control character: leave it out');
    if (!name.isWellFormed()) fault('the name of the member has half a surrogate pair: send whole characters');
  };

  look(json, 0);
  const bytes = Buffer.from(text);
  if (isWhole && mayLose(bytes, members)) faults.push(...lossesOf(json, bytes, at));
  return faults.slice(0, MOST_FAULTS);
}

const TAKEN_NAME = /"(?:__proto__|_bsontype)"/;

/**
 * Whether the value would be written as the very text that it was read from, without an escape: then nothing was lost, and no name or character
 * can be one of those above. So it is with what a program writes, nearly always; and the engine tells it much faster than our own code.
 */
function isPlain(json: unknown, text: string): boolean {
  return !text.includes('\\') && !TAKEN_NAME.test(text) && hasLevels(json, MAX_DEPTH) && JSON.stringify(json) === text;
}

/** Whether it has no more than so many. */
function hasLevels(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (most === 0) return false;
  for (const inner of Array.isArray(value) ? value : Object.values(value))
    if (typeof inner === 'object' && !hasLevels(inner, most - 1)) return false;
  return true;
}
