import assert from 'node:assert/strict';
import type { TerraformCopy } from './terraform-bed.ts';
import type { Plan } from './test-output.ts';

/** The plan of an environment with its default settings. @throws with all that Terraform finds wrong. */
export async function planEnvironment(copy: TerraformCopy, environment: string): Promise<Plan> {
  const { runs, faults } = await copy.testEnvironment(`environments/${environment}`, 'environment.tftest.hcl');
  const plan = runs.get('plan')?.plan;
  assert.ok(plan !== undefined && faults.length === 0, `${environment}: ${faults.join('\n')}`);
  return plan;
}
