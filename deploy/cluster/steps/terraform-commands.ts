/** How Terraform is called: with the state of this environment, a data folder of its own, and time to give its lock back. Pure. */
import type { CommandLine } from '../command-line.ts';
import { CLUSTER_ROOT, environmentRoot, planFile, regionFolder, settingsFile, workFolder } from '../paths.ts';
import type { Environment } from '../request.ts';

const MINUTES = 60_000;
/** Google's operations under way are waited for before the lock is given back. */
const ORDERLY_MS = 10 * MINUTES;
/** Another's lock is waited for before it is called stuck. */
const LOCK_WAIT = '-lock-timeout=120s';

export interface TerraformPlace {
  readonly environment: Environment;
  readonly bucket: string;
  /** For what is installed in one cluster; the environment's infrastructure otherwise. */
  readonly region?: string;
  /** The root of the tree as an absolute path: Terraform is sent to another folder. */
  readonly tree: string;
}

export function terraformInit(place: TerraformPlace): CommandLine {
  const prefix = place.region === undefined ? 'infrastructure' : `clusters/${place.region}`;
  const backend = [`-backend-config=bucket=${place.bucket}`, `-backend-config=prefix=${place.environment}/${prefix}`];
  return terraform(place, 'init', ['-input=false', '-reconfigure', ...backend], 10 * MINUTES);
}

export function terraformPlan(place: TerraformPlace, destroy = false): CommandLine {
  const values = `-var-file=${absolute(place, settingsFile(place.environment))}`;
  const file = `-out=${absolute(place, planFile(place.environment))}`;
  return terraform(place, 'plan', ['-input=false', LOCK_WAIT, ...(destroy ? ['-destroy'] : []), values, file], 30 * MINUTES);
}

/** Exactly what was planned and seen. */
export function terraformApplyPlan(place: TerraformPlace): CommandLine {
  return terraform(place, 'apply', ['-input=false', LOCK_WAIT, absolute(place, planFile(place.environment))], 120 * MINUTES);
}

export function terraformShowPlan(place: TerraformPlace): CommandLine {
  return {
    ...terraform(place, 'show', ['-json', absolute(place, planFile(place.environment))], 5 * MINUTES),
    shown: false,
    secretOutput: true,
  };
}

export function terraformOutputs(place: TerraformPlace): CommandLine {
  return { ...terraform(place, 'output', ['-json'], 5 * MINUTES), shown: false };
}

/** Addresses of all that the state holds; nothing for an empty one. */
export function terraformStateList(place: TerraformPlace): CommandLine {
  return { ...terraform(place, 'state list', [], 5 * MINUTES), shown: false };
}

export function terraformCluster(place: TerraformPlace, verb: 'apply' | 'destroy', values: Readonly<Record<string, string>>): CommandLine {
  const given = Object.entries(values).map(([name, value]) => `-var=${name}=${value}`);
  return terraform(place, verb, ['-input=false', '-auto-approve', LOCK_WAIT, ...given], 45 * MINUTES);
}

/** @param command with the names that come before any option */
function terraform(place: TerraformPlace, command: string, args: readonly string[], timeoutMs: number): CommandLine {
  const root = place.region === undefined ? environmentRoot(place.environment) : CLUSTER_ROOT;
  const data = place.region === undefined ? workFolder(place.environment) : regionFolder(place.environment, place.region);
  return {
    command: 'terraform',
    args: [`-chdir=${root}`, ...command.split(' '), '-no-color', ...args],
    // One root serves many clusters: each has its own folder of what `init` fetched and of where its state is.
    env: { TF_DATA_DIR: absolute(place, `${data}/terraform`), TF_IN_AUTOMATION: '1' },
    timeoutMs,
    shown: true,
    orderlyMs: ORDERLY_MS,
  };
}

function absolute({ tree }: TerraformPlace, file: string): string {
  return `${tree}/${file}`;
}
