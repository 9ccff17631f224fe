/**
 * Terraform on copies of terraform/, so that nothing is left in the tree (a lock file of what stands in for the providers, say), with
 * providers from the schema server's mirror, or, with TERRAFORM_REAL_PROVIDERS set, from the registry.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { obtainParts } from '../../local/parts/obtain-parts.ts';
import { terraformPart } from '../../local/parts/terraform-part.ts';
import { testStack } from '../../local/testing.ts';
import { parseRuns, type Runs } from './test-output.ts';
import { mirrorOf, schemaProvidersPart } from './schema-providers-part.ts';
import { writeUsedMirror } from './used-mirror.ts';

const TREE = path.join(import.meta.dirname, '..', '..', 'terraform');
const PROMISES = path.join(import.meta.dirname, 'promises');
const ENVIRONMENT_MOCKS = 'environment-mocks.tftest.hcl';
/** What every environment asks for. */
const ENVIRONMENT_VALUES = 'environment.tfvars.json';
/** Each loads the schemas and plans on a core of its own. */
const AT_ONCE = 2;

export interface TerraformBed {
  /** A copy of terraform/, changed where a change is given: file → what is to stand in it. */
  copy(name: string, change?: Readonly<Record<string, (text: string) => string>>): TerraformCopy;
}

export interface TerraformCopy {
  readonly folder: string;
  run(root: string, ...args: string[]): Promise<Ended>;
  /** Runs a file of `promises/` in a root, after its init. */
  test(root: string, promises: string): Promise<Runs>;
  /** The same for a whole environment: with what its files of run blocks have in common. */
  testEnvironment(root: string, promises: string): Promise<Runs>;
}

export interface Ended {
  readonly code: number | null;
  readonly said: string;
}

export const terraformBed = memoised(async (): Promise<TerraformBed> => {
  const { folder, around } = await testStack();
  const [terraform = '', server = ''] = await obtainParts([terraformPart, schemaProvidersPart()], around);
  const config = path.join(folder, 'terraform.rc');
  const isReal = (process.env['TERRAFORM_REAL_PROVIDERS'] ?? '') !== '';
  const mirror = path.join(folder, 'terraform-mirror');
  if (!isReal) writeUsedMirror(mirrorOf(server), mirror, TREE);
  writeFileSync(config, isReal ? '' : `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`);
  const env = {
    ...process.env,
    TF_CLI_CONFIG_FILE: config,
    CHECKPOINT_DISABLE: '1',
    TF_IN_AUTOMATION: '1',
    // Programs of a second or two: a fifth of their work is collecting what they will never run out of.
    GOGC: process.env['GOGC'] ?? '400',
  };
  const slots = slotsOf(AT_ONCE);

  return {
    copy(name, change = {}) {
      const copied = path.join(folder, `terraform-${name}`);
      cpSync(TREE, copied, { recursive: true, filter: (file) => !/\/\.terraform(\/|$)|\.terraform\.lock\.hcl$|\.tfvars$/.test(file) });
      for (const [file, mutate] of Object.entries(change)) {
        const whole = path.join(copied, file);
        const before = readFileSync(whole, 'utf8');
        const after = mutate(before);
        if (after === before) throw new Error(`${file} is not changed: the line that a mutation looks for has moved`);
        writeFileSync(whole, after);
      }
      const run = (root: string, ...args: string[]) => slots(() => ended(terraform, args, path.join(copied, root), env));
      const test = async (root: string, promises: string, text: string, ...given: readonly string[]): Promise<Runs> => {
        mkdirSync(path.join(copied, root, 'tests'), { recursive: true });
        writeFileSync(path.join(copied, root, 'tests', promises), text);
        const init = await run(root, 'init', '-backend=false', '-input=false', '-no-color');
        if (init.code !== 0) throw new Error(init.said);
        const { said } = await run(root, 'test', '-json', '-verbose', `-filter=tests/${promises}`, ...given);
        return parseRuns(said);
      };
      return {
        folder: copied,
        run,
        test: (root, promises) => test(root, promises, textOf(promises)),
        testEnvironment: (root, promises) =>
          test(root, promises, `${textOf(ENVIRONMENT_MOCKS)}\n${textOf(promises)}`, `-var-file=${path.join(PROMISES, ENVIRONMENT_VALUES)}`),
      };
    },
  };
});

/** The run blocks of a file in `promises/`, for mocha to name before anything has run. */
export function runsIn(promises: string): string[] {
  return [...textOf(promises).matchAll(/^run "([^"]+)"/gm)].map(([, name = '']) => name);
}

function textOf(promises: string): string {
  return readFileSync(path.join(PROMISES, promises), 'utf8');
}

async function ended(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

/** @returns a way to do at most so many things at a time, in the order in which they were asked for. */
function slotsOf(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}

function memoised<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
