/** Has a session lost its server? */
import { AppError } from '../../contracts/app-error.ts';
import type { AllocationDocument } from '../allocation.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import { isAlive } from '../clusters/game-server.ts';
import { finish } from '../moves/finish.ts';
import type { MoveParts } from '../moves/parts.ts';
import { requeue } from '../moves/requeue.ts';

/** The bridge's own word that the session has ended comes first, where it comes at all. Milliseconds. */
const SOON_MS = 50;

/** A watch event that may mean a session has lost its server: looked at within a moment. */
export function watchForLosses(parts: MoveParts, cluster: AgonesCluster): void {
  cluster.census.onChange((before, after) => {
    const uid = before?.allocationUid;
    if (before === undefined || uid === undefined || before.owner !== parts.owner) return;
    if (after !== undefined && isAlive(after)) return;
    setTimeout(() => {
      checkLoss(parts, cluster, uid).catch((cause: unknown) =>
        parts.log.warn('a lost server could not be looked at; the round will', { gameServer: before.name, cause }),
      );
    }, SOON_MS).unref();
  });
}

/** A lagging watch or an unreachable cluster never makes a session lost. */
export async function checkLoss(parts: MoveParts, cluster: AgonesCluster, uid: string): Promise<void> {
  const allocation = await parts.allocations.find(uid);
  // A name that now means another namespace tells nothing of what was bound in the old one.
  if (allocation?.server?.cluster !== cluster.config.name || allocation.server.namespace !== cluster.config.namespace) return;
  if (allocation.state !== 'allocated' && allocation.state !== 'ready') return;
  if (!(await isLost(parts.owner, cluster, allocation))) return;
  if (allocation.state === 'allocated') return requeue(parts, allocation, 'the game server died');
  await finish(parts, allocation, 'lost', 'the game server died');
}

/** True only by the API server's own word that nobody carries the attempt: one that does not answer says nothing. */
export async function isLost(
  owner: string,
  cluster: Pick<AgonesCluster, 'findCarrier'>,
  { _id, attempt }: Pick<AllocationDocument, '_id' | 'attempt'>,
): Promise<boolean> {
  try {
    const carrier = await cluster.findCarrier(owner, _id, attempt);
    return carrier === undefined || !isAlive(carrier);
  } catch (cause) {
    if (cause instanceof AppError) return false;
    throw cause;
  }
}
