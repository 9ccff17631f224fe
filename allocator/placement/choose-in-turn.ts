/** Oldest first, among those that the free cluster may serve. Pure. */
import { chooseCluster, type Candidate, type Choice, type Wish } from './choose-cluster.ts';

/**
 * Gives those ahead in line what they would take, first in line first, and chooses from what is left: so nobody
 * overtakes, and whoever waits for another region blocks nobody.
 */
export function chooseInTurn(clusters: readonly Candidate[], ahead: readonly Wish[], wish: Wish): Choice {
  let left = clusters;
  for (const other of ahead) {
    const choice = chooseCluster(left, other);
    if (choice.kind !== 'chosen') continue;
    left = left.map((cluster) => (cluster.name === choice.cluster ? { ...cluster, ready: cluster.ready - 1 } : cluster));
  }
  return chooseCluster(left, wish);
}
