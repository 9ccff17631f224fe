/** Which of a project's things are leftovers of one environment. Pure. */
import { KINDS, type ComputeThing, type OwnNames } from './compute-thing.ts';

export interface Leftovers {
  /** Made by GKE's controllers for this environment, in the order in which they can be deleted. */
  readonly own: readonly ComputeThing[];
  /** In its network or before it, and made by somebody else: never touched, and perhaps why Terraform cannot take the network away. */
  readonly foreign: readonly ComputeThing[];
}

/** GKE's controllers name what they make so: Ingress and Service, Gateway, Gateway over several clusters. */
const OF_CONTROLLERS = /^(k8s|gkegw|gkemcg)/;
/** Rules of the clusters themselves, which go with them. */
const OF_CLUSTERS = /^gke-/;
/** Google's own ways to Memorystore, which go with it. */
const OF_SERVICES = /^sca-auto-/;

/**
 * What is anchored in the environment is its own, and so is what that uses, and what uses that: as far as controllers made it. A thing that
 * people made is never passed through, so that nothing of another environment is taken for this one's.
 * @param hasClusters what goes with a cluster is no leftover while there is one.
 */
export function leftoversOf(things: readonly ComputeThing[], { name }: OwnNames, hasClusters: boolean): Leftovers {
  const others = things.filter((thing) => thing.name !== name && !thing.name.startsWith(`${name}-`));
  const isMade = (thing: ComputeThing): boolean => OF_CONTROLLERS.test(thing.name) || OF_CLUSTERS.test(thing.name);
  const made = others.filter(isMade);
  const own = new Set(made.filter(({ isAnchored }) => isAnchored));
  for (let before = -1; before !== own.size;) {
    before = own.size;
    const used = new Set([...own].flatMap(({ uses }) => uses));
    const links = new Set([...own].map(({ link }) => link));
    for (const thing of made) if (used.has(thing.link) || thing.uses.some((link) => links.has(link))) own.add(thing);
  }
  const inOrder = KINDS.flatMap((kind) => [...own].filter((thing) => thing.kind === kind));
  return {
    own: inOrder.filter((thing) => !hasClusters || !OF_CLUSTERS.test(thing.name)),
    foreign: others.filter((thing) => thing.isAnchored && !isMade(thing) && !OF_SERVICES.test(thing.name)),
  };
}

export function showThing({ kind, name }: ComputeThing): string {
  return `${kind.name} ${name}`;
}
