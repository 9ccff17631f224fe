/** Which fleets a cluster has, asked of the cluster itself. Whoever asks at about the same time shares one look. */
import { z } from 'zod';
import { agonesPath } from './agones-path.ts';
import type { AgonesCluster } from './agones-cluster.ts';
import { seenFleetOf, type SeenFleet } from './fleet-book.ts';

type Cluster = Pick<AgonesCluster, 'config' | 'healthy' | 'fleets' | 'askBeside'>;

export interface FleetsLook {
  /** Undefined where it does not answer. */
  fleetsOf(cluster: Cluster): Promise<readonly SeenFleet[] | undefined>;
  /** By its name in Agones. True as well where that cannot be told: then whoever asks about it is believed. */
  exists(cluster: Cluster, fleet: string): Promise<boolean>;
}

const ANSWER_MS = 2_000;
/** However many have a closed build, or ask for fleets that are not there, a cluster is asked once in this time. */
const FRESH_MS = 2_000;

const List = z.object({ items: z.array(z.unknown()) });

export function createFleetsLook(): FleetsLook {
  const looks = new WeakMap<Cluster, Look>();
  const fleetsOf: FleetsLook['fleetsOf'] = (cluster) => {
    const last = looks.get(cluster);
    if (last !== undefined && performance.now() < last.goodUntil) return last.fleets;
    // What has changed since is looked at anew.
    if (last === undefined) cluster.fleets.onChange(() => looks.set(cluster, OUTDATED));
    const look: Look = { goodUntil: Number.POSITIVE_INFINITY, fleets: lookAt(cluster).catch(() => undefined) };
    looks.set(cluster, look);
    // From its end on: who waits for a cluster that does not answer shall not wait again at once.
    void look.fleets.then(() => (look.goodUntil = performance.now() + FRESH_MS));
    return look.fleets;
  };
  return {
    fleetsOf,
    exists: async (cluster, fleet) => {
      // One that was just made may not be in the book yet.
      if (cluster.fleets.has(fleet) || !cluster.healthy) return true;
      const fleets = await fleetsOf(cluster);
      return fleets === undefined || fleets.some(({ name }) => name === fleet);
    },
  };
}

interface Look {
  goodUntil: number;
  readonly fleets: Promise<readonly SeenFleet[] | undefined>;
}

const OUTDATED: Look = { goodUntil: Number.NEGATIVE_INFINITY, fleets: Promise.resolve(undefined) };

async function lookAt(cluster: Cluster): Promise<SeenFleet[] | undefined> {
  const path = agonesPath(cluster.config.namespace, 'fleets');
  const { status, body } = await cluster.askBeside({ method: 'GET', path, timeoutMs: ANSWER_MS });
  return status === 200 ? List.parse(body).items.map(seenFleetOf) : undefined;
}
