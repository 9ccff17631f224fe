/** Does one step. What it learns is added to what is known. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stops } from '../checks/check.ts';
import { exactQuotas } from './exact-quotas.ts';
import { showMissing } from '../show-plan.ts';
import type { Known } from '../known.ts';
import { parseOutputs } from '../outputs.ts';
import { notAgreedTo, summarisePlan, type PlanSummary } from '../plan-summary.ts';
import { clearLeftovers } from '../leftovers/clear-leftovers.ts';
import { runSmoke } from '../smoke/run-smoke.ts';
import type { Action } from '../steps/step.ts';
import type { Hands } from './hands.ts';
import { makeImages } from './make-images.ts';
import { mustRunLine } from './run-line.ts';
import { waitUntilSo } from './wait-until-so.ts';

/** @param agreed what was seen when the deployment was agreed to. @throws with the reason. */
export async function doStep(action: Action, known: Known, agreed: PlanSummary, hands: Hands): Promise<Known> {
  switch (action.kind) {
    case 'run':
      for (const line of action.commands) await mustRunLine(line, hands);
      return known;
    case 'each': {
      const printed = (await mustRunLine(action.list, hands)).split('\n').filter((line) => line !== '');
      const lines = action.only?.filter((line) => printed.includes(line)) ?? printed;
      for (const line of lines) await mustRunLine({ ...action.command, args: [...action.command.args, line] }, hands);
      return known;
    }
    case 'leftovers':
      await clearLeftovers(action.own, action.hasClusters, hands);
      return known;
    case 'write':
      for (const [file, content] of Object.entries(action.files)) await writeWhole(path.join(hands.tree, file), content);
      return known;
    case 'infrastructure':
      await applyWhatWasAgreedTo(action, agreed, hands);
      return known;
    case 'read-outputs':
      return withOutputs(known, await mustRunLine(action.command, hands));
    case 'read-authority': {
      const [wait, read] = action.commands;
      await mustRunLine(wait, hands);
      const authority = (await mustRunLine(read, hands)).trim();
      if (!/^[A-Za-z0-9+/]+=*$/.test(authority)) throw new Error('the secret holds no certificate');
      return { ...known, authorities: { ...known.authorities, [action.region]: authority } };
    }
    case 'images':
      return { ...known, images: await makeImages(action, hands) };
    case 'secret':
      await mustRunLine(action.command, hands, hands.randomBytes(action.bytes).toString('base64'));
      return known;
    case 'check-quotas': {
      const findings = await exactQuotas(known, agreed, hands);
      if (findings.some((finding) => stops(finding) || finding.verdict.is === 'later')) throw new Error(showMissing(findings).join('\n'));
      return known;
    }
    case 'wait':
      await waitUntilSo(action.until, hands);
      return known;
    case 'smoke':
      await runSmoke(known, hands);
      return known;
  }
}

/** Between the plan that was seen and this one someone may have changed something: what would go now and was not told stops it. */
async function applyWhatWasAgreedTo(action: Action & { kind: 'infrastructure' }, agreed: PlanSummary, hands: Hands): Promise<void> {
  const [init, plan, show, apply] = action.commands;
  await mustRunLine(init, hands);
  await mustRunLine(plan, hands);
  const strange = notAgreedTo(summarisePlan(await mustRunLine(show, hands)), agreed);
  if (strange.length > 0) throw new Error(`Terraform would now take away what it would not when you agreed:\n  ${strange.join('\n  ')}`);
  await mustRunLine(apply, hands);
}

/** @throws where the infrastructure and the manifests speak of other regions. */
function withOutputs(known: Known, text: string): Known {
  const outputs = parseOutputs(text);
  if (outputs === undefined) throw new Error('Terraform’s state has no outputs: the infrastructure is not applied');
  const { regions } = known;
  const faults = [
    ...Object.keys(outputs.regions)
      .filter((name) => !regions.some((region) => region.name === name))
      .map((name) => `${name} has a cluster and no folder of manifests`),
    ...regions
      .filter(({ name }) => outputs.regions[name] === undefined)
      .map(({ name }) => `${name} has a folder of manifests and no cluster`),
    ...regions
      .filter(({ name, services }) => outputs.regions[name]?.services === true && !services)
      .map(({ name }) => `${name} is to have services, and has no manifests of them`),
  ];
  if (faults.length > 0) throw new Error(`the regions of terraform/ and fleets/ differ:\n  ${faults.join('\n  ')}`);
  // Terraform has the last word on where services run: manifests may be there before they do.
  return {
    ...known,
    outputs,
    regions: regions.map((region) => ({ ...region, services: outputs.regions[region.name]?.services === true })),
  };
}

async function writeWhole(file: string, content: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, content, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
