/** The whole deployment as a list of steps, from what is known so far. Pure: the same knowledge gives the same plan. */
import { awaitedOutputs } from '../awaited-outputs.ts';
import { regionsOf, type Known } from '../known.ts';
import { authoritySteps, installSteps, layerSteps, reachStep } from './cluster-steps.ts';
import { imageSteps } from './image-steps.ts';
import { infrastructureSteps } from './infrastructure-steps.ts';
import { projectSteps } from './project-steps.ts';
import type { Step } from './step.ts';
import { waitSteps } from './wait-steps.ts';

/** @param tree the root of the tree as an absolute path. */
export function planSteps(known: Known, tree: string): Step[] {
  const outputs = known.outputs ?? awaitedOutputs(known);
  const regions = regionsOf(known);
  return [
    ...projectSteps(known),
    ...infrastructureSteps(known, outputs, tree),
    ...imageSteps(known, outputs),
    ...Object.entries(outputs.regions).map(([region, given]) => reachStep(known, region, given)),
    ...regions.flatMap((region) => installSteps(known, region, outputs, tree)),
    ...regions.flatMap((region) => layerSteps('services', known, region, outputs)),
    // Game servers take longest to come up, by new nodes and large images: the services do while they do.
    // A region without services asks the allocators of all others.
    ...(regions.every(({ services }) => services) ? regions : known.regions).flatMap((region) => authoritySteps(known, region, outputs)),
    ...regions.flatMap((region) => layerSteps('game-servers', known, region, outputs)),
    ...waitSteps(known, outputs),
    {
      id: 'smoke',
      what: 'Place one real session through the public API, reach its game server, and end it',
      why: 'every part has to work for that',
      action: { kind: 'smoke' },
      done: { when: 'it is ready, answers on its port, and is ended' },
      undo: 'it ends its session itself, also when it fails',
      lookAt: 'the decision trace that it prints, then the logs of allocator and bridge',
    },
  ];
}
