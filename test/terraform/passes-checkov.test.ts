import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { checkovPart } from '../../local/parts/checkov-part.ts';
import { obtainParts } from '../../local/parts/obtain-parts.ts';
import { testStack } from '../../local/testing.ts';
import { terraformBed } from './terraform-bed.ts';

const Check = z.object({ check_id: z.string(), check_name: z.string(), file_path: z.string(), resource: z.string() });
const Report = z.object({
  summary: z.object({ passed: z.number(), parsing_errors: z.number() }),
  results: z.object({ failed_checks: z.array(Check) }),
});

describe('terraform: checkov', function () {
  // A first run installs it.
  this.timeout(900_000);

  // Prod has every module but what is installed into clusters, of which checkov knows nothing.
  it('finds nothing in prod that is not excused where it stands', async () => {
    const { around } = await testStack();
    const [checkov = ''] = await obtainParts([checkovPart], around);
    const { folder } = (await terraformBed()).copy('checkov');
    const args = [
      '-d',
      'environments/prod',
      '--framework',
      'terraform',
      '--quiet',
      '--compact',
      '--skip-download',
      '--soft-fail',
      '-o',
      'json',
    ];
    const { stdout } = await promisify(execFile)(checkov, args, {
      cwd: folder,
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, LOG_LEVEL: 'ERROR' },
    });
    const { summary, results } = Report.parse(JSON.parse(stdout));
    assert.equal(summary.parsing_errors, 0);
    assert.ok(summary.passed > 50, `only ${summary.passed} checks were made`);
    const failed = results.failed_checks.map((each) => `${each.check_id} ${each.check_name}: ${each.resource} (${each.file_path})`);
    assert.deepEqual(failed, []);
  });
});
