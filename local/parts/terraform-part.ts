/**
 * Terraform, or OpenTofu in its place: what is on the PATH, else OpenTofu built from its module, which any Go can fetch. (Terraform's own
 * module cannot be built that way: parts of it are modules that only its repository joins.)
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findOnPath } from '../../runtime/find-on-path.ts';
import { isAtLeast } from '../../runtime/is-at-least.ts';
import { goBuild } from './build-go.ts';
import type { Part, Surroundings } from './part.ts';

/** As in `opentofu/go.mod`; a test compares. */
export const OPENTOFU_VERSION = '1.12.6';
/** Write-only arguments came with 1.11, in both. */
const AT_LEAST = '1.11';

const GO = { command: 'go', howToGet: `Go 1.26 or newer, https://go.dev/dl (or put terraform ${AT_LEAST} or newer on the PATH)` };

export const terraformPart: Part = {
  title: `Terraform (OpenTofu ${OPENTOFU_VERSION})`,
  cacheFile: `opentofu-${OPENTOFU_VERSION}/tofu`,
  find: async (around) => {
    for (const name of ['terraform', 'tofu']) {
      const file = findOnPath(name, around.env);
      if (file !== undefined && (await isNewEnough(file, around))) return file;
    }
    return undefined;
  },
  recipes: [
    goBuild({
      module: 'opentofu',
      packagePath: 'github.com/opentofu/opentofu/cmd/tofu',
      name: 'tofu',
      toolchains: [GO],
      expectedSeconds: 110,
    }),
  ],
};

async function isNewEnough(file: string, { env, signal }: Surroundings): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)(file, ['version'], { env: { ...env, CHECKPOINT_DISABLE: '1' }, signal, timeout: 20_000 });
    const version = /v(\d+\.\d+)/.exec(stdout)?.[1];
    return version !== undefined && isAtLeast(version, AT_LEAST);
  } catch {
    return false;
  }
}
