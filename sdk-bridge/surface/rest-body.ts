/**
 * Bodies of Agones' REST surface, read the way its gateway reads them: only the first JSON value counts, an empty body is an
 * empty message, unknown fields are passed over, and faults are told in the gateway's words. Pure.
 */

export type BodyFields = Readonly<Record<string, string>>;

export type BodyReading =
  | { readonly kind: 'fields'; readonly fields: BodyFields }
  | { readonly kind: 'empty' }
  | { readonly kind: 'fault'; readonly message: string };

export type FieldType = 'string' | 'int64';

/** @param types the fields of the message; each is given as text, an absent one not at all. */
export function readRestBody(text: string, types: Readonly<Record<string, FieldType>>): BodyReading {
  const start = text.search(/\S/);
  if (start === -1) return { kind: 'empty' };
  const end = endOfValue(text, start);
  if (end === undefined) return fault('unexpected EOF');
  const first = text.slice(start, end);
  if (first[0] !== '{') return fault(`proto: syntax error (line 1:1): unexpected token ${first[0] === '[' ? '[' : first}`);
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(first) as Record<string, unknown>;
  } catch {
    return fault('proto: syntax error (line 1:2): invalid value');
  }
  const fields: Record<string, string> = {};
  for (const [name, type] of Object.entries(types)) {
    if (!(name in value) || value[name] === null) continue;
    const given = type === 'string' ? stringOf(value[name]) : int64Of(value[name]);
    if (given === undefined) {
      const { column, raw } = placeOf(first, name);
      return fault(`proto: (line 1:${column}): invalid value for ${type} field ${name}: ${raw}`);
    }
    fields[name] = given;
  }
  return { kind: 'fields', fields };
}

/** Where the first JSON value ends; `undefined` when the text ends before it. */
function endOfValue(text: string, start: number): number | undefined {
  const first = text[start] ?? '';
  if (first !== '{' && first !== '[') {
    const token = /^("(?:[^"\\]|\\.)*"|[^\s,:{}[\]"]+)/.exec(text.slice(start));
    return token === null ? undefined : start + token[0].length;
  }
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      at = endOfString(text, at);
      if (at >= text.length) return undefined;
    } else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1;
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** A 64-bit whole number, written as a number or as a text. */
function int64Of(value: unknown): string | undefined {
  const text = typeof value === 'number' && Number.isInteger(value) ? BigInt(value).toString() : value;
  if (typeof text !== 'string' || !/^-?\d+$/.test(text)) return undefined;
  const number = BigInt(text);
  return number < INT64.min || number > INT64.max ? undefined : number.toString();
}

/** Column of a field's value, counted from 1, and the value as it was written. */
function placeOf(text: string, name: string): { column: number; raw: string } {
  const found = new RegExp(`"${name}"\\s*:\\s*`).exec(text);
  const at = found === null ? 0 : found.index + found[0].length;
  const raw = /^("(?:[^"\\]|\\.)*"|[^\s,}]+)/.exec(text.slice(at));
  return { column: at + 1, raw: raw?.[0] ?? '' };
}

function fault(message: string): BodyReading {
  return { kind: 'fault', message };
}
