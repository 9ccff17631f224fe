import assert from 'node:assert/strict';
import { runsIn, terraformBed } from './terraform-bed.ts';
import type { Runs } from './test-output.ts';

const GROUPS = [
  { title: 'the modules', root: 'environments/dev', promises: 'modules.tftest.hcl' },
  { title: 'the module of MongoDB', root: 'environments/dev', promises: 'mongo.tftest.hcl' },
  { title: 'what is installed into a cluster', root: 'cluster', promises: 'cluster.tftest.hcl' },
  { title: 'prod', root: 'environments/prod', promises: 'refusals.tftest.hcl' },
] as const;

for (const { title, root, promises } of GROUPS) {
  describe(`terraform: ${title}`, function () {
    // A first run builds the schema server, and Terraform where there is none.
    this.timeout(900_000);
    let ended: Runs;
    before(async () => {
      ended = await (await terraformBed()).copy(promises.replace('.tftest.hcl', '')).test(root, promises);
    });

    for (const run of runsIn(promises)) {
      it(run.replaceAll('_', ' '), () => {
        const faults = ended.faults.filter((fault) => fault.startsWith(`${run}:`) || fault.startsWith(':'));
        assert.equal(ended.runs.get(run)?.status, 'pass', faults.join('\n'));
      });
    }
  });
}

describe('terraform: what is installed into a cluster', function () {
  this.timeout(900_000);
  it('is a configuration that Terraform calls valid', async () => {
    const copy = (await terraformBed()).copy('cluster-valid');
    const init = await copy.run('cluster', 'init', '-backend=false', '-input=false', '-no-color');
    assert.equal(init.code, 0, init.said);
    const valid = await copy.run('cluster', 'validate', '-no-color');
    assert.equal(valid.code, 0, valid.said);
  });
});
