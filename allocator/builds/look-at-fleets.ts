/** Which fleets a cluster has, asked of the cluster itself. Whoever asks at about the same time shares one look. */
import { z } from 'zod';
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
  const looks = new WeakMap<AgonesCluster, { readonly at: number; readonly fleets: Promise<readonly SeenFleet[] | undefined> }>();
  return {
    fleetsOf: (cluster) => {
      const last = looks.get(cluster);
      if (last !== undefined && performance.now() - last.at < FRESH_MS) return last.fleets;
      // What has changed since is looked at anew.
      if (last === undefined) cluster.fleets.onChange(() => looks.set(cluster, LONG_AGO));
      const fleets = lookAt(cluster).catch(() => undefined);
      looks.set(cluster, { at: performance.now(), fleets });
      return fleets;
    },
  };
}

const LONG_AGO = { at: Number.NEGATIVE_INFINITY, fleets: Promise.resolve(undefined) };

async function lookAt(cluster: AgonesCluster): Promise<SeenFleet[] | undefined> {
  const path = `/apis/agones.dev/v1/namespaces/${cluster.config.namespace}/fleets`;
  const { status, body } = await cluster.askBeside({ method: 'GET', path, timeoutMs: ANSWER_MS });
  return status === 200 ? List.parse(body).items.map(seenFleetOf) : undefined;
}
