/** What can be read from Terraform's own text without Terraform: which variables and outputs a root has, what a file of values sets. */

export interface DeclaredVariable {
  readonly name: string;
  readonly hasDefault: boolean;
}

export function variablesOf(text: string): DeclaredVariable[] {
  return blocksOf(text, 'variable').map(({ name, body }) => ({ name, hasDefault: /^\s*default\s*=/m.test(body) }));
}

export function outputsOf(text: string): string[] {
  return blocksOf(text, 'output').map(({ name }) => name);
}

/** Top-level `name = value` lines of a .tfvars file, values as they are written: strings in their quotes. */
export function assignmentsOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  let depth = 0;
  for (const line of text.split('\n')) {
    const bare = withoutComment(line);
    const [, name, value] = /^\s*([A-Za-z][\w-]*)\s*=\s*(.+?)\s*$/.exec(bare) ?? [];
    if (depth === 0 && name !== undefined && value !== undefined) found[name] = value;
    const outside = bare.replaceAll(/"(?:[^"\\]|\\.)*"/g, '');
    depth += (outside.match(/[[{(]/g)?.length ?? 0) - (outside.match(/[\]})]/g)?.length ?? 0);
  }
  return found;
}

/** The lowest version that `required_version` of these texts asks for, where one does. */
export function requiredVersionOf(text: string): string | undefined {
  return /required_version\s*=\s*"[^"\d]*(\d+(?:\.\d+){1,2})/.exec(text)?.[1];
}

function blocksOf(text: string, kind: string): { name: string; body: string }[] {
  const clean = text.split('\n').map(withoutComment).join('\n');
  return [...clean.matchAll(new RegExp(`^\\s*${kind}\\s+"([^"]+)"\\s*\\{`, 'gm'))].map((match) => ({
    name: match[1] ?? '',
    body: upToItsEnd(clean, match.index + match[0].length),
  }));
}

function upToItsEnd(text: string, start: number): string {
  let depth = 1;
  let isString = false;
  for (let at = start; at < text.length; at++) {
    const letter = text[at];
    if (letter === '"' && text[at - 1] !== '\\') isString = !isString;
    if (isString) continue;
    if (letter === '{') depth++;
    if (letter === '}' && --depth === 0) return text.slice(start, at);
  }
  return text.slice(start);
}

/** A `#` or `//` outside of a string ends the line. */
function withoutComment(line: string): string {
  const [bare = ''] = /^(?:"(?:[^"\\]|\\.)*"|(?!#|\/\/)[^"])*/.exec(line) ?? [];
  return bare.length < line.length && !/^(#|\/\/)/.test(line.slice(bare.length)) ? line : bare;
}
