/** `make destroy-cluster`: shows what goes, is told by name to do it where it is prod, and does it. */
import { stops, type Check } from './checks/check.ts';
import { cloudChecks } from './checks/cloud-checks.ts';
import { runChecks } from './checks/run-checks.ts';
import { toolChecks } from './checks/tool-checks.ts';
import { fileChecks } from './checks/file-checks.ts';
import { treeChecks } from './checks/tree-checks.ts';
import type { Hands } from './doing/hands.ts';
import { mustRunLine } from './doing/run-line.ts';
import { lookFirst, runSteps } from './doing/run-steps.ts';
import { gather, type Gathered } from './gather.ts';
import type { Known } from './known.ts';
import { showThing, type Leftovers } from './leftovers/leftovers-of.ts';
import { lookForLeftovers } from './leftovers/look-for-leftovers.ts';
import { showSummary, summarisePlan } from './plan-summary.ts';
import type { Request } from './request.ts';
import { showFindings, showMissing, showSteps } from './show-plan.ts';
import { stateBucket } from './state-bucket.ts';
import { whatStands, type Standing } from './standing.ts';
import { ownNames, planDestroy } from './steps/destroy-steps.ts';
import { infrastructurePlace } from './steps/infrastructure-steps.ts';
import type { Step } from './steps/step.ts';
import { terraformPlan, terraformShowPlan } from './steps/terraform-commands.ts';

/** What taking away does not need. */
const NOT_NEEDED = /^(docker, podman or buildah|commit|pins of .*|regions|billing|APIs|quotas in .*)$/;

/** @returns the exit code. @throws StepFailure */
export async function destroyCluster(request: Request, hands: Hands): Promise<number> {
  const { say } = hands.shop;
  const { environment } = request;
  const again = `make destroy-cluster ENV=${environment}`;
  say(`Destroys ${environment}: its clusters, sessions and databases. Nothing of it can be undone.`);
  const gathered = await gather(request, hands.tree, hands.shop);
  const findings = await runChecks(destructionChecks(gathered, hands), hands.shop);
  for (const line of showFindings(findings)) say(line);
  const bucket = findings.find(({ about }) => about === 'state bucket')?.verdict;
  if (findings.some(stops)) {
    say('');
    for (const line of showMissing(findings)) say(line);
    say(
      request.planOnly
        ? 'What would go is in Terraform’s state, which cannot be seen before that.'
        : `Nothing was changed. When nothing is missing: ${again}`,
    );
    return request.planOnly ? 0 : 1;
  }
  const { known } = gathered;
  const standing = await lookFirst(() => whatStands(known, bucket?.is === 'fine', hands), again, hands);
  if (!standing.hasState) {
    say(`There is nothing to destroy: Terraform knows of nothing in ${environment}.`);
    return 0;
  }
  const { summary, leftovers } = await lookFirst(() => whatWouldGo(known, standing, hands), again, hands);
  const plan = (now: Known, tree: string): Step[] => planDestroy(now, standing, tree);
  say('');
  for (const line of [...showSteps(plan(known, hands.tree), hands.tree), '', ...showSummary(summary), ...showLeftovers(leftovers)])
    say(line);
  if (request.planOnly) {
    say(`This was only the plan. To do it: ${again}`);
    return 0;
  }
  if (!(await isAgreed(request, hands))) return 1;
  await runSteps({ known, plan, agreed: summary, goOn: `What is gone is gone. To go on from there: ${again}` }, hands);
  say(
    `${environment} is gone. Terraform’s state is kept, with its versions: gcloud storage rm --recursive gs://${stateBucket(known)} takes it away.`,
  );
  return 0;
}

function destructionChecks({ known, tree, terraformVersion }: Gathered, hands: Hands): Check[] {
  const checks = [
    ...toolChecks(terraformVersion, hands.shop),
    ...treeChecks(known, tree),
    ...fileChecks(known, tree, hands.tree),
    ...cloudChecks(known),
  ];
  return checks.filter(({ about }) => !NOT_NEEDED.test(about));
}

async function whatWouldGo(known: Known, { clusters, edgeAddress }: Standing, hands: Hands) {
  const place = infrastructurePlace(known, hands.tree);
  await mustRunLine(terraformPlan(place, true), hands);
  const summary = summarisePlan(await mustRunLine(terraformShowPlan(place), hands));
  return { summary, leftovers: await lookForLeftovers(ownNames(known, edgeAddress), clusters.length > 0, hands) };
}

function showLeftovers({ own, foreign }: Leftovers): string[] {
  return [
    `GKE’s controllers made ${own.length} more, which go with what they were made for, or after it.`,
    ...own.map((thing) => `  takes away  ${showThing(thing)}`),
    ...foreign.map((thing) => `  leaves      ${showThing(thing)}: somebody else’s, and in the way when the network is to go`),
  ];
}

/** prod goes by its name only, typed at a terminal or given as CONFIRM beside YES. */
async function isAgreed({ environment, yes, confirmed }: Request, hands: Hands): Promise<boolean> {
  const { say } = hands.shop;
  const isProd = environment === 'prod';
  const wanted = isProd ? environment : 'yes';
  const command = `make destroy-cluster ENV=${environment} YES=1${isProd ? ' CONFIRM=prod' : ''}`;
  if (yes) {
    if (!isProd || confirmed === environment) return true;
    say(`Nothing was changed: YES=1 alone does not destroy ${environment}. To agree by its name: ${command}`);
    return false;
  }
  if (hands.ask === undefined) {
    say(`Nothing was changed: there is no terminal to ask at. To agree without one: ${command}`);
    return false;
  }
  const answer = await hands.ask(isProd ? 'Type the name of the environment to destroy it: ' : `Destroy ${environment}? Only yes does: `);
  if (answer.trim() === wanted) return true;
  say('Nothing was changed.');
  return false;
}
