/** Takes away what GKE's controllers left: gives them time to do it themselves, then deletes what they did not. */
import { succeeded } from '../../tools/command.ts';
import type { CommandLine } from '../command-line.ts';
import type { Hands } from '../doing/hands.ts';
import { runLine } from '../doing/run-line.ts';
import type { ComputeThing, OwnNames } from './compute-thing.ts';
import { showThing } from './leftovers-of.ts';
import { lookForLeftovers } from './look-for-leftovers.ts';

/** A load balancer is taken down within minutes of its Gateway's end. */
const CONTROLLERS_MS = 5 * 60_000;
const AGAIN_MS = 30_000;
/** What is still in use at the first try is free at the second. */
const ROUNDS = 4;

export function deleteCompute(collection: string, link: string, project: string): CommandLine {
  return { command: 'gcloud', args: ['compute', collection, 'delete', link, '--quiet', `--project=${project}`], timeoutMs: 10 * 60_000 };
}

/** @throws with what is still there, and why. */
export async function clearLeftovers(own: OwnNames, hasClusters: boolean, hands: Hands): Promise<void> {
  const { say } = hands.shop;
  let left = await lookForLeftovers(own, hasClusters, hands);
  const begun = hands.now();
  // Without clusters nobody else will.
  for (let told = ''; hasClusters && left.own.length > 0 && hands.now() - begun < CONTROLLERS_MS;) {
    const line = countsOf(left.own);
    if (line !== told) say(`  ${Math.round((hands.now() - begun) / 1_000)} s: GKE is still taking down ${line}`);
    told = line;
    await hands.sleep(AGAIN_MS);
    left = await lookForLeftovers(own, hasClusters, hands);
  }
  let faults: string[] = [];
  for (let round = 0; left.own.length > 0 && round < ROUNDS; round++) {
    if (round > 0) await hands.sleep(AGAIN_MS);
    faults = [];
    for (const thing of left.own) faults.push(...(await remove(thing, own.project, hands)));
    left = await lookForLeftovers(own, hasClusters, hands);
  }
  if (left.own.length > 0) throw new Error([`still there: ${left.own.map(showThing).join(', ')}`, ...faults].join('\n'));
}

/** @returns why it did not go, if it did not. */
async function remove(thing: ComputeThing, project: string, hands: Hands): Promise<string[]> {
  hands.shop.say(`  deletes the ${showThing(thing)}`);
  const end = await runLine(deleteCompute(thing.kind.collection, thing.link, project), hands);
  const isGone = succeeded(end) || /was not found|404/i.test(end.stderr);
  return isGone ? [] : [`${showThing(thing)}: ${end.stderr.trim()}`];
}

function countsOf(things: readonly ComputeThing[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of things) counts.set(kind.name, (counts.get(kind.name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} ${name}${count === 1 ? '' : 's'}`).join(', ');
}
