/** Which fleets a cluster has, asked of the cluster itself. Whoever asks at about the same time shares one look. */
import { z } from 'zod';
import { agonesPath } from '../clusters/agones-path.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import { seenFleetOf, type SeenFleet } from '../clusters/fleet-book.ts';

export interface FleetsLook {
  /** Undefined where it does not answer. */
  fleetsOf(cluster: AgonesCluster): Promise<readonly SeenFleet[] | undefined>;
}

const ANSWER_MS = 2_000;
/** However many have a closed build, a cluster is asked once in this time. */
const FRESH_MS = 2_000;

const List = z.object({ items: z.array(z.unknown()) });

export function createFleetsLook(): FleetsLook {
  const looks = new WeakMap<AgonesCluster, Look>();
  return {
    fleetsOf: (cluster) => {
      const last = looks.get(cluster);
      if (last !== undefined && performance.now() < last.goodUntil) return last.fleets;
      // What has changed since is looked at anew.
      if (last === undefined) cluster.fleets.onChange(() => looks.set(cluster, OUTDATED));
      const look: Look = { goodUntil: Number.POSITIVE_INFINITY, fleets: lookAt(cluster).catch(() => undefined) };
      looks.set(cluster, look);
      // From its end on: who waits for a cluster that does not answer shall not wait again at once.
      void look.fleets.then(() => (look.goodUntil = performance.now() + FRESH_MS));
      return look.fleets;
    },
  };
}

interface Look {
  goodUntil: number;
  readonly fleets: Promise<readonly SeenFleet[] | undefined>;
}

const OUTDATED: Look = { goodUntil: Number.NEGATIVE_INFINITY, fleets: Promise.resolve(undefined) };

async function lookAt(cluster: AgonesCluster): Promise<SeenFleet[] | undefined> {
  const path = agonesPath(cluster.config.namespace, 'fleets');
  const { status, body } = await cluster.askBeside({ method: 'GET', path, timeoutMs: ANSWER_MS });
  return status === 200 ? List.parse(body).items.map(seenFleetOf) : undefined;
}
