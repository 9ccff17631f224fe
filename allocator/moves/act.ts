/** One turn of one allocation: whatever its state makes due. Safe to run twice, and by several processes at once. */
import { isFinal } from '../allocation.ts';
import { cancel, ensureGone, settleCancelling } from './finish.ts';
import type { MoveParts } from './parts.ts';
import { place } from './place.ts';
import { requeue } from './requeue.ts';
import { resume } from './resume.ts';
import { settleDoubt } from './settle-doubt.ts';

export async function act(parts: MoveParts, uid: string): Promise<void> {
  const found = await parts.allocations.find(uid);
  if (found === undefined || found.nextActionAt === null) return;
  const now = parts.now();
  const late = now >= found.deadlineAt.getTime();
  if (isFinal(found.state)) return (await resume(parts, found)) ? ensureGone(parts, found) : undefined;
  if (found.state === 'queued') return place(parts, found);
  if (found.state === 'cancelling') return settleCancelling(parts, found);
  if (found.state === 'placing' && late) return cancel(parts, found, 'expired', 'no server was joinable before the deadline');
  // A live worker still holds it until then.
  if (found.state === 'placing' && found.leaseUntil !== null && now >= found.leaseUntil.getTime())
    return settleDoubt(parts, found, undefined);
  if (found.state === 'allocated' && late) return cancel(parts, found, 'expired', 'the server was not joinable before the deadline');
  if (found.state === 'allocated' && now >= found.nextActionAt.getTime())
    return requeue(parts, found, 'the server did not accept the session in time');
}
