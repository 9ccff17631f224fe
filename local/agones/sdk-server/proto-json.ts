/**
 * The bodies of REST calls, read as the gRPC gateway reads them: the first JSON value counts, a field that is not known is
 * passed over, and a fault names the place of the value (pure).
 */
import { invalidArgument } from './sdk-error.ts';

export type FieldType = 'string' | 'int64' | 'strings' | 'boxed-int64';

/** The fields of a message with their types. Numbers of 64 bits may be written as text. */
export type Message = Readonly<Record<string, FieldType>>;

export type Values = Readonly<Record<string, string | bigint | readonly string[]>>;

interface Token {
  readonly text: string;
  /** From 0. */
  readonly at: number;
}

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([{}[\]:,])|([^\s{}[\]:,"]+))/y;

/** The value of each known field that the body names; an empty body names none. */
export function messageOf(message: Message, body: string): Values {
  if (body.trim() === '') return {};
  const tokens = tokensOf(body);
  const [first] = tokens;
  if (first?.text !== '{') throw invalidArgument(`proto: syntax error (line 1:1): unexpected token ${first?.text ?? ''}`);
  const values: Record<string, string | bigint | readonly string[]> = {};
  let index = 1;
  while (tokens[index]?.text !== '}') {
    const name = tokens[index];
    const value = tokens[index + 2];
    if (name === undefined || value === undefined || tokens[index + 1]?.text !== ':') throw invalidArgument('unexpected EOF');
    const end = endOfValue(tokens, index + 2);
    const key = String(JSON.parse(name.text));
    const type = message[key];
    if (type !== undefined && value.text !== 'null') values[key] = typed(type, key, value, tokens.slice(index + 2, end));
    index = tokens[end]?.text === ',' ? end + 1 : end;
    if (tokens[index] === undefined) throw invalidArgument('unexpected EOF');
  }
  return values;
}

/** How many JSON objects stand in a body; each is one message of a client stream. */
export function objectsIn(body: string): number {
  const tokens = tokensOf(body);
  let count = 0;
  for (let index = 0; index < tokens.length; count += 1) {
    const token = tokens[index];
    if (token?.text !== '{') throw invalidArgument(`proto: syntax error (line 1:1): unexpected token ${token?.text ?? ''}`);
    index = endOfValue(tokens, index);
  }
  return count;
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

/** The place after the value that begins at `from`. */
function endOfValue(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let index = from; index < tokens.length; index += 1) {
    const text = tokens[index]?.text;
    if (text === '{' || text === '[') depth += 1;
    if (text === '}' || text === ']') depth -= 1;
    if (depth === 0) return index + 1;
  }
  throw invalidArgument('unexpected EOF');
}

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

function typed(type: FieldType, name: string, value: Token, tokens: readonly Token[]): string | bigint | readonly string[] {
  const isText = value.text.startsWith('"');
  const refuse = (kind: string, field: string): never => {
    throw invalidArgument(`proto: (line 1:${value.at + 1}): invalid value for ${kind} field ${field}: ${value.text}`);
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
  const isExponent = /^-?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]+$/.test(text);
  return isExponent && Number.isSafeInteger(Number(text)) ? BigInt(Number(text)) : undefined;
}
