/** Giving game servers back: only ours, only those whose attempt is over, by uid and version. */
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import { isAlive } from '../clusters/game-server.ts';
import type { MoveParts } from './parts.ts';

type ReleaseParts = Pick<MoveParts, 'owner' | 'metrics' | 'log'>;

/** `there`: it could not be released yet and has to be tried again. @throws AppError when the cluster does not answer. */
export async function releaseCarrier(
  parts: ReleaseParts,
  cluster: AgonesCluster,
  uid: string,
  attempt: number,
  why: string,
): Promise<'gone' | 'there'> {
  const carrier = await cluster.findCarrier(parts.owner, uid, attempt);
  if (carrier === undefined || !isAlive(carrier)) return 'gone';
  const outcome = await cluster.release(carrier, parts.owner);
  if (outcome === 'released') {
    parts.metrics.released(cluster.config.name, why);
    parts.log.info('released a game server', { cluster: cluster.config.name, gameServer: carrier.name, allocationUid: uid, attempt, why });
  }
  return outcome === 'changed' ? 'there' : 'gone';
}
