/** The server was allocated: take up the session that the allocator has for it. */
import { AppError } from '../../contracts/app-error.ts';
import type { Log } from '../../runtime/log.ts';
import { marksOf, type AttemptMarks, type GameServer } from '../agones/game-server.ts';
import type { GameServerWatch } from '../agones/game-server-watch.ts';
import type { AllocatorLink } from '../backend/allocator-link.ts';
import { keepTrying, passes } from '../backend/keep-trying.ts';
import { claimed, draining, ended } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';

export interface ClaimParts {
  readonly store: SessionStore;
  readonly watch: GameServerWatch;
  readonly allocator: AllocatorLink;
  readonly log: Log;
  readonly now: () => number;
}

/** Waits for an allocation with our marks, and claims it. Resolves when the session is claimed, or is none of ours. */
export async function claimSession({ store, watch, allocator, log, now }: ClaimParts, signal: AbortSignal): Promise<void> {
  if (store.current().phase !== 'idle') return;
  let marks: AttemptMarks | undefined;
  await watch.until((gameServer) => (marks = allocatedMarks(gameServer)) !== undefined, signal);
  if (marks === undefined || store.current().phase !== 'idle') return;
  const attempt = marks;
  log.info('allocated', { ...attempt });
  // An id that the allocator does not know may be one that it is about to adopt after a restore.
  const passing = (cause: unknown) => passes(cause) || (cause instanceof AppError && cause.kind === 'not-found');
  try {
    const claim = await keepTrying('claiming the session', () => allocator.claim(attempt), { signal, log, passing });
    await store.change((state) => claimed(state, claim, now()));
    log.info('claimed', { allocationId: claim.allocationId, ...attempt, world: claim.session.world });
  } catch (cause) {
    if (signal.aborted) return;
    log.warn('the session is not ours', { ...attempt, cause });
    await store.change((state) => ended(state, `the claim was refused: ${reasonOf(cause)}`, null, now()));
  }
}

/** Ends the session when Agones takes the server away; this is the game server's warning, as SIGTERM comes after it has gone. */
export async function endWithGameServer({ store, watch, log, now }: Omit<ClaimParts, 'allocator'>, signal: AbortSignal): Promise<void> {
  let why: string | undefined;
  await watch.until((gameServer) => (why = goingReason(gameServer)) !== undefined, signal);
  const reason = why;
  if (reason === undefined || store.current().phase === 'ended') return;
  log.info('Agones takes the server away', { reason });
  await store.change((state) => ended(draining(state, reason, null), reason, 'fail', now()));
}

function goingReason({ objectMeta, status }: GameServer): string | undefined {
  if (['Shutdown', 'Unhealthy', 'Error'].includes(status.state)) return `the game server is ${status.state}`;
  return objectMeta.deletionTimestamp > 0 ? 'the game server is being deleted' : undefined;
}

export function allocatedMarks(gameServer: GameServer | undefined): AttemptMarks | undefined {
  return gameServer?.status.state === 'Allocated' ? marksOf(gameServer) : undefined;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
