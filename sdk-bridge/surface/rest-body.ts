/**
 * Bodies of Agones' REST surface, read the way its gateway reads them: only the first JSON value counts, an empty body is an empty
 * message, fields that are not known are passed over, and a fault is told in the gateway's words with the place of the value. Pure.
 */

export type FieldType = 'string' | 'int64' | 'strings' | 'boxed-int64';

/** The fields of a message with their types. Numbers of 64 bits may be written as text. */
export type Message = Readonly<Record<string, FieldType>>;

export type Values = Readonly<Record<string, string | bigint | readonly string[]>>;

/** A body that is no message; INVALID_ARGUMENT to whoever sent it. */
export class BodyFault extends Error {
  override readonly name = 'BodyFault';
}

interface Token {
  readonly text: string;
  /** From 0. */
  readonly at: number;
}

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([{}[\]:,])|([^\s{}[\]:,"]+))/y;

/** The value of each known field that the body names; an empty body names none. @throws BodyFault */
export function messageOf(message: Message, body: string): Values {
  if (body.trim() === '') return {};
  const tokens = tokensOf(body);
  const end = endOfObject(tokens, 0, body);
  const values: Record<string, string | bigint | readonly string[]> = {};
  for (let index = 1; index < end - 1;) {
    const after = endOfValue(tokens, index + 2);
    const name = String(JSON.parse(tokens[index]?.text ?? '""'));
    const value = tokens[index + 2];
    const type = message[name];
    if (value !== undefined && type !== undefined && value.text !== 'null') {
      values[name] = typed(type, name, value, tokens.slice(index + 2, after));
    }
    index = after + 1;
  }
  return values;
}

/** How many JSON objects stand in a body; each is one message of a client stream. @throws BodyFault */
export function objectsIn(body: string): number {
  // What every SDK sends.
  if (body === '{}') return 1;
  const tokens = tokensOf(body);
  let count = 0;
  for (let index = 0; index < tokens.length; count += 1) index = endOfObject(tokens, index, body);
  return count;
}

export function textIn(values: Values, name: string): string {
  const value = values[name];
  return typeof value === 'string' ? value : '';
}

export function numberIn(values: Values, name: string): bigint {
  const value = values[name];
  return typeof value === 'bigint' ? value : 0n;
}

function tokensOf(body: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(body); match !== null; match = TOKEN.exec(body)) {
    const text = match[1] ?? match[2] ?? match[3] ?? '';
    tokens.push({ text, at: match.index + match[0].length - text.length });
  }
  return tokens;
}

/** The place after the object that begins at `from`, which is JSON. */
function endOfObject(tokens: readonly Token[], from: number, body: string): number {
  const first = tokens[from];
  if (first === undefined) throw new BodyFault('unexpected EOF');
  if (first.text !== '{') throw new BodyFault(`proto: syntax error (line 1:1): unexpected token ${first.text}`);
  const end = endOfValue(tokens, from);
  const last = tokens[end - 1];
  try {
    JSON.parse(body.slice(first.at, (last?.at ?? 0) + 1));
  } catch {
    throw new BodyFault('proto: syntax error (line 1:2): invalid value');
  }
  return end;
}

/** The place after the value that begins at `from`. */
function endOfValue(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let index = from; index < tokens.length; index += 1) {
    const text = tokens[index]?.text;
    if (text === '{' || text === '[') depth += 1;
    if (text === '}' || text === ']') depth -= 1;
    if (depth === 0) return index + 1;
  }
  throw new BodyFault('unexpected EOF');
}

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

function typed(type: FieldType, name: string, value: Token, tokens: readonly Token[]): string | bigint | readonly string[] {
  const isText = value.text.startsWith('"');
  const refuse = (kind: string, field: string): never => {
    throw new BodyFault(`proto: (line 1:${value.at + 1}): invalid value for ${kind} field ${field}: ${value.text}`);
  };
  switch (type) {
    case 'string':
      return isText ? String(JSON.parse(value.text)) : refuse('string', name);
    case 'strings':
      return tokens.filter(({ text }) => text.startsWith('"')).map(({ text }) => String(JSON.parse(text)));
    case 'int64':
    case 'boxed-int64': {
      // A boxed number is a message of its own, whose only field is called `value`.
      const field = type === 'int64' ? name : 'value';
      const number = int64Of(isText ? String(JSON.parse(value.text)) : value.text);
      return number ?? refuse('int64', field);
    }
  }
}

function int64Of(text: string): bigint | undefined {
  if (/^-?[0-9]+$/.test(text)) {
    const value = BigInt(text);
    return value > INT64_MAX || value < INT64_MIN ? undefined : value;
  }
  const isDecimal = /^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(text);
  return isDecimal && Number.isSafeInteger(Number(text)) ? BigInt(Number(text)) : undefined;
}
