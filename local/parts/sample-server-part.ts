/** The sample game server, built from this tree: a part like the others, keyed by what its sources say. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { digestOfFiles } from './digest-of-files.ts';
import type { Part } from './part.ts';
import { runCommand } from './run-command.ts';

const MAKE = { command: 'make', howToGet: 'make: apt-get install make, or xcode-select --install' };
const COMPILER = { command: 'g++', howToGet: 'a C++17 compiler and OpenSSL’s headers: apt-get install g++ libssl-dev' };

/** @param root the tree. */
export function sampleServerPart(root: string): Part {
  const unreal = path.join(root, 'unreal');
  return {
    title: 'sample game server',
    cacheFile: `sample-server-${digestOf(unreal)}/sample-server`,
    find: () => Promise.resolve(undefined),
    recipes: [
      {
        what: 'make',
        expectedSeconds: 40,
        toolchains: [MAKE, COMPILER],
        async make(bench) {
          const args = ['-C', path.join(unreal, 'sample-server'), `OUT=${bench.scratch}`];
          await runCommand({ command: 'make', args, env: bench.env }, bench.logFile, bench.signal);
          return path.join(bench.scratch, 'sample-server');
        },
      },
    ],
  };
}

function digestOf(unreal: string): string {
  const files = ['core', 'sample-server'].flatMap((folder) => {
    const names = readdirSync(path.join(unreal, folder), { recursive: true, encoding: 'utf8' });
    return names.filter((name) => /\.(cpp|h)$|Makefile$/.test(name)).map((name) => path.join(folder, name));
  });
  return digestOfFiles(unreal, files).slice(0, 12);
}
