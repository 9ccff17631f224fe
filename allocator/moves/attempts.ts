/** What the bridge of a bound server reports: claim, accept, fail, end. All may come twice. */
import type { AllocationState } from '../../contracts/allocator.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { Crash } from '../../contracts/crash.ts';
import type { Principal } from '../../runtime/token-check.ts';
import { aboutOf, type AllocationDocument } from '../allocation.ts';
import type { Watcher } from '../delivery/watcher.ts';
import { telling } from '../store/allocations.ts';
import { finish } from './finish.ts';
import { noteCrash } from './note-crash.ts';
import type { MoveParts } from './parts.ts';
import { requeue } from './requeue.ts';
import { whereOf } from './where-of.ts';

export interface AttemptOf {
  readonly uid: string;
  readonly attempt: number;
  readonly gameServer: string;
}

export interface AttemptParts extends MoveParts {
  readonly watcher: Watcher;
}

/** The bridge may see its server Allocated before we have the cluster's answer. */
const BIND_WAIT_MS = 5_000;
/** The bridge flushes its saves before it shuts down; then its server is looked after. */
const LEAVE_CHECK_MS = 5_000;

/**
 * The allocation whose present attempt this pod was bound for.
 * @throws AppError `conflict` when it is not theirs (any more): the server has to shut down.
 */
export async function ownAttempt(parts: AttemptParts, of: AttemptOf, caller: Principal, signal: AbortSignal): Promise<AllocationDocument> {
  const inDoubt = (found: AllocationDocument) => found.state === 'placing' && found.attempt === of.attempt;
  const found = await parts.watcher.until(of.uid, (allocation) => !inDoubt(allocation), BIND_WAIT_MS, signal);
  if (found === undefined) throw new AppError('not-found', 'allocation_unknown', `there is no allocation with the uid ${of.uid}`);
  if (inDoubt(found)) throw new AppError('unavailable', 'attempt_unsettled', 'the attempt is not bound yet; ask again', { retryAfter: 1 });
  const { server } = found;
  if (found.attempt !== of.attempt || server === null) throw notYours(of, 'another attempt has taken its place');
  if (server.gameServer !== of.gameServer) throw notYours(of, `the attempt was won by ${server.gameServer}`);
  const { pod } = caller;
  const isItsPod =
    pod !== undefined && pod.cluster === server.cluster && pod.namespace === server.namespace && pod.name === server.gameServer;
  if (!isItsPod) throw new AppError('forbidden', 'pod_differs', 'the token is of another pod than the game server of this attempt');
  return found;
}

export async function claim(parts: AttemptParts, found: AllocationDocument): Promise<AllocationDocument> {
  if (found.state !== 'allocated' && found.state !== 'ready')
    throw notYours({ uid: found._id, attempt: found.attempt }, `the allocation is ${found.state}`);
  if (found.claimedAt === null) {
    const { _id, state, attempt } = found;
    const claimedAt = new Date(parts.now());
    const { $set, ...told } = telling({ kind: 'claimed', at: claimedAt, data: { state, attempt, ...whereOf(found) } });
    // Of two claims at once, one is told.
    await parts.allocations.documents.change({ _id, state, attempt, claimedAt: null }, { $set: { ...$set, claimedAt }, ...told });
    parts.changed(_id);
  }
  return found;
}

/** allocated → ready. @throws AppError `conflict` when the build is another or the attempt is over. */
export async function accept(parts: AttemptParts, found: AllocationDocument, build: string): Promise<AllocationState> {
  if (found.state === 'ready') return 'ready';
  if (build !== found.request.build) {
    await requeue(parts, found, `the server runs build ${build}`);
    throw new AppError('conflict', 'build_differs', `the allocation asks for build ${found.request.build}, the server runs ${build}`);
  }
  if (found.state !== 'allocated') throw notYours({ uid: found._id, attempt: found.attempt }, `the allocation is ${found.state}`);
  const now = new Date(parts.now());
  const moved = await parts.allocations.move(
    { uid: found._id, state: 'allocated', attempt: found.attempt },
    { state: 'ready', event: { kind: 'ready', at: now, data: whereOf(found) }, set: { readyAt: now, nextActionAt: null } },
  );
  if (!moved) {
    const present = await parts.allocations.find(found._id);
    if (present?.state === 'ready' && present.attempt === found.attempt) return 'ready';
    throw notYours({ uid: found._id, attempt: found.attempt }, `the allocation is ${present?.state ?? 'gone'}`);
  }
  parts.metrics.entered('ready');
  parts.metrics.waited('ready', found.request.fleet, (now.getTime() - found.createdAt.getTime()) / 1_000);
  parts.log.info('ready', { ...aboutOf(found), gameServer: found.server?.gameServer, attempt: found.attempt });
  return 'ready';
}

/** The server cannot hold the session: before ready the next attempt follows, afterwards the session is lost. */
export async function fail(parts: AttemptParts, found: AllocationDocument, reason: string, crash?: Crash): Promise<AllocationState> {
  const known = crash === undefined ? found : await noteCrash(parts, found, crash);
  if (known.state === 'allocated') await requeue(parts, known, reason);
  if (known.state === 'ready') await finish(parts, known, 'lost', reason, new Date(parts.now()));
  return (await parts.allocations.find(found._id))?.state ?? found.state;
}

export async function end(parts: MoveParts, found: AllocationDocument, reason: string): Promise<AllocationState> {
  if (found.state === 'allocated') await requeue(parts, found, reason);
  if (found.state === 'ready') await finish(parts, found, 'ended', reason, new Date(parts.now() + LEAVE_CHECK_MS));
  return (await parts.allocations.find(found._id))?.state ?? found.state;
}

function notYours(of: { uid: string; attempt: number }, why: string): AppError {
  return new AppError('conflict', 'attempt_not_yours', `attempt ${of.attempt} of ${of.uid} is not this server's: ${why}`);
}
