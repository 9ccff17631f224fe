/**
 * The end of a session, in this order: entries durable, the allocator told, Shutdown seen by the watch.
 *
 * It runs whoever ended it (the game server, Agones, a lost lease, a refused claim), and goes on after a restart of the bridge.
 */
import { within } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';
import type { AllocatorLink } from '../backend/allocator-link.ts';
import { keepTrying } from '../backend/keep-trying.ts';
import { ended } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';

export interface EndParts {
  readonly store: SessionStore;
  readonly allocator: AllocatorLink;
  /** Resolves true when every accepted entry is durable, false when the signal came first or the world is lost. */
  readonly flush: (signal: AbortSignal) => Promise<boolean>;
  /** Entries that saves never took. */
  readonly refused: () => readonly string[];
  /** Resolves when the watch shows the game server going. */
  readonly shutDown: (signal: AbortSignal) => Promise<boolean>;
  readonly flushMs: number;
  readonly log: Log;
  readonly now: () => number;
}

export interface SessionEnd {
  /** Waits for the end and carries it out. */
  run(): Promise<void>;
  /**
   * The process is to stop. A session that was not ended lost its game server: what it wrote is flushed, and the allocator
   * learns that it has to be placed anew. Resolves within about `flushMs`.
   */
  stop(flushMs: number): Promise<void>;
}

/**
 * Longest for telling the allocator: more than it takes to come back after a crash. Who is not told finds out by itself, but then takes the
 * session for lost and has its world placed anew.
 */
const TELL_MS = 30_000;
/** At a stop the pod's grace is shared with the flush. */
const STOP_TELL_MS = 3_000;

const MOST_SAID = 1_000;

export function createSessionEnd({ store, allocator, flush, refused, shutDown, flushMs, log, now }: EndParts): SessionEnd {
  const work = new AbortController();
  const told = Promise.withResolvers<void>();

  const tellAllocator = async (ms: number) => {
    // As it is now: how the game server died may have been found since the end began.
    const { claim, tell, reason, crash } = store.current();
    if (claim === null || tell === null) return;
    const signal = AbortSignal.any([work.signal, AbortSignal.timeout(ms)]);
    const never = refused();
    const said = never.length === 0 ? (reason ?? '') : `${reason ?? ''}; saves never took ${never.join(', ')}`;
    try {
      await keepTrying('telling the end', () => allocator.tell(tell, claim, said.slice(0, MOST_SAID), crash ?? undefined), { signal, log });
    } catch (cause) {
      log.warn('the allocator could not be told of the end', { uid: claim.uid, attempt: claim.attempt, cause });
    }
  };

  const carryOut = async () => {
    // On disk first, so that a restart goes on with it.
    const state = await store.change((known) => known);
    log.info('the session ends', { reason: state.reason, tell: state.tell });
    const durable = await flush(AbortSignal.any([work.signal, AbortSignal.timeout(flushMs)]));
    if (!durable) log.error('accepted entries did not become durable', { uid: state.claim?.uid });
    await tellAllocator(TELL_MS);
    told.resolve();
    if (await shutDown(work.signal)) await store.change((last) => ({ ...last, closed: true }));
  };

  return {
    run: async () => {
      const ready = await store.until(({ phase, closed }) => phase === 'ended' && !closed, work.signal);
      if (ready.phase === 'ended' && !ready.closed) await carryOut();
    },
    stop: async (ms) => {
      const { phase, closed } = store.current();
      if (phase === 'claimed' || phase === 'joinable') {
        await store.change((state) => ended(state, 'the game server stopped', 'fail', now()));
      }
      // Also after the end was told: a server that was taken away may have saved until now.
      const durable = await flush(AbortSignal.timeout(ms));
      if (!durable) log.error('accepted entries did not become durable', { uid: store.current().claim?.uid });
      if (phase !== 'idle' && !closed) {
        await within(STOP_TELL_MS, 'the end of the session', told.promise).catch((cause: unknown) =>
          log.warn('stopped before its end', { cause }),
        );
      }
      work.abort();
    },
  };
}
