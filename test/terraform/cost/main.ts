/** Writes every environment's `COST.txt` from its plan, whose providers are mocked: no cloud is asked. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stopTestParts } from '../../../local/testing.ts';
import { planEnvironment } from '../plan-environment.ts';
import { terraformBed } from '../terraform-bed.ts';
import { costFile, costText } from './cost-file.ts';

try {
  const copy = (await terraformBed()).copy('cost');
  for (const environment of ['dev', 'staging', 'prod']) {
    const plan = await planEnvironment(copy, environment);
    const file = costFile(environment);
    writeFileSync(file, costText(String(plan.output_changes['cost_note']?.after)));
    process.stdout.write(`${path.relative(process.cwd(), file)}\n`);
  }
} finally {
  await stopTestParts();
}
