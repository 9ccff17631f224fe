/**
 * The C++ tests, compiled once for all clones that have the same sources: under sanitizers that takes minutes of processor time. In this
 * tree `make` compiles only what has changed; what it has made is then kept in the cache, by what sources, flags and compiler say.
 */
import { execFile } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { withBuildLock } from '../../local/parts/build-lock.ts';
import { digestOfFiles } from '../../local/parts/digest-of-files.ts';
import { testStack } from '../../local/testing.ts';
import { ROOT } from '../tooling/import-graph.ts';
import { make } from './sample-server-process.ts';

const OUT = path.join(ROOT, '.local', 'test-bin');
const BINARIES = ['core-tests', 'live-tests', 'echo-json', 'fuzz'] as const;
const SOURCES = ['unreal/{core,sample-server}/**/*.{cpp,h}', 'test/unreal/{core,live,fuzz}/**/*.{cpp,h}', 'test/unreal/Makefile'];
const LONGEST_BUILD_MS = 1_200_000;

export type TestBinary = (typeof BINARIES)[number];

/** @returns where each of them is. @throws what the compiler said. */
export async function buildTestBinaries(): Promise<(name: TestBinary) => string> {
  const { around } = await testStack();
  const folder = path.join(around.cache, `unreal-tests-${await digest()}`);
  if (!existsSync(folder)) {
    await inTestBin(async () => {
      await make('test/unreal', OUT, ['all']);
      if (existsSync(folder)) return;
      await mkdir(around.cache, { recursive: true });
      const scratch = await mkdtemp(path.join(around.cache, 'scratch-'));
      try {
        for (const name of BINARIES) await copyFile(path.join(OUT, name), path.join(scratch, name));
        await rename(scratch, folder);
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    });
  }
  return (name) => path.join(folder, name);
}

/** Nothing is linked: the plugin's shell is held to the engine's names and types. */
export function checkShell(): Promise<void> {
  return inTestBin(() => make('test/unreal', OUT, ['shell']));
}

/** Two lanes may come at the same time, and make knows nothing of each other. */
async function inTestBin(work: () => Promise<void>): Promise<void> {
  const { around } = await testStack();
  await mkdir(OUT, { recursive: true });
  const onWait = (pid: number): void => around.say(`C++ tests: process ${pid} is compiling already, waiting for that`);
  await withBuildLock(path.join(OUT, 'make.lock'), { deadlineMs: LONGEST_BUILD_MS, signal: around.signal, onWait }, work);
}

async function digest(): Promise<string> {
  const { stdout: compiler } = await promisify(execFile)('sh', ['-c', '${CXX:-c++} --version; uname -sm']);
  const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT }));
  return digestOfFiles(ROOT, files, compiler).slice(0, 12);
}
