/** Checkov, which judges manifests by the rules that auditors ask for; a Python program, for tests only. */
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findOnPath } from '../../runtime/find-on-path.ts';
import type { Part } from './part.ts';
import { runCommand } from './run-command.ts';

const VERSION = '3.3.30';

export const checkovPart: Part = {
  title: `checkov ${VERSION}`,
  cacheFile: `checkov-${VERSION}/checkov`,
  find: (around) => Promise.resolve(findOnPath('checkov', around.env)),
  recipes: [
    {
      what: 'pip install checkov',
      expectedSeconds: 60,
      toolchains: [
        {
          command: 'python3',
          howToGet: 'Python 3.10 or newer with pip, from the system packages (or put checkov on the PATH)',
        },
      ],
      async make(bench) {
        const packages = path.join(bench.scratch, 'packages');
        const args = ['-m', 'pip', 'install', '--target', packages, `checkov==${VERSION}`];
        await runCommand({ command: 'python3', args, env: bench.env }, bench.logFile, bench.signal);
        // The program is a folder of packages and a script that finds them beside itself.
        const kept = path.join(bench.cache, `checkov-${VERSION}`, 'packages');
        await rm(kept, { recursive: true, force: true });
        await rename(packages, kept);
        const script = path.join(bench.scratch, 'checkov');
        await writeFile(script, '#!/bin/sh\nPYTHONPATH="$(dirname "$0")/packages" exec python3 -m checkov.main "$@"\n');
        return script;
      },
    },
  ],
};
