import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { checkovPart } from '../../local/parts/checkov-part.ts';
import { obtainParts } from '../../local/parts/obtain-parts.ts';
import { testStack } from '../../local/testing.ts';
import { terraformBed } from './terraform-bed.ts';

const Check = z.object({ check_id: z.string(), check_name: z.string(), file_path: z.string(), resource: z.string() });
type Check = z.infer<typeof Check>;
const Report = z.object({
  summary: z.object({ passed: z.number(), parsing_errors: z.number() }),
  results: z.object({ passed_checks: z.array(Check), failed_checks: z.array(Check) }),
});

/** Both in one run: most of what checkov costs is its start. Prod has every module but what is installed into clusters. */
const ROOTS = `
module "environment" {
  source = "../environments/prod"
}

module "cluster" {
  source = "../cluster"
}
`;
/** Of helm's releases checkov knows nothing; these are what is asked of them. */
const OWN_CHECKS = path.join(import.meta.dirname, 'checkov');

describe('terraform: checkov', function () {
  // A first run installs it.
  this.timeout(900_000);
  let passed: readonly Check[];
  let failed: readonly Check[];

  before(async () => {
    const { around } = await testStack();
    const [checkov = ''] = await obtainParts([checkovPart], around);
    const { folder } = (await terraformBed()).copy('checkov');
    mkdirSync(path.join(folder, 'judged'));
    writeFileSync(path.join(folder, 'judged', 'main.tf'), ROOTS);
    const what = ['-d', 'judged', '--framework', 'terraform', '--external-checks-dir', OWN_CHECKS];
    const how = ['--compact', '--skip-download', '--soft-fail', '-o', 'json'];
    const { stdout } = await promisify(execFile)(checkov, [...what, ...how], {
      cwd: folder,
      maxBuffer: 64 * 1024 * 1024,
      // What a `for_each` makes is looked at once: its members differ in numbers and names.
      env: {
        ...process.env,
        LOG_LEVEL: 'ERROR',
        CHECKOV_ENABLE_FOREACH_HANDLING: 'False',
        CHECKOV_ENABLE_MODULES_FOREACH_HANDLING: 'False',
      },
    });
    const { summary, results } = Report.parse(JSON.parse(stdout));
    assert.equal(summary.parsing_errors, 0);
    ({ passed_checks: passed, failed_checks: failed } = results);
  });

  it('finds nothing in prod that is not excused where it stands', () => {
    const checks = passed.filter(({ resource }) => resource.startsWith('module.environment.'));
    assert.ok(checks.length > 50, `only ${checks.length} checks were made`);
    assert.deepEqual(told(failed, 'module.environment.'), []);
  });

  it('finds nothing in what is installed into a cluster, by the checks that stand beside this test', () => {
    const releases = ['module.cluster.module.agones.helm_release.agones', 'module.cluster.helm_release.namespaces'];
    for (const release of [...releases, 'module.cluster.helm_release.cert_manager', 'module.cluster.helm_release.external_secrets']) {
      const made = passed.filter(({ resource }) => resource === release).map((each) => each.check_id);
      assert.deepEqual(made.toSorted(), ['CKV2_LIFEVERSE_1', 'CKV2_LIFEVERSE_2', 'CKV2_LIFEVERSE_3'], release);
    }
    assert.deepEqual(told(failed, 'module.cluster.'), []);
  });
});

function told(checks: readonly Check[], within: string): string[] {
  return checks
    .filter(({ resource }) => resource.startsWith(within))
    .map((each) => `${each.check_id} ${each.check_name}: ${each.resource} (${each.file_path})`);
}
