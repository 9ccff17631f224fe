/** What JSON may be, beyond its size, before anything looks into it. Values that are kept opaque pass no other check. */
import type { InputFault } from '../contracts/app-error.ts';

/** Deeper values make recursive code, ours and the database's, run out of stack. */
const MAX_DEPTH = 32;

/** The first thing that cannot be taken; `undefined` when all is sound. Walks without recursion. */
export function jsonFault(json: unknown): InputFault | undefined {
  const rest: { value: unknown; depth: number }[] = [{ value: json, depth: 0 }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth === MAX_DEPTH) return { pointer: '#/body', detail: `nested deeper than ${MAX_DEPTH} levels` };
    for (const [name, inner] of Object.entries(value)) {
      // BSON ends a name at the first NUL.
      if (name.includes('\0')) return { pointer: '#/body', detail: 'a member name has a NUL character' };
      if (typeof inner === 'object' && inner !== null) rest.push({ value: inner, depth: depth + 1 });
    }
  }
  return undefined;
}
