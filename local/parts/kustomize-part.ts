/** Kustomize, which renders `fleets/`: on the PATH by itself or inside kubectl, else built from the Go module beside this file. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { findOnPath } from '../../runtime/find-on-path.ts';
import { isAtLeast } from '../../runtime/is-at-least.ts';
import { goBuild } from './build-go.ts';
import type { Part } from './part.ts';

/** As in `kustomize/go.mod`; a test compares. */
export const KUSTOMIZE_VERSION = '5.8.2';

/** What `fleets/` uses (components after generators, replacements as transformers) works from here on. */
const OLDEST = '5.3';
const ASK_MS = 20_000;

export const kustomizePart: Part = {
  title: `kustomize ${KUSTOMIZE_VERSION}`,
  cacheFile: `kustomize-${KUSTOMIZE_VERSION}/kustomize`,
  async find({ env }) {
    for (const name of ['kustomize', 'kubectl']) {
      const file = findOnPath(name, env);
      if (file !== undefined && isNewEnough(await versionSaidBy(file, env))) return file;
    }
    return undefined;
  },
  recipes: [
    goBuild({
      module: 'kustomize',
      packagePath: 'sigs.k8s.io/kustomize/kustomize/v5',
      name: 'kustomize',
      linkerFlags: `-s -w -X sigs.k8s.io/kustomize/api/provenance.version=v${KUSTOMIZE_VERSION}`,
      env: { CGO_ENABLED: '0' },
      toolchains: [
        {
          command: 'go',
          howToGet: `Go 1.26 or newer, https://go.dev/dl (or put kustomize ${OLDEST} or newer, or a kubectl that has it, on the PATH)`,
        },
      ],
      expectedSeconds: 40,
    }),
  ],
};

/** The arguments that render a folder, for the file that was obtained. */
export function renderArgs(program: string, folder: string): string[] {
  return [path.basename(program) === 'kubectl' ? 'kustomize' : 'build', folder];
}

/** What `kustomize version` or `kubectl version --client` says. Pure. */
export function isNewEnough(said: string): boolean {
  const version = /^(?:Kustomize Version: )?v(\d+\.\d+\.\d+)/m.exec(said)?.[1];
  return version !== undefined && isAtLeast(version, OLDEST);
}

async function versionSaidBy(file: string, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const args = path.basename(file) === 'kubectl' ? ['version', '--client'] : ['version'];
  try {
    return (await promisify(execFile)(file, args, { env, timeout: ASK_MS })).stdout;
  } catch {
    return '';
  }
}
