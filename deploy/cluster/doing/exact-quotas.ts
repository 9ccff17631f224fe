/** The quotas again, when Terraform's plan tells what is needed. */
import type { Finding } from '../checks/check.ts';
import { quotaChecks } from '../checks/quota-checks.ts';
import { runChecks } from '../checks/run-checks.ts';
import type { Known } from '../known.ts';
import type { PlanSummary } from '../plan-summary.ts';
import type { Hands } from './hands.ts';

export async function exactQuotas(known: Known, { needs }: PlanSummary, hands: Hands): Promise<Finding[]> {
  const checks = quotaChecks(known, needs).map((check) => ({ ...check, needs: [] }));
  return runChecks(checks, hands.shop);
}
