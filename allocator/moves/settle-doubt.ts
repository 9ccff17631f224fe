/**
 * placing → allocated or queued, after an ask whose answer we do not have.
 *
 * The cluster is asked live who carries the attempt. If nobody does yet, somebody may still: so the attempt's number is
 * spent, a later carrier of it is superseded and released, and the next ask uses the next number.
 */
import type { AppError } from '../../contracts/app-error.ts';
import { aboutOf, type AllocationDocument } from '../allocation.ts';
import { isAlive, type GameServer } from '../clusters/game-server.ts';
import { bind, tryOf } from './bind.ts';
import { fenceWorld } from './fence-world.ts';
import type { MoveParts } from './parts.ts';

/** What is left of an ask's time for the look after it: so a dead cluster costs a request no more than that time in all. */
export function lookMs(askMs: number): number {
  return Math.ceil(askMs / 8);
}

export async function settleDoubt(parts: MoveParts, placing: AllocationDocument, cause: AppError | undefined): Promise<void> {
  const { intent } = placing;
  if (intent === null) return;
  const carrier = await look(parts, placing, intent.cluster);
  if (carrier?.port !== undefined && isAlive(carrier)) {
    // Its epoch was known to the worker that asked, who may be gone.
    const epoch = await fenceWorld(parts, placing);
    if (epoch === 'saves-away') return;
    return bind(parts, placing, { gameServer: carrier.name, address: carrier.address, port: carrier.port }, epoch);
  }
  const now = parts.now();
  const moved = await parts.allocations.move(
    { uid: placing._id, state: 'placing', attempt: placing.attempt, worker: intent.worker },
    {
      state: 'queued',
      event: { kind: 'queued', at: new Date(now), data: { after: 'doubt' } },
      set: { intent: null, leaseUntil: null, nextActionAt: new Date(now) },
      push: { attemptTry: tryOf(placing, now, 'doubt', { detail: cause?.message ?? 'the worker that asked is gone' }) },
    },
  );
  if (moved) {
    parts.metrics.entered('queued');
    parts.log.info('an ask is in doubt; its attempt is given up', {
      ...aboutOf(placing),
      cluster: intent.cluster,
      attempt: placing.attempt,
    });
  }
}

async function look(parts: MoveParts, placing: AllocationDocument, cluster: string): Promise<GameServer | undefined> {
  try {
    const on = parts.clusters.get(cluster);
    // One that has just been given up gets one short look: it may have answered late, and then its server is no loss.
    return await on?.findCarrier(parts.owner, placing._id, placing.attempt, on.healthy ? parts.askMs : lookMs(parts.askMs));
  } catch {
    // The cluster is away: whatever it still does under this attempt is superseded, and released when it answers.
    return undefined;
  }
}
