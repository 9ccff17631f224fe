/**
 * A service as its image has it, bundled from this tree: it starts in a third of the time that its sources take, and tests start services
 * hundreds of times. What tests reach into (`kill-points.ts`) is left outside of it.
 *
 *   .local/test-bundles/NAME/        at the same place each time, since compiled scripts are kept by their path
 *   .local/test-bundles/NAME/made-of the digest of every source that it could be made of
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { bundle } from '../../deploy/images/bundle/bundle.ts';
import { withBuildLock } from '../../local/parts/build-lock.ts';
import { digestOfFiles } from '../../local/parts/digest-of-files.ts';
import { testStack } from '../../local/testing.ts';
import { ROOT, sources } from '../tooling/import-graph.ts';

const BUNDLES = path.join(ROOT, '.local', 'test-bundles');
const REACHED_INTO = ['mongodb', 'undici'];
const LONGEST_MS = 600_000;

const Service = z.enum(['accounts', 'allocator', 'matchmaker', 'saves']);
type Service = z.infer<typeof Service>;
const scripts = new Map<string, Promise<string>>();

/** @returns the script to start. */
export function bundledService(name: string): Promise<string> {
  const begun = scripts.get(name) ?? make(Service.parse(name));
  scripts.set(name, begun);
  return begun;
}

async function make(name: Service): Promise<string> {
  const { around } = await testStack();
  const folder = path.join(BUNDLES, name);
  const digest = digestOfSources();
  const onWait = (): void => undefined;
  await withBuildLock(`${folder}.lock`, { deadlineMs: LONGEST_MS, signal: around.signal, onWait }, async () => {
    if (madeOf(folder) === digest) return;
    const scratch = `${folder}.new`;
    await mkdir(BUNDLES, { recursive: true });
    await bundle(ROOT, name, scratch, REACHED_INTO);
    await writeFile(path.join(scratch, 'made-of'), digest);
    await rm(folder, { recursive: true, force: true });
    await rename(scratch, folder);
  });
  return path.join(folder, 'main.mjs');
}

function madeOf(folder: string): string | undefined {
  const file = path.join(folder, 'made-of');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function digestOfSources(): string {
  return digestOfFiles(ROOT, ['package-lock.json', ...sources().filter((file) => !file.startsWith('test/'))]);
}
