/**
 * The builds that each cluster had when it was last seen: what is known of a cluster while it is away, also to a process that has never seen it.
 * Each process writes what its own watch has told, when that has changed; so the last of several is what came last.
 */
import type { Db } from 'mongodb';
import { z } from 'zod';
import { ReleaseState } from '../../contracts/allocator-api/autoscaler.ts';
import { documentsOf, translated } from '../../runtime/documents/collection.ts';
import type { MarkedBuild } from '../clusters/fleet-book.ts';

const KnownFleetsDocument = z.object({
  /** The cluster. */
  _id: z.string(),
  builds: z.array(z.object({ fleet: z.string(), build: z.string(), state: ReleaseState.nullable() })),
  at: z.date(),
});

export interface KnownFleets {
  /** Undefined: it was never seen. */
  of(cluster: string): Promise<readonly MarkedBuild[] | undefined>;
  /** Costs a write only where it is not what this process has kept last. */
  keep(cluster: string, builds: readonly MarkedBuild[], at: Date): Promise<void>;
}

export function openKnownFleets(db: Db): KnownFleets {
  const documents = documentsOf(db, 'known_fleets', KnownFleetsDocument);
  const kept = new Map<string, string>();
  return {
    of: async (cluster) => (await documents.find(cluster))?.builds.map((one) => ({ ...one, state: one.state ?? undefined })),
    keep: async (cluster, seen, at) => {
      const builds = seen.map(({ fleet, build, state = null }) => ({ fleet, build, state }));
      const text = builds
        .map((one) => JSON.stringify(one))
        .toSorted()
        .join();
      if (kept.get(cluster) === text) return;
      await translated(() => documents.raw.updateOne({ _id: cluster }, { $set: { builds, at } }, { upsert: true }));
      kept.set(cluster, text);
    },
  };
}
