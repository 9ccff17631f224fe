/** What may leave in a log line: no secrets, errors spelled out, and never more than a line can bear. */

/** Field names that never show their value, in any case, anywhere in the data. */
const SECRET_NAME = /^(.*(password|passphrase|secret|token|ticket|cookie|credential|authorization|(?<!public)key|pem)s?|jwt)$/i;
const PUBLIC_NAMES = new Set(['requestkey', 'idempotencykey', 'livekey', 'jobkey']);
/** The private members of a JSON Web Key (RFC 7518, section 6). */
const PRIVATE_JWK_MEMBERS = new Set(['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth']);

const HIDDEN = '[redacted]';
/** Inside a text: a PEM key, a JWT, a webhook's secret, a header with a login, the login in a URL. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [/eyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g, HIDDEN],
  [/whsec_[\w+/=-]+/g, HIDDEN],
  [/\b(Bearer|Basic)\s+[^\s"',;]+/gi, `$1 ${HIDDEN}`],
  [/:\/\/[^\s/:@"'<>]*:[^\s"'<>]*@/g, `://${HIDDEN}@`],
  [/:\/\/[^\s/"'<>]*@/g, `://${HIDDEN}@`],
];

const MAX_DEPTH = 6;
const MAX_TEXT = 4_000;
/** Looked through for secrets at most: what is searched by patterns has to be bounded, too. */
const MAX_SEARCHED = 16_000;
const MAX_ITEMS = 100;
/** Values in one line: a driver's error may hang on to half the process. */
const MAX_VALUES = 1_000;

/** What is left to say in this line. */
interface Budget {
  values: number;
}

/** The same data without secrets; errors spelled out; texts, depth and size bounded. Never throws. */
export function redact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactObject(fields, 0, { values: MAX_VALUES });
}

export function redactText(text: string): string {
  let clean = text.slice(0, MAX_SEARCHED);
  for (const [secret, instead] of SECRET_TEXTS) clean = clean.replaceAll(secret, instead);
  return clean.slice(0, MAX_TEXT);
}

function redactObject(value: object, depth: number, budget: Budget): Record<string, unknown> {
  const isJwk = 'kty' in value;
  const entries = Object.keys(value)
    .slice(0, MAX_ITEMS)
    .map((name) => {
      const hidden = (SECRET_NAME.test(name) && !PUBLIC_NAMES.has(name.toLowerCase())) || (isJwk && PRIVATE_JWK_MEMBERS.has(name));
      return [redactText(name), hidden ? HIDDEN : redactValue(read(value, name), depth + 1, budget)];
    });
  return Object.fromEntries(entries);
}

function redactValue(value: unknown, depth: number, budget: Budget): unknown {
  if (budget.values-- <= 0) return '[more]';
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.valueOf()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return redactText(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth > MAX_DEPTH) return '[deep]';
  if (value instanceof Error) return redactError(value, depth, budget);
  if (value instanceof Map) return redactObject(Object.fromEntries(value), depth, budget);
  if (Array.isArray(value) || value instanceof Set)
    return [...value].slice(0, MAX_ITEMS).map((item) => redactValue(item, depth + 1, budget));
  return redactObject(value, depth, budget);
}

/** An error's own message, stack and cause are not enumerable: they are named here. */
function redactError(error: Error, depth: number, budget: Budget): Record<string, unknown> {
  const spelled = ['name', 'message', 'stack', 'cause', 'errors'].flatMap((name): [string, unknown][] => {
    const value = read(error, name);
    return value === undefined ? [] : [[name, redactValue(value, depth + 1, budget)]];
  });
  return { ...redactObject(error, depth, budget), ...Object.fromEntries(spelled) };
}

function read(value: object, name: string): unknown {
  try {
    return Reflect.get(value, name);
  } catch {
    return '[unreadable]';
  }
}
