import assert from 'node:assert/strict';
import { globSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { terraformBed } from './terraform-bed.ts';

const TREE = path.join(import.meta.dirname, '..', '..', 'terraform');
const ENVIRONMENTS = ['dev', 'staging', 'prod'];
const ROOTS = ['cluster', ...ENVIRONMENTS.map((name) => `environments/${name}`)];
/** Blocks of these kinds, with what stands in them. */
const BLOCK = /^(variable|output) "(\w+)" \{\n([\s\S]*?)^\}/gm;

describe('terraform: the tree', function () {
  // A first run builds the schema server, and Terraform where there is none.
  this.timeout(900_000);
  it('is formatted', async () => {
    const copy = (await terraformBed()).copy('fmt');
    for (const where of ['.', path.join(import.meta.dirname, 'promises')]) {
      const ended = await copy.run('.', 'fmt', '-check', '-recursive', '-diff', where);
      assert.equal(ended.code, 0, ended.said);
    }
  });

  it('has no module that no environment and no cluster uses', () => {
    const roots = [...ROOTS, ...modulesIn(TREE).map((name) => `modules/${name}`)];
    const used = new Set(roots.flatMap((root) => usedBy(path.join(TREE, root))));
    assert.deepEqual(
      modulesIn(TREE).filter((name) => !used.has(name)),
      [],
    );
  });

  it('says of every variable and output what it is, and of every variable its type', () => {
    const blocks = globSync('**/*.tf', { cwd: TREE }).flatMap((file) =>
      [...readFileSync(path.join(TREE, file), 'utf8').matchAll(BLOCK)].map(([, kind = '', name = '', body = '']) => ({
        file,
        kind,
        name,
        body,
      })),
    );
    assert.ok(blocks.length > 200, String(blocks.length));
    const wanting = blocks.filter(
      ({ kind, body }) => !/^ {2}description +=/m.test(body) || (kind === 'variable' && !/^ {2}type +=/m.test(body)),
    );
    assert.deepEqual(
      wanting.map(({ file, kind, name }) => `${file}: ${kind} ${name}`),
      [],
    );
  });

  it('gives the same outputs from every environment, which have the same providers', () => {
    for (const file of ['outputs.tf', 'versions.tf']) {
      const texts = ENVIRONMENTS.map((name) => readFileSync(path.join(TREE, 'environments', name, file), 'utf8'));
      assert.equal(new Set(texts).size, 1, file);
    }
  });

  it('asks for nothing in one environment by a name that means something else in another', () => {
    const variables = ENVIRONMENTS.flatMap((name) => {
      const text = readFileSync(path.join(TREE, 'environments', name, 'variables.tf'), 'utf8');
      return [...text.matchAll(BLOCK)].map(
        ([, , variable = '', body = '']) => [variable, /^ {2}type += ([\s\S]*?)(?=^ {2}\w|$(?![\s\S]))/m.exec(body)?.[1]] as const,
      );
    });
    const types = new Map(variables);
    for (const [name, type] of variables) assert.equal(type, types.get(name), name);
  });

  it('keeps the state of every root in a bucket, which locks it', () => {
    for (const root of ROOTS) assert.match(readFileSync(path.join(TREE, root, 'versions.tf'), 'utf8'), /^ {2}backend "gcs" \{\}$/m, root);
  });
});

function modulesIn(tree: string): string[] {
  return readdirSync(path.join(tree, 'modules'));
}

function usedBy(folder: string): string[] {
  const texts = readdirSync(folder)
    .filter((file) => file.endsWith('.tf'))
    .map((file) => readFileSync(path.join(folder, file), 'utf8'));
  return texts.flatMap((text) => [...text.matchAll(/source += "(?:\.\.\/)+(?:modules\/)?([a-z-]+)"/g)].map(([, name = '']) => name));
}
