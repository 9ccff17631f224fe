/** Files that come inside of Go modules, which Go's registry gives to whoever asks: read as they are, nothing is built. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Toolchain, Workbench } from './part.ts';
import { runCommand } from './run-command.ts';

export interface ModuleFiles {
  readonly module: string;
  readonly version: string;
  readonly files: readonly string[];
}

export const GO: Toolchain = { command: 'go', howToGet: 'Go 1.26 or newer, https://go.dev/dl' };

/** @returns the texts, in the order of the sources. @throws when they are not those of `sha256`, one behind the other. */
export async function readModuleFiles(sources: readonly ModuleFiles[], sha256: string, bench: Workbench): Promise<string[]> {
  await writeFile(path.join(bench.scratch, 'go.mod'), 'module lifeverse.invalid/tools/module-files\n');
  const modules = path.join(bench.scratch, 'modules');
  // What the modules require in turn is not fetched; and what was fetched goes with the scratch folder.
  const env = { ...bench.env, GOWORK: 'off', GOFLAGS: '-mod=mod -modcacherw', GOMODCACHE: modules };
  const wanted = sources.map(({ module, version }) => `${module}@${version}`);
  await runCommand({ command: 'go', args: ['mod', 'download', ...wanted], cwd: bench.scratch, env }, bench.logFile, bench.signal);
  const files = sources.flatMap((source, nth) => source.files.map((file) => path.join(modules, folderOf(wanted[nth] ?? ''), file)));
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const found = createHash('sha256').update(texts.join('')).digest('hex');
  if (found !== sha256) throw new Error(`The files are not those that are expected: ${found} in place of ${sha256}`);
  return texts;
}

/** Go's module cache writes upper case as `!` and lower case. */
function folderOf(module: string): string {
  return module.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
}
