import assert from 'node:assert/strict';
import { ENVIRONMENT_VALUES } from './plan-environment.ts';
import { runsIn, terraformBed } from './terraform-bed.ts';
import type { Runs } from './test-output.ts';

interface Group {
  readonly title: string;
  readonly root: string;
  readonly promises: string;
  readonly values?: string;
}

const GROUPS: readonly Group[] = [
  { title: 'the modules', root: 'environments/dev', promises: 'modules.tftest.hcl' },
  { title: 'the module of MongoDB', root: 'environments/dev', promises: 'mongo.tftest.hcl' },
  { title: 'the module of Agones', root: 'cluster', promises: 'agones.tftest.hcl' },
  { title: 'prod', root: 'environments/prod', promises: 'refusals.tftest.hcl', values: ENVIRONMENT_VALUES },
];

for (const { title, root, promises, values } of GROUPS) {
  describe(`terraform: ${title}`, function () {
    // A first run builds the schema server, and Terraform where there is none.
    this.timeout(900_000);
    let ended: Runs;
    before(async () => {
      ended = await (await terraformBed()).copy(promises.replace('.tftest.hcl', '')).test(root, promises, values);
    });

    for (const run of runsIn(promises)) {
      it(run.replaceAll('_', ' '), () => {
        const faults = ended.faults.filter((fault) => fault.startsWith(`${run}:`) || fault.startsWith(':'));
        assert.equal(ended.runs.get(run)?.status, 'pass', faults.join('\n'));
      });
    }
  });
}
