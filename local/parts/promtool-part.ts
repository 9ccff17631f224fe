/** promtool, which tries Prometheus' rules on series made up for it: on the PATH, in Debian's Prometheus, else built from its Go module. */
import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { findOnPath } from '../../runtime/find-on-path.ts';
import { debianPackage } from './debian-package.ts';
import type { Part, Recipe } from './part.ts';
import { runCommand } from './run-command.ts';

/** As in `promtool/go.mod`, where Prometheus 3.x is called 0.3xx. */
export const PROMTOOL_VERSION = '0.316.0';
const HOW_TO_GET = 'promtool, with the system packages of Prometheus';

/** @param isDebianRoot whether a system package may be installed here. */
export function promtoolPart(isDebianRoot: boolean): Part {
  return {
    title: 'promtool',
    cacheFile: `promtool-${PROMTOOL_VERSION}/promtool`,
    find: (around) => Promise.resolve(findOnPath('promtool', around.env)),
    recipes: isDebianRoot ? [debianPackage('prometheus', ['promtool'], HOW_TO_GET), goModule] : [goModule],
  };
}

const goModule: Recipe = {
  what: 'go build',
  expectedSeconds: 300,
  toolchains: [{ command: 'go', howToGet: `Go 1.26 or newer, https://go.dev/dl (or ${HOW_TO_GET})` }],
  async make(bench) {
    const module = path.join(bench.scratch, 'module');
    const made = path.join(bench.scratch, 'promtool');
    await mkdir(module);
    for (const file of ['go.mod', 'go.sum']) await copyFile(path.join(import.meta.dirname, 'promtool', file), path.join(module, file));
    const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', made, 'github.com/prometheus/prometheus/cmd/promtool'];
    const env = { ...bench.env, GOWORK: 'off', CGO_ENABLED: '0' };
    await runCommand({ command: 'go', args, cwd: module, env }, bench.logFile, bench.signal);
    return made;
  },
};
