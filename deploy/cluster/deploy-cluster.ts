/** `make deploy-cluster`: look at everything, show the plan, ask once, do it, say what comes next. */
import { reasonOf } from '../tools/reason-of.ts';
import { adviceFor } from './advice.ts';
import { missing, stops, type Check, type Finding } from './checks/check.ts';
import { cloudChecks } from './checks/cloud-checks.ts';
import { dnsCheck } from './checks/dns-check.ts';
import { runChecks } from './checks/run-checks.ts';
import { toolChecks } from './checks/tool-checks.ts';
import { fileChecks } from './checks/file-checks.ts';
import { treeChecks } from './checks/tree-checks.ts';
import type { Hands } from './doing/hands.ts';
import { exactQuotas } from './doing/exact-quotas.ts';
import { runSteps } from './doing/run-steps.ts';
import { gather, type Gathered } from './gather.ts';
import { tagOf, type Known } from './known.ts';
import { nextSteps } from './next-steps.ts';
import { showSummary, type PlanSummary } from './plan-summary.ts';
import { preview } from './preview.ts';
import type { Request } from './request.ts';
import { showFindings, showMissing, showSteps } from './show-plan.ts';
import { planSteps } from './steps/plan-steps.ts';

/** @returns the exit code: 0 for done or only planned, 1 where something is missing or not agreed to. @throws StepFailure */
export async function deployCluster(request: Request, hands: Hands): Promise<number> {
  const { say } = hands.shop;
  const { environment } = request;
  const again = `make deploy-cluster ENV=${environment}`;
  say(
    `Deploys ${environment}: from a Google Cloud project to fleets behind the allocator. Undone by make destroy-cluster ENV=${environment}.`,
  );
  say('Looking at all that it needs; nothing is changed yet …');
  const gathered = await gather(request, hands.tree, hands.shop);
  const { known } = gathered;
  const first = await runChecks(deploymentChecks(gathered, hands), hands.shop);
  for (const line of showFindings(first)) say(line);
  const { seen, faults } = first.some(stops) ? { faults: [] } : await previewed(known, isFine(first, 'state bucket'), hands);
  // Terraform's plan tells to the node what may be needed.
  const findings =
    seen === undefined
      ? [...first, ...faults]
      : [...first.filter(({ about }) => !about.startsWith('quotas ')), ...(await exactQuotas(known, seen, hands))];
  const lacks = findings.some(stops);

  say('');
  say(`The plan, images as ${tagOf(known)}:`);
  for (const line of showSteps(planSteps(known, hands.tree), hands.tree)) say(line);
  say('');
  for (const line of showCost(seen, gathered.costOfDefaults)) say(line);
  for (const line of showMissing(findings)) say(line);
  if (request.planOnly) {
    say(lacks ? `This was only the plan. When nothing is missing: ${again}` : `This was only the plan. To do it: ${again}`);
    return 0;
  }
  if (seen === undefined || lacks) {
    say(`Nothing was changed. When nothing is missing: ${again}`);
    return 1;
  }
  if (!(await isAgreed(request, hands, again))) return 1;
  const done = await runSteps(
    { known, plan: planSteps, agreed: seen, goOn: `What is done stays done. To go on from there: ${again}` },
    hands,
  );
  for (const line of nextSteps(done)) say(line);
  return 0;
}

/** Terraform may say no to what every check let through: then that is what is missing. */
async function previewed(known: Known, hasState: boolean, hands: Hands): Promise<{ seen?: PlanSummary; faults: Finding[] }> {
  try {
    return { seen: await preview(known, hasState, hands), faults: [] };
  } catch (cause) {
    hands.shop.signal.throwIfAborted();
    const words = reasonOf(cause);
    const mend = adviceFor(words).join('; ');
    return { faults: [{ about: 'plan of Terraform', verdict: missing(words, mend === '' ? 'mend what it says' : mend) }] };
  }
}

function deploymentChecks({ known, tree, terraformVersion }: Gathered, hands: Hands): Check[] {
  return [
    ...toolChecks(terraformVersion, hands.shop),
    ...treeChecks(known, tree),
    ...fileChecks(known, tree, hands.tree),
    ...cloudChecks(known),
    dnsCheck(known, hands.nameServersOf),
  ];
}

function isFine(findings: readonly Finding[], about: string): boolean {
  return findings.some((finding) => finding.about === about && finding.verdict.is === 'fine');
}

/** Of what Terraform has planned; where it cannot plan, the note that the root keeps of its own defaults (`make cost-notes`). */
function showCost(seen: PlanSummary | undefined, ofDefaults: string | undefined): string[] {
  const lines = (text: string): string[] => text.split('\n').map((line) => `  ${line}`.trimEnd());
  if (seen?.costNote !== undefined) return [...showSummary(seen), 'Cost:', ...lines(seen.costNote), ''];
  const known = ofDefaults === undefined ? [] : ['Cost, for the environment’s default settings:', ...lines(ofDefaults)];
  if (seen !== undefined) return [...showSummary(seen), ...known, ''];
  const later = ofDefaults === undefined ? ', and what a month of it costs,' : ', and what a month of your own settings costs,';
  return [...known, `What Terraform would make${later} it tells when nothing is missing.`, ''];
}

/** Once for all of it. A machine says YES=1: silence is no consent. */
async function isAgreed(request: Request, hands: Hands, again: string): Promise<boolean> {
  if (request.yes) return true;
  const { say } = hands.shop;
  if (hands.ask === undefined) {
    say(`Nothing was changed: there is no terminal to ask at. To agree to this plan without one: ${again} YES=1`);
    return false;
  }
  const answer = await hands.ask(`Do all of this in ${request.environment}? Only yes does: `);
  if (answer.trim().toLowerCase() === 'yes') return true;
  say('Nothing was changed.');
  return false;
}
