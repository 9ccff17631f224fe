/**
 * All allocations of the run, read from the allocator's own documents: its API shows one by its id, and a lost or forgotten one is just
 * what has to be noticed here. Read only, and only by the stack's owner.
 */
import { AllocationDocument, isFinal } from '../../allocator/allocation.ts';
import { documentsOf, type Documents } from '../../runtime/documents/collection.ts';
import { connectMongo } from '../../runtime/documents/mongo.ts';
import { pause } from '../../runtime/deadline.ts';
import type { StackFile } from '../supervisor/stack-file.ts';
import type { AllocationFact } from '../checking/game-server-history.ts';

export interface KnownAllocation extends AllocationFact {
  readonly document: AllocationDocument;
}

/** What the run asks of it: the allocations that it made itself. */
export interface AllocationBook {
  /** By uid; those of earlier runs, too, as far as a game server of theirs is still there. */
  readonly known: ReadonlyMap<string, KnownAllocation>;
  /** Made in this run, oldest first. */
  ofThisRun(): AllocationDocument[];
  /** The session that was at this address last has ended in order. */
  hasEnded(address: { readonly host: string; readonly port: number }): boolean;
  refresh(): Promise<void>;
  /** Refreshes until the signal. */
  follow(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Polled: the local document database has change streams, but a lost one would look like silence. */
const EVERY_MS = 400;
const MOST = 5_000;

/** @param carried uids that game servers carry, so that none is called unknown because it is older than the run */
export async function openAllocationBook(
  stack: StackFile,
  since: Date,
  carried: () => readonly string[],
  now: () => number,
): Promise<AllocationBook> {
  const mongo = await connectMongo(stack.mongo.url, 'allocator', { caFile: stack.caFile });
  const documents: Documents<AllocationDocument> = documentsOf<AllocationDocument>(mongo.db, 'allocations', AllocationDocument);
  const known = new Map<string, KnownAllocation>();

  const refresh = async () => {
    const uids = carried().filter((uid) => !known.has(uid));
    const [recent, older] = await Promise.all([
      documents.list({ createdAt: { $gte: since } }, { limit: MOST }),
      uids.length === 0 ? [] : documents.list({ _id: { $in: uids } }, { limit: MOST }),
    ]);
    for (const document of [...recent, ...older]) {
      const before = known.get(document._id);
      const over = isFinal(document.state) ? (document.endedAt?.getTime() ?? before?.overAt ?? now()) : undefined;
      known.set(document._id, {
        uid: document._id,
        attempt: document.attempt,
        attemptSince: before?.attempt === document.attempt ? before.attemptSince : now(),
        ...(over === undefined ? {} : { overAt: over }),
        document,
      });
    }
  };
  const ofThisRun = () =>
    [...known.values()]
      .map(({ document }) => document)
      .filter(({ createdAt }) => createdAt >= since)
      .toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  return {
    known,
    refresh,
    ofThisRun,
    hasEnded: ({ host, port }) =>
      ofThisRun().findLast(({ server }) => server?.address.port === port && server.address.host === host)?.state === 'ended',
    follow: async (signal) => {
      while (!signal.aborted) {
        // The database may be away for a moment; the next round sees what this one has missed.
        await refresh().catch(() => {});
        await pause(EVERY_MS, signal);
      }
    },
    close: () => mongo.close(),
  };
}
