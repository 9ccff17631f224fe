/** What is remembered of the scaling of fleets: wishes, so that no process and no restart forgets them, and how fast servers start. */
import type { Db } from 'mongodb';
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { documentsOf, ensureIndexes, type Documents } from '../../runtime/documents/collection.ts';

const ScalingDocument = z.object({
  /** `cluster/fleet`. */
  _id: z.string(),
  /** As Agones calls it. */
  fleet: z.string(),
  /** As requests do. */
  called: z.string().optional(),
  cluster: z.string(),
  version: z.int(),
  /** See `noteWish`. */
  wishes: z.array(z.object({ at: z.date(), replicas: z.int() })),
  askedAt: z.date(),
  /** As it was last asked and answered. */
  busy: z.int(),
  max: z.int(),
  replicas: z.int(),
});
export type ScalingDocument = z.infer<typeof ScalingDocument>;

const SpeedDocument = z.object({
  /** `cluster/fleet`. */
  _id: z.string(),
  fleet: z.string(),
  cluster: z.string(),
  /** Seconds to Ready of the last servers, the oldest first. */
  seconds: z.array(z.number()),
  at: z.date(),
});
export type SpeedDocument = z.infer<typeof SpeedDocument>;

export interface FleetScaling {
  /** Those whose autoscaler has asked lately: of one fleet, or of all. */
  asked(since: Date, fleet?: string): Promise<ScalingDocument[]>;
  /** Reads, makes and writes by compare-and-set; made anew when another process was faster. */
  note(
    cluster: string,
    fleet: string,
    make: (before: ScalingDocument | undefined) => Omit<ScalingDocument, '_id' | 'fleet' | 'cluster' | 'version'>,
  ): Promise<ScalingDocument>;
  /** Of one fleet, or of all. */
  speeds(fleet?: string): Promise<SpeedDocument[]>;
  /** Adds what was seen, keeping the last ones. */
  noteSpeed(cluster: string, fleet: string, seconds: readonly number[], at: Date): Promise<void>;
  /** Forgets fleets of which nothing was heard since. */
  prune(since: Date): Promise<void>;
}

const TRIES = 5;
const KEPT_SECONDS = 15;
const MOST = 20_000;

export async function openFleetScaling(db: Db): Promise<FleetScaling> {
  const scaling = documentsOf<ScalingDocument>(db, 'fleet_scaling', ScalingDocument);
  const speeds = documentsOf<SpeedDocument>(db, 'fleet_speeds', SpeedDocument);
  await ensureIndexes(scaling, [{ key: { fleet: 1 }, name: 'fleet' }]);
  await ensureIndexes(speeds, [{ key: { fleet: 1 }, name: 'fleet' }]);
  const keyOf = (cluster: string, fleet: string) => `${cluster}/${fleet}`;

  const tryToNote = async (
    documents: Documents<ScalingDocument>,
    before: ScalingDocument | undefined,
    { _id, version, ...fields }: ScalingDocument,
  ) => {
    if (before === undefined) return (await documents.insert({ _id, version, ...fields })).inserted;
    return documents.change({ _id, version: before.version }, { $set: { version, ...fields } });
  };

  return {
    asked: (since, fleet) => scaling.list({ askedAt: { $gte: since }, ...(fleet === undefined ? {} : { fleet }) }, { limit: MOST }),
    note: async (cluster, fleet, make) => {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const before = await scaling.find(keyOf(cluster, fleet));
        const made = { _id: keyOf(cluster, fleet), fleet, cluster, version: (before?.version ?? 0) + 1, ...make(before) };
        if (await tryToNote(scaling, before, made)) return made;
      }
      throw new AppError('unavailable', 'scaling_contended', `${cluster}/${fleet} is being scaled by others; ask again`);
    },
    speeds: (fleet) => speeds.list(fleet === undefined ? {} : { fleet }, { limit: MOST }),
    noteSpeed: async (cluster, fleet, seconds, at) => {
      const before = await speeds.find(keyOf(cluster, fleet));
      const kept = [...(before?.seconds ?? []), ...seconds].slice(-KEPT_SECONDS);
      // Seen by whoever holds the lease; of two, who overlap for a moment, either may win.
      if (before === undefined) await speeds.insert({ _id: keyOf(cluster, fleet), fleet, cluster, seconds: kept, at });
      else await speeds.change({ _id: before._id }, { $set: { seconds: kept, at } });
    },
    prune: async (since) => {
      await scaling.remove({ askedAt: { $lt: since } });
      await speeds.remove({ at: { $lt: since } });
    },
  };
}
