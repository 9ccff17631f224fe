/** Terraform's own plan, before anything is changed: what a person agrees to. */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CommandLine } from './command-line.ts';
import type { Hands } from './doing/hands.ts';
import { mustRunLine } from './doing/run-line.ts';
import type { Known } from './known.ts';
import { environmentRoot, workFolder } from './paths.ts';
import { summarisePlan, type PlanSummary } from './plan-summary.ts';
import { infrastructurePlace } from './steps/infrastructure-steps.ts';
import { terraformInit, terraformPlan, terraformShowPlan } from './steps/terraform-commands.ts';

/** A backend block of its own wins over the one in the root. */
const NO_BACKEND = 'terraform {\n  backend "local" {}\n}\n';

/** @param hasState the bucket with the state is there; without it everything is new, and a copy of the roots is planned with no state. */
export async function preview(known: Known, hasState: boolean, hands: Hands): Promise<PlanSummary> {
  const place = infrastructurePlace(known, hands.tree);
  await mkdir(path.join(hands.tree, workFolder(known.request.environment)), { recursive: true, mode: 0o700 });
  if (hasState) {
    await mustRunLine(terraformInit(place), hands);
    await mustRunLine(terraformPlan(place), hands);
    return summarisePlan(await mustRunLine(terraformShowPlan(place), hands));
  }
  const copy = `${workFolder(known.request.environment)}/preview`;
  const root = `${copy}/${environmentRoot(known.request.environment)}`;
  await rm(path.join(hands.tree, copy), { recursive: true, force: true });
  const isOurs = (source: string): boolean => path.basename(source) !== '.terraform';
  await cp(path.join(hands.tree, 'terraform'), path.join(hands.tree, copy, 'terraform'), { recursive: true, filter: isOurs });
  await writeFile(path.join(hands.tree, root, 'backend_override.tf'), NO_BACKEND);
  const inCopy = (line: CommandLine): CommandLine => ({ ...line, args: [`-chdir=${root}`, ...line.args.slice(1)] });
  const init = terraformInit(place);
  await mustRunLine(inCopy({ ...init, args: init.args.filter((arg) => !arg.startsWith('-backend-config=')) }), hands);
  await mustRunLine(inCopy(terraformPlan(place)), hands);
  return summarisePlan(await mustRunLine(inCopy(terraformShowPlan(place)), hands));
}
