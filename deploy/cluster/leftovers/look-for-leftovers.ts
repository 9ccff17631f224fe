/** Asks gcloud what there is, and tells the environment's own leftovers. */
import type { CommandLine } from '../command-line.ts';
import { mustRunLine } from '../doing/run-line.ts';
import type { Hands } from '../doing/hands.ts';
import { computeThings, KINDS, type OwnNames } from './compute-thing.ts';
import { leftoversOf, type Leftovers } from './leftovers-of.ts';

export function listCompute(collection: string, project: string): CommandLine {
  return { command: 'gcloud', args: ['compute', collection, 'list', '--format=json', `--project=${project}`], timeoutMs: 120_000 };
}

/** @throws where gcloud does not answer: what could not be seen is not gone. */
export async function lookForLeftovers(own: OwnNames, hasClusters: boolean, hands: Hands): Promise<Leftovers> {
  const lists = await Promise.all(
    KINDS.map(async (kind) => computeThings(kind, await mustRunLine(listCompute(kind.collection, own.project), hands), own)),
  );
  return leftoversOf(lists.flat(), own, hasClusters);
}
