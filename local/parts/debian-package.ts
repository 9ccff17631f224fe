/** A command out of a Debian package: for whoever may install one. */
import { existsSync } from 'node:fs';
import { findOnPath } from '../../runtime/find-on-path.ts';
import type { Recipe } from './part.ts';
import { runCommand } from './run-command.ts';

export function isDebianRoot(): boolean {
  return existsSync('/etc/debian_version') && process.getuid?.() === 0;
}

/** @param commands one of these is then on the PATH. */
export function debianPackage(name: string, commands: readonly string[], howToGet: string): Recipe {
  return {
    what: `apt-get install ${name}`,
    expectedSeconds: 20,
    toolchains: [{ command: 'apt-get', howToGet }],
    async make(bench) {
      // RUNLEVEL=1 keeps the package from starting a server of its own on the usual port.
      const env = { ...bench.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
      const run = (...args: string[]): Promise<void> => runCommand({ command: 'apt-get', args, env }, bench.logFile, bench.signal);
      // Somebody else may be installing.
      const install = ['install', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', name];
      // A machine's package lists may be stale or missing; they are fetched only when the install needs it.
      await run(...install).catch(async () => {
        await run('update');
        await run(...install);
      });
      const installed = commands.map((command) => findOnPath(command, bench.env)).find((file) => file !== undefined);
      if (installed === undefined) throw new Error(`apt-get has installed ${name}, but ${commands.join(', ')} is not on the PATH`);
      return installed;
    },
  };
}
