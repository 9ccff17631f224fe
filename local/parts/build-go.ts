/** How a part is built from a Go module of its own: `go.mod` and `go.sum` in a folder beside this file say which. */
import path from 'node:path';
import type { Recipe, Toolchain } from './part.ts';
import { runCommand } from './run-command.ts';

export interface GoBuild {
  /** The folder. */
  readonly module: string;
  readonly packagePath: string;
  /** How the executable is called. */
  readonly name: string;
  readonly linkerFlags?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly toolchains: readonly Toolchain[];
  readonly expectedSeconds: number;
}

export function goBuild({ module, packagePath, name, linkerFlags = '-s -w', env, toolchains, expectedSeconds }: GoBuild): Recipe {
  return {
    what: 'go build',
    expectedSeconds,
    toolchains,
    async make(bench) {
      const made = path.join(bench.scratch, name);
      const command = {
        command: 'go',
        args: ['build', '-trimpath', '-ldflags', linkerFlags, '-o', made, packagePath],
        cwd: path.join(import.meta.dirname, module),
        env: { ...bench.env, GOWORK: 'off', ...env },
      };
      await runCommand(command, bench.logFile, bench.signal);
      return made;
    },
  };
}
