/**
 * Judges a run by what the API servers showed, what the clients were told and what the store says in the end: never by what the
 * allocator believes.
 */
import { AllocationDocument, isFinal, isSettled } from '../../../allocator/allocation.ts';
import { doubledOf, orphansOf, type AllocationFact, type Stay } from '../../../local/checking/game-server-history.ts';
import { lostOf, type Promised } from '../../../local/checking/lost.ts';
import { startRecorder } from '../../../local/checking/recorder.ts';
import { testCluster } from '../../../local/testing.ts';
import { pause } from '../../../runtime/deadline.ts';
import { documentsOf } from '../../../runtime/documents/collection.ts';
import { SILENT_LOG } from '../../../runtime/log.ts';
import { until, type AllocatorUnderTest } from '../allocator-under-test.ts';

export interface Verdict {
  readonly lost: readonly string[];
  readonly doubled: number;
  /** Names of game servers. */
  readonly orphans: readonly string[];
}

export const NOTHING_WRONG: Verdict = { lost: [], doubled: 0, orphans: [] };

export interface Checker {
  /** A client was answered 2xx. */
  promised(promise: Promised): void;
  /** Which servers were Allocated for it, ever. */
  staysOf(uid: string): Stay[];
  verdict(): Promise<Verdict>;
  /** Everything that was promised is final, and its servers are gone. */
  allOver(): Promise<void>;
  stop(): Promise<void>;
}

/** As often as the demo's book; a superseded attempt is noticed later by this much at most. */
const EVERY_MS = 300;

export async function startChecker(world: Pick<AllocatorUnderTest, 'owner' | 'database'>): Promise<Checker> {
  const stopping = new AbortController();
  const { kubeconfig } = await testCluster();
  const recorder = await startRecorder(
    { clusters: [{ name: 'all', kubeconfig }], owner: world.owner },
    SILENT_LOG,
    Date.now,
    stopping.signal,
  );
  const documents = documentsOf<AllocationDocument>(world.database.db, 'allocations', AllocationDocument);
  const promises = new Map<string, Promised>();
  const facts = new Map<string, AllocationFact>();
  /** Ids that joined another's session: they are settled with it. */
  const aliases = world.database.db.collection<{ _id: string; id: string; target: string }>('aliases');
  let kept: AllocationDocument[] = [];

  const look = async () => {
    kept = await documents.list({}, { limit: 10_000 });
    for (const document of kept) facts.set(document._id, factOf(document, facts.get(document._id)));
  };
  const following = (async () => {
    while (!stopping.signal.aborted) {
      // The database may be away: the next look sees what this one misses.
      await look().catch(() => {});
      await pause(EVERY_MS, stopping.signal);
    }
  })();

  return {
    promised: (promise) => void promises.set(promise.id, promise),
    staysOf: (uid) => recorder.history.stays.filter((stay) => stay.uid === uid),
    verdict: async () => {
      await look();
      const now = Date.now();
      const settled = new Map(kept.map(({ _id, state }) => [_id, isSettled(state)]));
      const joined = (await aliases.find({}).toArray()).map(({ id, target }) => ({ id, isSettled: settled.get(target) ?? false }));
      const own = kept.map(({ id, state }) => ({ id, isSettled: isSettled(state) }));
      const states = new Map([...joined, ...own].map((one) => [one.id, one]));
      const { stays } = recorder.history;
      return {
        lost: lostOf([...promises.values()], states, now).map(({ id }) => id),
        doubled: doubledOf(stays, now),
        orphans: orphansOf(stays, facts, now, false).map(({ gameServer }) => gameServer),
      };
    },
    allOver: () =>
      until(
        'everything is final, and every server is gone',
        async () => kept.every(({ state }) => isFinal(state)) && recorder.history.lasting().length === 0,
        200_000,
      ),
    stop: async () => {
      stopping.abort();
      await following;
    },
  };
}

function factOf({ _id, attempt, state, endedAt }: AllocationDocument, before: AllocationFact | undefined): AllocationFact {
  const now = Date.now();
  const over = isFinal(state) ? (endedAt?.getTime() ?? before?.overAt ?? now) : undefined;
  return {
    uid: _id,
    attempt,
    attemptSince: before?.attempt === attempt ? before.attemptSince : now,
    ...(over === undefined ? {} : { overAt: over }),
  };
}
