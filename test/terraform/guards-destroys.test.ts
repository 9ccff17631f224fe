import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { terraformBed, type Ended } from './terraform-bed.ts';

/** The guard as it is, over one thing in place of all the modules, without any cloud. */
const AROUND = `
variable "protected" {
  type = bool
}
locals {
  name = "lifeverse-test"
}
resource "terraform_data" "kept" {
  input = "data"
}
`;

describe('terraform: the guard of a protected environment', function () {
  // A first run builds the schema server, and Terraform where there is none.
  this.timeout(900_000);
  let run: (...args: string[]) => Promise<Ended>;

  before(async () => {
    const copy = (await terraformBed()).copy('guard');
    const guard = readFileSync(path.join(copy.folder, 'modules/environment/guard.tf'), 'utf8');
    mkdirSync(path.join(copy.folder, 'guarded'));
    const overOneThing = guard.replace(/depends_on = \[[^\]]*\]/, 'depends_on = [terraform_data.kept]');
    assert.notEqual(overOneThing, guard);
    writeFileSync(path.join(copy.folder, 'guarded', 'main.tf'), `${overOneThing}${AROUND}`);
    run = (...args) => copy.run('guarded', ...args, '-no-color', '-input=false');
    const init = await run('init');
    assert.equal(init.code, 0, init.said);
    const apply = await run('apply', '-auto-approve', '-var=protected=true');
    assert.equal(apply.code, 0, apply.said);
  });

  it('stops a destroy before anything is touched', async () => {
    const destroy = await run('destroy', '-auto-approve', '-var=protected=true');
    assert.notEqual(destroy.code, 0, destroy.said);
    assert.match(destroy.said, /lifeverse-test is protected: apply it with protected = false first/);
    assert.doesNotMatch(destroy.said, /terraform_data\.kept: Destr/);
  });

  it('is not talked round by a variable that was never applied', async () => {
    const destroy = await run('destroy', '-auto-approve', '-var=protected=false');
    assert.notEqual(destroy.code, 0, destroy.said);
  });

  it('lets a destroy through once the protection was taken off', async () => {
    const apply = await run('apply', '-auto-approve', '-var=protected=false');
    assert.equal(apply.code, 0, apply.said);
    const destroy = await run('destroy', '-auto-approve', '-var=protected=false');
    assert.equal(destroy.code, 0, destroy.said);
  });

  it('depends on every module and resource of an environment', () => {
    const folder = path.join(import.meta.dirname, '..', '..', 'terraform', 'modules', 'environment');
    const texts = ['main', 'accounts', 'secrets', 'fleet'].map((name) => readFileSync(path.join(folder, `${name}.tf`), 'utf8')).join('\n');
    const guard = readFileSync(path.join(folder, 'guard.tf'), 'utf8');
    const made = [
      ...[...texts.matchAll(/^module "(\w+)"/gm)].map(([, name]) => `module.${name}`),
      ...[...texts.matchAll(/^resource "(\w+)" "(\w+)"/gm)].map(([, type, name]) => `${type}.${name}`),
    ];
    assert.ok(made.length > 20);
    for (const each of made) assert.match(guard, new RegExp(`\\b${each.replaceAll('.', '\\.')}\\b`), each);
  });
});
