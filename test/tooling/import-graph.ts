/** Who imports whom, read from the sources: for rules that look further than one file. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.join(import.meta.dirname, '..', '..');

export interface Import {
  /** A file of the tree, relative to its root, or a package or builtin as written. */
  readonly target: string;
  /** Erased before running. */
  readonly typeOnly: boolean;
}

const STATEMENT = /(?:^|[\n;])\s*(?:import|export)\s+(type\s)?(?:[\w*\s{},$'.-]*?\sfrom\s*)?'([^'\n]+)'/g;
const CALL = /\bimport\(\s*'([^'\n]+)'\s*\)/g;
const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;

/** @param file relative to the root of the tree. */
export function importsOf(file: string, source = readFileSync(path.join(ROOT, file), 'utf8')): Import[] {
  const code = source.replaceAll(COMMENT, '');
  const target = (name: string) => (name.startsWith('.') ? path.join(path.dirname(file), name) : name);
  return [
    ...[...code.matchAll(STATEMENT)].map(([, type, name = '']) => ({ target: target(name), typeOnly: type !== undefined })),
    ...[...code.matchAll(CALL)].map(([, name = '']) => ({ target: target(name), typeOnly: false })),
  ];
}

/** Each thing that is loaded when `entry` is, with the way to it. Types are erased and lead nowhere. */
export function loadedBy(entry: string): Map<string, readonly string[]> {
  const ways = new Map<string, readonly string[]>([[entry, [entry]]]);
  for (const [file, way] of ways) {
    if (!file.endsWith('.ts') || !existsSync(path.join(ROOT, file))) continue;
    for (const { target, typeOnly } of importsOf(file)) if (!typeOnly && !ways.has(target)) ways.set(target, [...way, target]);
  }
  return ways;
}

/** Every TypeScript file of the tree, relative to its root. */
export function sources(): string[] {
  return globSync('**/*.ts', { cwd: ROOT, exclude: (name) => name === 'node_modules' || name === '.local' || name === '.git' });
}
