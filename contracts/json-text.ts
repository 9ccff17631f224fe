/** JSON that says all that a value says. Pure. */

declare global {
  interface JSON {
    /** What stands in the text in place of the value (ECMAScript's "JSON.parse source text access"). */
    rawJSON(text: string): unknown;
  }
}

const MINUS_ZERO = JSON.rawJSON('-0');

/** As `JSON.stringify`, which would write -0, the velocity of many a thing that has stopped, as 0. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, hasMinusZero(value) ? keepMinusZero : undefined, indent);
}

function keepMinusZero(_name: string, value: unknown): unknown {
  return Object.is(value, -0) ? MINUS_ZERO : value;
}

function hasMinusZero(value: unknown): boolean {
  if (typeof value === 'number') return Object.is(value, -0);
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) ? value.some(hasMinusZero) : Object.values(value).some(hasMinusZero);
}
