/** Schemathesis, which invents requests from an OpenAPI document and judges the answers; a Python program, for tests only. */
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findOnPath } from '../../runtime/find-on-path.ts';
import type { Part } from './part.ts';
import { runCommand } from './run-command.ts';

const VERSION = '4.32.5';
const HOW_TO_GET = 'Python 3.10 or newer with pip, from the system packages (or put schemathesis on the PATH)';

export const schemathesisPart: Part = {
  title: `schemathesis ${VERSION}`,
  cacheFile: `schemathesis-${VERSION}/schemathesis`,
  find: (around) => Promise.resolve(findOnPath('schemathesis', around.env)),
  recipes: [
    {
      what: 'pip install schemathesis',
      expectedSeconds: 20,
      toolchains: [{ command: 'python3', howToGet: HOW_TO_GET }],
      async make(bench) {
        const packages = path.join(bench.scratch, 'packages');
        const args = ['-m', 'pip', 'install', '--only-binary=:all:', '--target', packages, `schemathesis==${VERSION}`];
        await runCommand({ command: 'python3', args, env: bench.env }, bench.logFile, bench.signal);
        // The program is a folder of packages and a script that finds them beside itself.
        const kept = path.join(bench.cache, `schemathesis-${VERSION}`, 'packages');
        await rm(kept, { recursive: true, force: true });
        await rename(packages, kept);
        const script = path.join(bench.scratch, 'schemathesis');
        await writeFile(script, '#!/bin/sh\nPYTHONPATH="$(dirname "$0")/packages" exec python3 -m schemathesis.cli "$@"\n');
        return script;
      },
    },
  ],
};
