/** The ways out: cancel, expire, fail, and seeing to it that the server is gone. */
import type { AllocationState } from '../../contracts/allocator.ts';
import { AppError } from '../../contracts/app-error.ts';
import { aboutOf, type AllocationDocument } from '../allocation.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import { crashOf } from './note-crash.ts';
import type { MoveParts } from './parts.ts';
import { releaseCarrier } from './release.ts';
import { whereOf } from './where-of.ts';

/** A server whose session has ended flushes its saves and leaves by itself; it is released only after this. */
const LEAVE_MS = 30_000;
const RETRY_MS = 5_000;
/** A cluster that is not listed is hoped for at most this often, and this long. */
const UNLISTED_MOST_MS = 3_600_000;
const UNLISTED_MS = 7 * 86_400_000;

type Final = Extract<AllocationState, 'ended' | 'lost' | 'failed' | 'cancelled' | 'expired'>;

/** Into a final state. `serverDueAt`: when to see that its server is gone; null where it has none. */
export async function finish(
  parts: MoveParts,
  from: AllocationDocument,
  state: Final,
  reason: string,
  serverDueAt: Date | null = null,
  more: Partial<AllocationDocument> = {},
): Promise<void> {
  await tryFinish(parts, from, state, reason, serverDueAt, more);
}

/** As `finish`; false where it has moved on meanwhile. */
export async function tryFinish(
  parts: MoveParts,
  from: AllocationDocument,
  state: Final,
  reason: string,
  serverDueAt: Date | null = null,
  more: Partial<AllocationDocument> = {},
): Promise<boolean> {
  const now = new Date(parts.now());
  const resumes = state === 'lost' && (more.resumes ?? from.resumes);
  const moved = await parts.allocations.move(
    { uid: from._id, state: from.state, attempt: from.attempt },
    {
      state,
      event: { kind: state, at: now, data: { reason, ...whereOf(from), ...crashOf(from) } },
      set: { reason, leaseUntil: null, nextActionAt: resumes ? now : serverDueAt, ...more },
    },
  );
  if (!moved) return false;
  if (resumes) parts.turn(from._id);
  parts.metrics.entered(state);
  parts.log.info('allocation is over', { ...aboutOf(from), state, reason });
  return true;
}

/** Cancelled by its client, or past its deadline; safe in every state. Returns when what can be done now is done. */
export async function cancel(parts: MoveParts, from: AllocationDocument, to: 'cancelled' | 'expired', reason: string): Promise<void> {
  let present: AllocationDocument | undefined = from;
  // It may move on between the read and the write: then what has become of it is cancelled.
  while (present !== undefined && !(await tryCancel(parts, present, to, reason))) present = await parts.allocations.find(from._id);
}

/** False where it has moved on meanwhile. */
async function tryCancel(parts: MoveParts, from: AllocationDocument, to: 'cancelled' | 'expired', reason: string): Promise<boolean> {
  if (from.state === 'queued') return tryFinish(parts, from, to, reason);
  // A session that became ready has kept its deadline.
  if (from.state === 'ready') return to === 'expired' || tryFinish(parts, from, 'ended', reason, new Date(parts.now()), { cancelTo: to });
  if (from.state !== 'placing' && from.state !== 'allocated') return true;
  const now = new Date(parts.now());
  const moved = await parts.allocations.move(
    { uid: from._id, state: from.state, attempt: from.attempt },
    {
      state: 'cancelling',
      event: { kind: 'cancelling', at: now, data: { reason, ...whereOf(from) } },
      set: { cancelTo: to, reason, leaseUntil: null, nextActionAt: now },
    },
  );
  if (!moved) return false;
  parts.metrics.entered('cancelling');
  const cancelling = await parts.allocations.find(from._id);
  if (cancelling?.state === 'cancelling') await settleCancelling(parts, cancelling);
  return true;
}

/** cancelling → cancelled or expired. A late answer of the cluster is seen to afterwards. */
export async function settleCancelling(parts: MoveParts, cancelling: AllocationDocument): Promise<void> {
  const gone = await tryRelease(parts, cancelling);
  // An ask that was under way may still win a server: look once more after it must have ended.
  const lookAgainAt = new Date(parts.now() + (cancelling.server === null ? parts.askMs : RETRY_MS));
  const done = gone && cancelling.server !== null;
  await finish(parts, cancelling, cancelling.cancelTo ?? 'cancelled', cancelling.reason ?? '', done ? null : lookAgainAt);
}

/** A final allocation whose server has to go: asks the cluster until it is gone. */
export async function ensureGone(parts: MoveParts, final: AllocationDocument): Promise<void> {
  const leaves =
    final.state === 'ended' && final.endedAt !== null && parts.now() - final.endedAt.getTime() < LEAVE_MS && final.cancelTo === null;
  const gone = leaves ? await isGone(parts, final) : await tryRelease(parts, final);
  await parts.allocations.amend(
    { uid: final._id, state: final.state, attempt: final.attempt },
    { $set: { nextActionAt: gone ? null : lookAgainAt(parts, final) } },
  );
}

/**
 * Null: never. A cluster that is not listed cannot be looked at, and nobody claims that the server is gone. Once it is listed again its
 * reconcile round releases whatever is over, so this allocation need not wait for that day: it asks ever more rarely, and then no more.
 */
function lookAgainAt(parts: MoveParts, final: AllocationDocument): Date | null {
  const now = parts.now();
  if (clusterOf(parts, final) !== undefined) return new Date(now + RETRY_MS);
  const overForMs = now - (final.endedAt?.getTime() ?? final.deadlineAt.getTime());
  if (overForMs < UNLISTED_MS) return new Date(now + Math.min(Math.max(overForMs, RETRY_MS), UNLISTED_MOST_MS));
  const cluster = final.server?.cluster ?? final.intent?.cluster;
  parts.log.warn('a game server is given up: its cluster has not been listed for long', { ...aboutOf(final), cluster });
  return null;
}

async function tryRelease(parts: MoveParts, allocation: AllocationDocument): Promise<boolean> {
  const { _id, attempt, state } = allocation;
  return answeredYes(parts, allocation, async (cluster) => (await releaseCarrier(parts, cluster, _id, attempt, state)) === 'gone');
}

async function isGone(parts: MoveParts, allocation: AllocationDocument): Promise<boolean> {
  const { _id, attempt } = allocation;
  return answeredYes(parts, allocation, async (cluster) => (await cluster.findCarrier(parts.owner, _id, attempt)) === undefined);
}

/** True where no cluster was ever asked; false while the cluster does not answer, or is not listed. */
async function answeredYes(
  parts: MoveParts,
  allocation: AllocationDocument,
  look: (cluster: AgonesCluster) => Promise<boolean>,
): Promise<boolean> {
  const cluster = clusterOf(parts, allocation);
  if (cluster === 'none') return true;
  // Nobody waits for an answer that will not come: it is asked again later.
  if (cluster?.healthy !== true) return false;
  try {
    return await look(cluster);
  } catch (cause) {
    if (cause instanceof AppError) return false;
    throw cause;
  }
}

/** `none` was ever asked; undefined: it is not listed (any more). */
function clusterOf(parts: MoveParts, allocation: AllocationDocument): AgonesCluster | 'none' | undefined {
  const name = allocation.server?.cluster ?? allocation.intent?.cluster;
  if (name === undefined) return 'none';
  const cluster = parts.clusters.get(name);
  // A name that now means another namespace tells nothing of what was bound in the old one.
  return allocation.server === null || allocation.server.namespace === cluster?.config.namespace ? cluster : undefined;
}
