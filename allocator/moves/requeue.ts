/** allocated → queued: the server died, refused or never accepted. The next attempt keeps place in line and deadline. */
import { aboutOf, MAX_BOUND, type AllocationDocument } from '../allocation.ts';
import { tryOf } from './bind.ts';
import { finish } from './finish.ts';
import { crashOf } from './note-crash.ts';
import type { MoveParts } from './parts.ts';
import { releaseCarrier } from './release.ts';
import { whereOf } from './where-of.ts';

export async function requeue(parts: MoveParts, allocated: AllocationDocument, reason: string): Promise<void> {
  const now = parts.now();
  if (allocated.bound >= MAX_BOUND) {
    return finish(parts, allocated, 'failed', `${allocated.bound} servers did not take the session; the last: ${reason}`, new Date(now));
  }
  const moved = await parts.allocations.move(
    { uid: allocated._id, state: 'allocated', attempt: allocated.attempt },
    {
      state: 'queued',
      event: { kind: 'queued', at: new Date(now), data: { after: reason, ...whereOf(allocated), ...crashOf(allocated) } },
      set: { server: null, intent: null, claimedAt: null, nextActionAt: new Date(now) },
      push: {
        attemptTry: { ...tryOf(allocated, now, 'not-accepted', { detail: reason }), gameServer: allocated.server?.gameServer ?? '' },
      },
    },
  );
  if (!moved) return;
  parts.metrics.entered('queued');
  parts.log.info('an attempt is over; the next one follows', { ...aboutOf(allocated), attempt: allocated.attempt, reason });
  const cluster = parts.clusters.get(allocated.server?.cluster ?? '');
  // Best effort: a server that is missed here is found as superseded by the reconciler.
  if (cluster !== undefined) await releaseCarrier(parts, cluster, allocated._id, allocated.attempt, 'superseded').catch(() => undefined);
}
