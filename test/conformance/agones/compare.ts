/**
 * Compares an answer with a recorded one. Placeholders stand for what differs from run to run; the random ends of names
 * (`<s1>`, `<s2>` …) are bound where they are first met and have to be the same from then on.
 */

export type Bindings = Map<string, string>;

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  uid: '[0-9a-f]{8}-[0-9a-f-]{27}',
  rv: '[0-9]+',
  time: '[0-9T:.-]+(?:Z|\\+00:00)',
  gotime: '.+',
  unixSeconds: '[1-9][0-9]{9}',
  port: '[0-9]+',
  hash: '[0-9a-f]+',
  path: '\\S+',
  token: '\\S+',
  caBundle: '\\S+',
  accept: '\\S+',
  date: '.+',
};
const PLACEHOLDER = /<([a-zA-Z]+|s[0-9]+)>/g;
const NAME_END = '[a-z0-9]{5}';

/** Where the two differ, one line each; none when they agree. */
export function differences(expected: unknown, actual: unknown, bindings: Bindings, at = '$'): string[] {
  if (expected === '<managedFields>') return Array.isArray(actual) ? [] : [`${at}: no managed fields`];
  if (typeof expected === 'string') {
    const isText = typeof actual === 'string' || (typeof actual === 'number' && PLACEHOLDER.test(expected));
    PLACEHOLDER.lastIndex = 0;
    const agrees = isText && matches(expected, String(actual), bindings);
    return agrees ? [] : [`${at}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`];
  }
  if (Array.isArray(expected)) return listDifferences(expected, actual, bindings, at);
  if (typeof expected === 'object' && expected !== null) return fieldDifferences(expected, actual, bindings, at);
  return expected === actual ? [] : [`${at}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`];
}

function listDifferences(expected: readonly unknown[], actual: unknown, bindings: Bindings, at: string): string[] {
  if (!Array.isArray(actual)) return [`${at}: ${JSON.stringify(actual)} instead of a list`];
  const length = actual.length === expected.length ? [] : [`${at}: ${actual.length} items instead of ${expected.length}`];
  return [...length, ...expected.flatMap((item, index) => differences(item, actual[index], bindings, `${at}[${index}]`))];
}

function fieldDifferences(expected: object, actual: unknown, bindings: Bindings, at: string): string[] {
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) {
    return [`${at}: ${JSON.stringify(actual)} instead of an object`];
  }
  const found = new Map<string, unknown>(Object.entries(actual));
  const missing = Object.entries(expected).flatMap(([name, value]) =>
    found.has(name) ? differences(value, found.get(name), bindings, `${at}.${name}`) : [`${at}.${name}: missing`],
  );
  const extra = [...found.keys()].filter((name) => !(name in expected)).map((name) => `${at}.${name}: not expected`);
  return [...missing, ...extra];
}

function matches(expected: string, actual: string, bindings: Bindings): boolean {
  const fresh: string[] = [];
  const pattern = expected.split(PLACEHOLDER).map((part, index) => {
    if (index % 2 === 0) return RegExp.escape(part);
    if (!/^s[0-9]+$/.test(part)) return PLACEHOLDERS[part] ?? RegExp.escape(`<${part}>`);
    const bound = bindings.get(part);
    if (bound !== undefined) return RegExp.escape(bound);
    fresh.push(part);
    return `(${NAME_END})`;
  });
  const match = new RegExp(`^${pattern.join('')}$`, 's').exec(actual);
  if (match === null) return false;
  for (const [index, name] of fresh.entries()) bindings.set(name, match[index + 1] ?? '');
  return true;
}

/** A text with the names that are bound by now put in, to ask about what was met before. */
export const withNames = (text: string, bindings: Bindings): string =>
  text.replace(/<(s[0-9]+)>/g, (whole, name: string) => bindings.get(name) ?? whole);

/** What differs by design everywhere, and is no case's own deviation: release and image. */
export function asRecorded(actual: unknown): unknown {
  return JSON.parse(
    JSON.stringify(actual ?? null)
      .replaceAll('"agones.dev/sdk-version":"1.61.0"', '"agones.dev/sdk-version":"dev"')
      .replaceAll('["agones.dev/sdk-version","1.61.0"]', '["agones.dev/sdk-version","dev"]')
      .replaceAll('lifeverse.invalid/agones-sdk:1.61.0', 'us-docker.pkg.dev/agones-images/release/agones-sdk:dev'),
  );
}

/** An answer about a game server of another namespace, as if it were the recorder's. */
export function inNamespace(actual: unknown, namespace: string | undefined, recorded: string): unknown {
  if (namespace === undefined) return actual;
  return JSON.parse(JSON.stringify(actual ?? null).replaceAll(`"namespace":"${namespace}"`, `"namespace":"${recorded}"`));
}

/** Go walks maps in no order: the faults of a refusal are compared in one order. */
export function withSortedFaults(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('details' in answer) || !('message' in answer)) return answer;
  const { details } = answer;
  if (typeof details !== 'object' || details === null || !('causes' in details) || !Array.isArray(details.causes)) return answer;
  const causes = details.causes.toSorted((one: unknown, other: unknown) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  const [, lead = '', list] = /^(.* is invalid: )\[(.*)\]$/s.exec(String(answer.message)) ?? [];
  const message =
    list === undefined
      ? answer.message
      : `${lead}[${list
          .split(/, (?=[a-z.[\]]+[^:]*: )/)
          .toSorted()
          .join(', ')}]`;
  return { ...answer, message, details: { ...details, causes } };
}
