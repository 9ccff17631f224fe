/** The map is loaded: players may come. */
import { AppError } from '../../contracts/app-error.ts';
import type { Log } from '../../runtime/log.ts';
import type { AllocatorLink } from '../backend/allocator-link.ts';
import { keepTrying } from '../backend/keep-trying.ts';
import { accepted, ended, type SessionState } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';

export interface AcceptParts {
  readonly store: SessionStore;
  readonly allocator: AllocatorLink;
  readonly log: Log;
  readonly now: () => number;
}

/** @throws AppError `conflict` when there is no session to accept, or it is not ours; what the allocator said when the signal comes first. */
export async function acceptSession(
  { store, allocator, log, now }: AcceptParts,
  build: string,
  port: number,
  signal: AbortSignal,
): Promise<SessionState> {
  const { phase, claim, reason } = store.current();
  if (phase === 'ended') throw new AppError('conflict', 'session_ended', `the session is over: ${reason ?? ''}`);
  if (claim === null) throw new AppError('conflict', 'no_session', 'there is no session to accept');
  try {
    await keepTrying('accepting the session', () => allocator.accept(claim, build, port), { signal, log });
  } catch (cause) {
    if (!(cause instanceof AppError) || (cause.kind !== 'conflict' && cause.kind !== 'not-found')) throw cause;
    log.warn('the session is not ours any more', { uid: claim.uid, attempt: claim.attempt, cause });
    await store.change((state) => ended(state, `accept was refused: ${cause.message}`, null, now()));
    throw new AppError('conflict', 'accept_refused', cause.message, { cause });
  }
  const state = await store.change(accepted);
  log.info('joinable', { allocationId: claim.allocationId, uid: claim.uid, attempt: claim.attempt, port });
  return state;
}
