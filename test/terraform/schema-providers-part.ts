/**
 * A folder of providers for Terraform that know their schemas and nothing else (`schema-server/`): a part like the others, keyed by the
 * packages' versions and by what reads and serves them. The packages are taken apart in the scratch folder and none of them is kept.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { digestOfFiles } from '../../local/parts/digest-of-files.ts';
import { GO } from '../../local/parts/go-module-files.ts';
import type { Part, Workbench } from '../../local/parts/part.ts';
import { runCommand } from '../../local/parts/run-command.ts';
import { addTo } from './schema/additions.ts';
import { extractSchema } from './schema/extract-schema.ts';
import { PROVIDER_PACKAGES, type ProviderPackage } from './schema/provider-packages.ts';

const NPM = { command: 'npm', howToGet: 'npm, which comes with Node.js' };
const TAR = { command: 'tar', howToGet: 'tar: apt-get install tar' };
/** OpenTofu looks for the same providers under a registry of its own. */
const REGISTRIES = ['registry.terraform.io', 'registry.opentofu.org'];

/** Its file is the schema server; the mirror stands beside it, see `mirrorOf`. */
export function schemaProvidersPart(): Part {
  const folder = `terraform-schemas-${digest()}`;
  return {
    title: 'Terraform provider schemas',
    cacheFile: `${folder}/schema-server`,
    find: () => Promise.resolve(undefined),
    recipes: [{ what: 'npm pack, go build', expectedSeconds: 60, toolchains: [GO, NPM, TAR], make: (bench) => make(bench, folder) }],
  };
}

/** The filesystem mirror that belongs to a schema server. */
export function mirrorOf(schemaServer: string): string {
  return path.join(path.dirname(schemaServer), 'mirror');
}

async function make(bench: Workbench, folder: string): Promise<string> {
  const server = path.join(bench.scratch, 'schema-server');
  const mirror = path.join(bench.scratch, 'mirror');
  const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', server, '.'];
  const cwd = path.join(import.meta.dirname, 'schema-server');
  await runCommand({ command: 'go', args, cwd, env: { ...bench.env, GOWORK: 'off' } }, bench.logFile, bench.signal);
  for (const each of PROVIDER_PACKAGES) await addToMirror(each, server, mirror, bench);
  const kept = path.join(bench.cache, folder, 'mirror');
  await rm(kept, { recursive: true, force: true });
  await rename(mirror, kept);
  return server;
}

async function addToMirror(each: ProviderPackage, server: string, mirror: string, bench: Workbench): Promise<void> {
  const lib = await unpack(each, bench);
  const schema = JSON.stringify(addTo(extractSchema(lib, each), each.name));
  await rm(path.dirname(path.dirname(lib)), { recursive: true });
  for (const registry of REGISTRIES) {
    const version = each.servedAs ?? each.version;
    const target = path.join(mirror, registry, each.source, version, platform());
    await mkdir(target, { recursive: true });
    const program = path.join(target, `terraform-provider-${each.name}_v${version}`);
    // One file in as many places: it is 15 MB.
    await link(server, program).catch(() => copyFile(server, program));
    await writeFile(path.join(target, 'schema.json'), schema);
  }
}

async function unpack({ name, npm, version }: ProviderPackage, bench: Workbench): Promise<string> {
  const target = path.join(bench.scratch, name);
  await mkdir(target);
  const run = (command: string, ...args: string[]) =>
    runCommand({ command, args, cwd: target, env: bench.env }, bench.logFile, bench.signal);
  await run('npm', 'pack', '--silent', npm);
  const [archive] = readdirSync(target).filter((file) => file.endsWith('.tgz'));
  if (archive === undefined) throw new Error(`npm has packed nothing of ${npm}`);
  await run('tar', 'xzf', archive);
  const lib = path.join(target, 'package', 'lib');
  const told = /providerVersion: '([^']+)'/.exec(readFileSync(path.join(lib, 'provider', 'index.js'), 'utf8'))?.[1];
  if (told !== version) throw new Error(`${npm} is of the provider's version ${told ?? 'unknown'}, not ${version}`);
  return lib;
}

function platform(): string {
  return `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
}

function digest(): string {
  const files = ['schema', 'schema-server'].flatMap((folder) =>
    readdirSync(path.join(import.meta.dirname, folder)).map((file) => path.join(folder, file)),
  );
  return digestOfFiles(import.meta.dirname, files).slice(0, 12);
}
