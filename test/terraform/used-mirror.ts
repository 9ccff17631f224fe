/**
 * The providers with those types only that a tree names. Terraform starts every provider several times in each run and asks for its whole
 * schema each time: with a thousand resources that is most of what a test costs.
 */
import { globSync, linkSync, copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ProviderSchema } from './schema/provider-schema.ts';

/**
 * @param mirror the whole one, as `schemaProvidersPart` makes it
 * @param target a folder that is not there yet
 */
export function writeUsedMirror(mirror: string, target: string, tree: string): void {
  const used = usedTypes(tree);
  for (const file of globSync('**/schema.json', { cwd: mirror })) {
    const from = path.join(mirror, path.dirname(file));
    const to = path.join(target, path.dirname(file));
    mkdirSync(to, { recursive: true });
    const [program = ''] = readdirSync(from).filter((name) => name.startsWith('terraform-provider-'));
    linkOrCopy(path.join(from, program), path.join(to, program));
    const schema = JSON.parse(readFileSync(path.join(from, 'schema.json'), 'utf8')) as ProviderSchema;
    writeFileSync(path.join(to, 'schema.json'), JSON.stringify(usedOf(schema, used)));
  }
}

function usedOf(schema: ProviderSchema, used: ReadonlySet<string>): ProviderSchema {
  const pick = <T>(types: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(types).filter(([type]) => used.has(type)));
  return { ...schema, resources: pick(schema.resources), data: pick(schema.data), ephemeral: pick(schema.ephemeral) };
}

/** A type that no provider has is among them, and Terraform says so. */
function usedTypes(tree: string): Set<string> {
  const files = globSync('**/*.tf', { cwd: tree }).map((file) => readFileSync(path.join(tree, file), 'utf8'));
  return new Set(files.flatMap((text) => [...text.matchAll(/^(?:resource|data|ephemeral) "(\w+)"/gm)].map(([, type = '']) => type)));
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
