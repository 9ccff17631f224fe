/** queued → failed: its build was closed while it waited, so no server of it comes any more. Its world is free for who has another build. */
import { buildClosedReason } from '../../contracts/build-closed.ts';
import type { Decision } from '../../contracts/allocator.ts';
import type { AllocationDocument } from '../allocation.ts';
import type { ClosedInClusters } from '../builds/open-builds.ts';
import type { Choice } from '../placement/board.ts';
import { KEPT_DECISIONS } from '../store/allocations.ts';
import { tryFinish } from './finish.ts';
import type { MoveParts } from './parts.ts';

/** As the trace names it. */
const CLOSED = 'build-closed';
/** What placement says of a cluster whose servers of the build are gone. */
const SERVERLESS: ReadonlySet<string> = new Set(['no-capacity', 'fleet-missing']);

/** @param choice the one that came to nothing: its clusters have their own reasons, and those that have the build, and no server, have this one */
export async function failClosed(
  parts: MoveParts,
  queued: AllocationDocument,
  closed: ClosedInClusters,
  choice: Extract<Choice, { kind: 'wait' }>,
): Promise<void> {
  const at = new Date(parts.now());
  const rejections: Record<string, number> = { ...queued.rejections };
  for (const [why, count] of Object.entries(choice.rejections)) rejections[why] = (rejections[why] ?? 0) + count;
  const considered = choice.decision.considered.map((one) => {
    const { cluster, rejected } = one;
    if (rejected === undefined || !SERVERLESS.has(rejected) || !closed.clusters.has(cluster)) return one;
    rejections[rejected] = (rejections[rejected] ?? 1) - 1;
    rejections[CLOSED] = (rejections[CLOSED] ?? 0) + 1;
    return { ...one, rejected: CLOSED };
  });
  const decision: Decision = { at: at.toISOString(), ...choice.decision, considered };
  const failed = await tryFinish(parts, queued, 'failed', buildClosedReason(closed), null, {
    decisions: [...queued.decisions, decision].slice(-KEPT_DECISIONS),
    rejections,
  });
  if (failed) parts.metrics.buildClosed('failed');
}
