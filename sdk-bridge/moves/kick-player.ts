/**
 * Players who are sent away. Whoever orders it, the seat is over at once and the game is told by a notice until it says that they left:
 *
 *     allocator ── annotation, claim ──▶ seat over ──▶ notice of kind kick ──▶ game drops the connection, says leave
 *     game ── POST kick ──▶ seat over ──▶ allocator frees its seat
 */
import { AppError } from '../../contracts/app-error.ts';
import type { Log } from '../../runtime/log.ts';
import type { AllocatorLink } from '../backend/allocator-link.ts';
import { keepTrying } from '../backend/keep-trying.ts';
import type { NoticeBoard } from '../notices/notice-board.ts';
import { kickedByAllocator } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';

export interface KickParts {
  readonly store: SessionStore;
  readonly notices: NoticeBoard;
  readonly log: Log;
  readonly now: () => number;
}

/** Runs until the signal. A notice stays where it is: one of a seat that is over already changes nothing. */
export async function kickOnNotice({ store, notices, log, now }: KickParts, signal: AbortSignal): Promise<void> {
  const after = () => kickedByAllocator(store.current(), notices.kicks(), now());
  while (!signal.aborted) {
    await notices.until(() => after() !== store.current(), signal);
    if (signal.aborted) return;
    await store.change((state) => kickedByAllocator(state, notices.kicks(), now()));
    log.info('the allocator has sent players away', { players: notices.kicks().map(({ playerId }) => playerId) });
  }
}

/** Runs until the signal, for as long as it takes: until the allocator knows, it keeps the seat for the player. */
export async function tellKicks(
  { store, allocator, log }: { store: SessionStore; allocator: AllocatorLink; log: Log },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { claim, untoldKicks } = await store.until((state) => state.claim !== null && state.untoldKicks.length > 0, signal);
    const [kick] = untoldKicks;
    if (signal.aborted || claim === null || kick === undefined) return;
    try {
      await keepTrying('telling a kick', () => allocator.kick(claim, kick), { signal, log });
    } catch (cause) {
      if (signal.aborted) return;
      // A session that is over keeps nobody's seat.
      log.warn('a kick could not be told', { playerId: kick.playerId, code: cause instanceof AppError ? cause.code : undefined, cause });
    }
    await store.change((state) => ({ ...state, untoldKicks: state.untoldKicks.filter((other) => other !== kick) }));
  }
}
