import assert from 'node:assert/strict';
import { runsIn, terraformBed } from './terraform-bed.ts';
import type { Runs } from './test-output.ts';

/** By the file of their run blocks, and the root that has the providers they need. */
const GROUPS = [
  { title: 'the modules', root: 'environments/dev', promises: 'modules.tftest.hcl', test: 'test' },
  { title: 'the module of MongoDB', root: 'environments/dev', promises: 'mongo.tftest.hcl', test: 'test' },
  { title: 'the module of Agones', root: 'cluster', promises: 'agones.tftest.hcl', test: 'test' },
  { title: 'prod', root: 'environments/prod', promises: 'refusals.tftest.hcl', test: 'testEnvironment' },
] as const;

for (const { title, root, promises, test } of GROUPS) {
  describe(`terraform: ${title}`, function () {
    // A first run builds the schema server, and Terraform where there is none.
    this.timeout(900_000);
    let ended: Runs;
    before(async () => {
      const copy = (await terraformBed()).copy(promises.replace('.tftest.hcl', ''));
      ended = await copy[test](root, promises);
    });

    for (const run of runsIn(promises)) {
      it(run.replaceAll('_', ' '), () => {
        const faults = ended.faults.filter((fault) => fault.startsWith(`${run}:`) || fault.startsWith(':'));
        assert.equal(ended.runs.get(run)?.status, 'pass', faults.join('\n'));
      });
    }
  });
}
