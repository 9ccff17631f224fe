/**
 * Builds that were closed once. Their fleets are taken away some days later; who still has such a build is then told the same as before.
 * It proves nothing by itself: a build that a cluster has again is what that cluster says.
 */
import type { Db } from 'mongodb';
import { z } from 'zod';
import { documentsOf, ensureIndexes } from '../../runtime/documents/collection.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';

const ClosedBuildDocument = z.object({
  /** `fleet/build`. */
  _id: z.string(),
  /** As requests call it. */
  fleet: z.string(),
  build: z.string(),
  at: z.date(),
});
type ClosedBuildDocument = z.infer<typeof ClosedBuildDocument>;

export interface ClosedBuilds {
  /** As it was last read. */
  has(fleet: string, build: string): boolean;
  /** The fleets in which it was closed. */
  fleetsOf(build: string): readonly string[];
  values(): Iterable<{ readonly fleet: string; readonly build: string }>;
  note(fleet: string, build: string, at: Date): Promise<void>;
  forget(fleet: string, build: string): Promise<void>;
  /** For the lifecycle: reads what other processes have noted, until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

/** Nothing depends on how soon another process's note is read: while the fleets are there, they say the same. */
const READ_EVERY_MS = 10_000;
/** The newest; one that is older counts as never heard of: who comes back with it waits in vain. */
const MOST = 2_000;

export async function openClosedBuilds(db: Db, log: Log): Promise<ClosedBuilds> {
  const documents = documentsOf<ClosedBuildDocument>(db, 'closed_builds', ClosedBuildDocument);
  await ensureIndexes(documents, [{ key: { at: -1 }, name: 'newest' }]);
  let known = new Map<string, ClosedBuildDocument>();
  let fleets = new Map<string, string[]>();
  const keyOf = (fleet: string, build: string) => `${fleet}/${build}`;
  const keep = (listed: Iterable<ClosedBuildDocument>) => {
    known = new Map(Array.from(listed, (one) => [one._id, one]));
    fleets = new Map();
    for (const { fleet, build } of known.values()) fleets.set(build, [...(fleets.get(build) ?? []), fleet]);
  };
  const read = async () => keep(await documents.list({}, { sort: { at: -1 }, limit: MOST }));
  return {
    has: (fleet, build) => known.has(keyOf(fleet, build)),
    fleetsOf: (build) => fleets.get(build) ?? [],
    values: () => known.values(),
    note: async (fleet, build, at) => {
      const made = { _id: keyOf(fleet, build), fleet, build, at };
      await documents.insert(made);
      keep([made, ...known.values()]);
    },
    forget: async (fleet, build) => {
      await documents.remove({ _id: keyOf(fleet, build) });
      keep([...known.values()].filter(({ _id }) => _id !== keyOf(fleet, build)));
    },
    run: async (signal) => {
      let away = false;
      while (!signal.aborted) {
        try {
          await read();
          away = false;
        } catch (cause) {
          if (!away && !signal.aborted) log.warn('the builds that were closed cannot be read; those last read hold', { cause });
          away = true;
        }
        await pause(READ_EVERY_MS, signal);
      }
    },
  };
}
