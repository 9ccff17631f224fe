/**
 * GKE's ServiceExport as a type: read from GKE's own definition by those who make the npm package, of which this one file is kept. Google publishes the
 * definition itself nowhere.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Part } from './part.ts';
import { runCommand } from './run-command.ts';

const PACKAGE = '@kubernetes-models/gke@4.6.2';
const FILE = 'package/net.gke.io/v1/ServiceExport.d.ts';
const SHA256 = '28e7409accdb476c39659bee8b0793852400e3d21f3bf1fce00fbafb0bac1b9b';

export const serviceExportPart: Part = {
  title: 'type of ServiceExport',
  cacheFile: `service-export-${SHA256.slice(0, 12)}/ServiceExport.d.ts`,
  find: () => Promise.resolve(undefined),
  recipes: [
    {
      what: 'npm pack',
      expectedSeconds: 5,
      toolchains: [
        { command: 'npm', howToGet: 'npm, which comes with Node.js' },
        { command: 'tar', howToGet: 'tar: apt-get install tar' },
      ],
      async make(bench) {
        const run = (command: string, ...args: string[]) =>
          runCommand({ command, args, cwd: bench.scratch, env: bench.env }, bench.logFile, bench.signal);
        await run('npm', 'pack', '--silent', PACKAGE);
        const archive = readdirSync(bench.scratch).find((file) => file.endsWith('.tgz'));
        if (archive === undefined) throw new Error(`npm has packed nothing of ${PACKAGE}`);
        await run('tar', 'xzf', archive, FILE);
        const made = path.join(bench.scratch, FILE);
        const found = createHash('sha256').update(readFileSync(made)).digest('hex');
        if (found !== SHA256) throw new Error(`The file is not the one that is expected: ${found} in place of ${SHA256}`);
        return made;
      },
    },
  ],
};
