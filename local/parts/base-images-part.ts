/**
 * Base images made on this machine, for where none can be pulled: a Debian with compiler, Node and npm to build in, a C library and no more
 * to run on, and a busybox. They lie in the folder of a registry, which serves them by digest as any other does.
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startRegistry } from '../images/start-registry.ts';
import type { Part, Workbench } from './part.ts';
import { runCommand } from './run-command.ts';

const SUITE = 'bookworm';
const NPM_VERSION = '11.21.2';
/** Raised when what is made here changes. */
const EDITION = 1;
const PACKAGES = {
  build: ['--variant=minbase', '--include=ca-certificates,g++,make,libssl-dev'],
  // As distroless images are made: packages are unpacked and nothing is run, so there is neither shell nor package manager.
  runtime: ['--variant=extract', '--include=libc6,libstdc++6,libgcc-s1,libssl3'],
  shell: ['--variant=extract', '--include=busybox-static'],
} as const;
type BaseKind = keyof typeof PACKAGES;
const KINDS: readonly BaseKind[] = ['build', 'runtime', 'shell'];
const ROOTS = '/etc/ssl/certs/ca-certificates.crt';

const KEY = `base-images-${SUITE}-${process.arch}-node${process.versions.node}-${EDITION}`;

/** Name and tag of each in the registry. */
export const LOCAL_BASES: Readonly<Record<BaseKind, string>> = {
  build: 'bases/build:1',
  runtime: 'bases/runtime:1',
  shell: 'bases/shell:1',
};

/** Its file is a mark that says: the folder `registry` beside it is whole. */
export const baseImagesPart: Part = {
  title: 'base images',
  cacheFile: `${KEY}/made`,
  find: () => Promise.resolve(undefined),
  recipes: [
    {
      what: 'mmdebstrap and buildah',
      expectedSeconds: 90,
      toolchains: ['mmdebstrap', 'buildah', 'docker-registry', 'npm'].map((command) => ({ command, howToGet: `${command} on the PATH` })),
      make: makeBases,
    },
  ],
};

/** The folder of the registry that has them. @param mark the part's file. */
export function registryOf(mark: string): string {
  return path.join(path.dirname(mark), 'registry');
}

async function makeBases(bench: Workbench): Promise<string> {
  const at = (...names: string[]) => path.join(bench.scratch, ...names);
  const context = at('context');
  const made = at('registry');
  await mkdir(context);
  await writeFile(at('storage.conf'), `[storage]\ngraphroot = "${at('graph')}"\nrunroot = "${at('run')}"\n`);
  const env = { ...bench.env, CONTAINERS_STORAGE_CONF: at('storage.conf'), BUILDAH_ISOLATION: 'chroot' };
  const run = (command: string, ...args: string[]) => runCommand({ command, args, env }, bench.logFile, bench.signal);

  await addNode(context, run);
  const registry = await startRegistry({ folder: made, scratch: bench.scratch, env });
  try {
    for (const kind of KINDS) {
      await run('mmdebstrap', ...PACKAGES[kind], SUITE, path.join(context, `${kind}.tar`));
      const file = path.join(context, `${kind}.Dockerfile`);
      await writeFile(file, `FROM scratch\nADD ${kind}.tar /\n${kind === 'build' ? 'COPY top /\n' : ''}`);
      const name = `${registry.host}/${LOCAL_BASES[kind]}`;
      await run('buildah', 'build', `--file=${file}`, `--tag=${name}`, context);
      await run('buildah', 'push', '--tls-verify=false', name);
    }
  } finally {
    await registry.stop();
  }
  const kept = path.join(bench.cache, KEY, 'registry');
  await rm(kept, { recursive: true, force: true });
  await mkdir(path.dirname(kept), { recursive: true });
  await rename(made, kept);
  await writeFile(at('made'), '#!/bin/sh\n');
  return at('made');
}

/** This Node, npm, and this machine's way to its package registry. */
async function addNode(context: string, run: (command: string, ...args: string[]) => Promise<void>): Promise<void> {
  const local = path.join(context, 'top', 'usr', 'local');
  await mkdir(path.join(local, 'bin'), { recursive: true });
  await mkdir(path.join(local, 'etc'), { recursive: true });
  await mkdir(path.join(context, 'top', 'etc', 'ssl', 'certs'), { recursive: true });
  await cp(process.execPath, path.join(local, 'bin', 'node'));
  await cp(ROOTS, path.join(context, 'top', ROOTS));
  await run('npm', 'install', '--global', `--prefix=${local}`, '--ignore-scripts', `npm@${NPM_VERSION}`);
  await rm(path.join(local, 'bin', 'npm'), { force: true });
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', path.join(local, 'bin', 'npm'));
  await writeFile(path.join(local, 'etc', 'npmrc'), `registry=${await npmRegistry()}\ncafile=${ROOTS}\nupdate-notifier=false\n`);
}

async function npmRegistry(): Promise<string> {
  const child = spawn('npm', ['config', 'get', 'registry'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  return said.trim();
}
