/** What the packages of a bundle say of themselves: name, version, and the texts that their licenses ask to be passed on. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const Manifest = z.object({ name: z.string(), version: z.string(), license: z.string().optional() });
const TEXT = /^(licen[cs]e|notice|copying)([.-].*)?$/i;

export interface PackageText {
  /** `express@5.3.0`. */
  readonly id: string;
  readonly license: string | undefined;
  readonly texts: readonly string[];
}

/** @param folder such as `node_modules/express`, relative to the tree. */
export async function packageText(root: string, folder: string): Promise<PackageText> {
  const place = path.join(root, folder);
  const { name, version, license } = Manifest.parse(JSON.parse(await readFile(path.join(place, 'package.json'), 'utf8')));
  const entries = await readdir(place, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && TEXT.test(entry.name) && !/\.[cm]?[jt]s$/.test(entry.name));
  const files = names.map((entry) => entry.name).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(path.join(place, file), 'utf8')));
  return { id: `${name}@${version}`, license, texts };
}

/** Pure. */
export function licenseTexts(packages: readonly PackageText[]): string {
  const parts = packages.map(({ id, license, texts }) => {
    const head = `${id}${license === undefined ? '' : ` (${license})`}`;
    return [head, '-'.repeat(head.length), ...texts.map((text) => text.trim())].join('\n\n');
  });
  return `${parts.join('\n\n\n')}\n`;
}
