/** Does the steps of a plan in their order. A step that is done is told so; the plan is made anew from what each has taught. */
import { succeeded } from '../../tools/command.ts';
import { reasonOf } from '../../tools/reason-of.ts';
import { adviceFor } from '../advice.ts';
import { delegationReason } from '../edge/edge-reasons.ts';
import { answerOf } from '../edge/look-at-edge.ts';
import type { Known } from '../known.ts';
import type { PlanSummary } from '../plan-summary.ts';
import type { Question, Step } from '../steps/step.ts';
import { doStep } from './do-step.ts';
import type { Hands } from './hands.ts';
import { mustRunLine, runLine } from './run-line.ts';

/** A step did not come to its end. */
export class StepFailure extends Error {
  readonly step: Step;

  constructor(step: Step, cause: unknown, goOn: string) {
    super([`The step ${step.id} failed: ${reasonOf(cause)}`, ...adviceOn(cause), `Look at: ${step.lookAt}.`, goOn].join('\n'), { cause });
    this.name = 'StepFailure';
    this.step = step;
  }
}

/** What was only looked at could not be seen: nothing was changed. */
export class LookFailure extends Error {
  constructor(cause: unknown, again: string) {
    super([reasonOf(cause), ...adviceOn(cause), `Nothing was changed. When that is mended: ${again}`].join('\n'), { cause });
    this.name = 'LookFailure';
  }
}

function adviceOn(cause: unknown): string[] {
  return adviceFor(reasonOf(cause)).map((line) => `Often: ${line}.`);
}

/** Before the question: what fails here has changed nothing. @throws LookFailure, or what the workshop's signal says. */
export async function lookFirst<T>(look: () => Promise<T>, again: string, hands: Hands): Promise<T> {
  try {
    return await look();
  } catch (cause) {
    hands.shop.signal.throwIfAborted();
    throw new LookFailure(cause, again);
  }
}

export interface Course {
  readonly known: Known;
  /** @param tree the root of the tree as an absolute path. */
  readonly plan: (known: Known, tree: string) => readonly Step[];
  /** What was seen when it was agreed to. */
  readonly agreed: PlanSummary;
  /** How to go on after a failure. */
  readonly goOn: string;
}

/** @throws StepFailure, or what the workshop's signal says. */
export async function runSteps({ known: start, plan, agreed, goOn }: Course, hands: Hands): Promise<Known> {
  const finished = new Set<string>();
  let known = start;
  for (;;) {
    const steps = plan(known, hands.tree);
    const step = steps.find(({ id }) => !finished.has(id));
    if (step === undefined) return known;
    hands.shop.say(`[${finished.size + 1}/${steps.length}] ${step.id}: ${step.what}`);
    try {
      known = (await answered(step, hands)) ? alreadyDone(known, hands) : await doStep(step.action, known, agreed, hands);
    } catch (cause) {
      hands.shop.signal.throwIfAborted();
      throw new StepFailure(step, cause, goOn);
    }
    finished.add(step.id);
    if (step.id === 'outputs') await tellDelegation(known, hands);
  }
}

async function answered({ done }: Step, hands: Hands): Promise<boolean> {
  return done.asked !== undefined && (await saysYes(done.asked, hands));
}

/** @throws CommandFailure where its output is asked for and there is none to trust. */
async function saysYes({ command, yes }: Question, hands: Hands): Promise<boolean> {
  if (yes !== 'succeeds') return ((await mustRunLine(command, hands)).trim() === '') === (yes === 'prints-nothing');
  return succeeded(await runLine(command, hands));
}

function alreadyDone(known: Known, hands: Hands): Known {
  hands.shop.say('  is so already');
  return known;
}

/** Early, since the world takes its time to learn it. */
async function tellDelegation({ outputs }: Known, hands: Hands): Promise<void> {
  if (outputs === undefined || outputs.dns_name_servers.length === 0) return;
  const { domain, dns_name_servers: zone } = outputs;
  const reason = delegationReason({ domain, zone, nameServers: await answerOf(() => hands.nameServersOf(domain)) });
  hands.shop.say(reason === undefined ? `  ${domain} is delegated to its zone.` : `  Do it now, the rest goes on meanwhile: ${reason}.`);
}
