/**
 * `node deploy/images/bundle/main.ts PROGRAM FOLDER`: what an image of this tree holds, but for its base and Node. Run by
 * the Dockerfiles of `fleets/images`.
 *
 *   FOLDER/main.mjs …             the program
 *   FOLDER/sbom.cdx.json          what is in it
 *   FOLDER/THIRD-PARTY-LICENSES   the texts that go with it
 */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundle } from './bundle.ts';
import { billOf, NpmBill } from './bill-of-materials.ts';
import { licenseTexts, packageText } from './package-texts.ts';
import { PROGRAMS, type ProgramName } from './programs.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
// All that the lock file names: with --omit=dev npm also leaves out what a package for development needs too.
const NPM_BILL = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];

async function make(name: ProgramName, into: string): Promise<string> {
  const { script, packages } = await bundle(ROOT, name, into);
  const texts = await Promise.all(packages.map((folder) => packageText(ROOT, folder)));
  const said: unknown = JSON.parse(execFileSync('npm', NPM_BILL, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }));
  const delivered = { name, packages: [...new Set(texts.map(({ id }) => id))], node: process.versions.node };
  await writeFile(path.join(into, 'sbom.cdx.json'), `${JSON.stringify(billOf(NpmBill.parse(said), delivered), null, 1)}\n`);
  await writeFile(path.join(into, 'THIRD-PARTY-LICENSES'), licenseTexts(texts));
  return `${name}: ${script}, with ${delivered.packages.length} packages\n`;
}

const [name = '', into = ''] = process.argv.slice(2);
if (Object.hasOwn(PROGRAMS, name) && into !== '') {
  process.stdout.write(await make(name as ProgramName, path.resolve(into)));
} else {
  process.stderr.write(`Usage: node deploy/images/bundle/main.ts ${Object.keys(PROGRAMS).join('|')} FOLDER\n`);
  process.exitCode = 2;
}
