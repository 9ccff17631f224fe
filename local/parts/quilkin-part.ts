/** Quilkin, the UDP proxy before game servers. Only what asks for an edge needs it: it takes long to build. */
import path from 'node:path';
import { findOnPath } from '../../runtime/find-on-path.ts';
import type { Part } from './part.ts';
import { runCommand } from './run-command.ts';

export const QUILKIN_VERSION = '0.10.0';

/** It hashes with the processor's AES instructions, and does not compile without. */
const FEATURES: Readonly<Record<string, string>> = { x64: '+aes,+avx2', arm64: '+aes,+neon' };

export const quilkinPart: Part = {
  title: `quilkin ${QUILKIN_VERSION}`,
  cacheFile: `quilkin-${QUILKIN_VERSION}/quilkin`,
  find: (around) => Promise.resolve(findOnPath('quilkin', around.env)),
  recipes: [
    {
      what: 'cargo install',
      expectedSeconds: 900,
      toolchains: [
        { command: 'cargo', howToGet: `a quilkin ${QUILKIN_VERSION} on the PATH, or Rust with cargo (https://rustup.rs) to build it` },
        { command: 'g++', howToGet: 'a C++ compiler: apt-get install build-essential' },
        { command: 'make', howToGet: 'make: apt-get install make' },
      ],
      async make(bench) {
        const args = ['install', '--locked', 'quilkin', '--version', QUILKIN_VERSION, '--root', bench.scratch];
        const feature = FEATURES[process.arch];
        const flags = [bench.env['RUSTFLAGS'], feature === undefined ? undefined : `-C target-feature=${feature}`]
          .filter(Boolean)
          .join(' ');
        const env = { ...bench.env, RUSTFLAGS: flags, CARGO_TARGET_DIR: path.join(bench.scratch, 'target') };
        await runCommand({ command: 'cargo', args, env }, bench.logFile, bench.signal);
        return path.join(bench.scratch, 'bin', 'quilkin');
      },
    },
  ],
};
