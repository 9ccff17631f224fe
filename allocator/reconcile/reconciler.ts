/** Holds the clusters against the store: servers whose attempt is over go, sessions whose server is gone are told. */
import { AppError } from '../../contracts/app-error.ts';
import type { AllocationDocument } from '../allocation.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import { isAlive, type GameServer } from '../clusters/game-server.ts';
import { finish } from '../moves/finish.ts';
import type { MoveParts } from '../moves/parts.ts';
import { requeue } from '../moves/requeue.ts';
import { pause } from '../../runtime/deadline.ts';
import { verdictOn } from './verdict.ts';

/** Watches tell at once; this round finds what they could not, e.g. what happened while this process was away. */
const ROUND_MS = 5_000;
const LEAVE_MS = 30_000;
const SOON_MS = 50;

/** For the lifecycle: runs until the signal. */
export async function reconcile(parts: MoveParts, signal: AbortSignal): Promise<void> {
  const unknown = new Set<string>();
  while (!signal.aborted) {
    for (const cluster of parts.clusters.values()) {
      if (signal.aborted || !cluster.healthy) continue;
      await round(parts, cluster, unknown).catch((cause: unknown) =>
        parts.log.warn('a reconcile round failed', { cluster: cluster.config.name, cause }),
      );
    }
    await pause(ROUND_MS, signal);
  }
}

/** A watch event that may mean a session has lost its server: looked at within a moment. */
export function watchForLosses(parts: MoveParts, cluster: AgonesCluster): void {
  cluster.census.onChange((before, after) => {
    const uid = before?.allocationUid;
    if (before === undefined || uid === undefined || before.owner !== parts.owner) return;
    if (after !== undefined && isAlive(after)) return;
    // The bridge's own word that the session has ended comes first, where it comes at all.
    setTimeout(() => {
      checkLoss(parts, cluster, uid).catch((cause: unknown) =>
        parts.log.warn('a lost server could not be looked at; the round will', { gameServer: before.name, cause }),
      );
    }, SOON_MS).unref();
  });
}

async function round(parts: MoveParts, cluster: AgonesCluster, unknown: Set<string>): Promise<void> {
  const ours = [...cluster.census.values()].filter((server) => server.owner === parts.owner && isAlive(server));
  const allocations = await byUid(
    parts,
    ours.flatMap((server) => server.allocationUid ?? []),
  );
  for (const server of ours) await judge(parts, cluster, server, allocations.get(server.allocationUid ?? ''), unknown);
  const bound = await parts.allocations.boundIn(cluster.config.name);
  for (const { _id, server } of bound) {
    const seen = cluster.census.get(server?.gameServer ?? '');
    if (seen === undefined || !isAlive(seen)) await checkLoss(parts, cluster, _id);
  }
}

async function judge(
  parts: MoveParts,
  cluster: AgonesCluster,
  server: GameServer,
  allocation: AllocationDocument | undefined,
  unknown: Set<string>,
): Promise<void> {
  const verdict = verdictOn(server, allocation, parts.now(), LEAVE_MS);
  if (verdict === 'unknown' && !unknown.has(server.uid)) {
    unknown.add(server.uid);
    parts.log.warn('a game server carries our mark, but no stored allocation: it is left alone', {
      cluster: cluster.config.name,
      gameServer: server.name,
    });
  }
  if (verdict !== 'release') return;
  const outcome = await cluster.release(server, parts.owner);
  if (outcome !== 'released') return;
  parts.metrics.released(cluster.config.name, 'superseded');
  parts.log.info('released a game server whose attempt is over', {
    cluster: cluster.config.name,
    gameServer: server.name,
    attempt: server.attempt,
  });
}

async function byUid(parts: MoveParts, uids: readonly string[]): Promise<Map<string, AllocationDocument>> {
  if (uids.length === 0) return new Map();
  const found = await parts.allocations.documents.list({ _id: { $in: [...uids] } }, { limit: uids.length });
  return new Map(found.map((allocation) => [allocation._id, allocation]));
}

/** Asks the API server itself: a lagging watch or an unreachable cluster never makes a session lost. */
async function checkLoss(parts: MoveParts, cluster: AgonesCluster, uid: string): Promise<void> {
  const allocation = await parts.allocations.find(uid);
  if (allocation?.server?.cluster !== cluster.config.name) return;
  if (allocation.state !== 'allocated' && allocation.state !== 'ready') return;
  try {
    const carrier = await cluster.findCarrier(parts.owner, uid, allocation.attempt);
    if (carrier !== undefined && isAlive(carrier)) return;
  } catch (cause) {
    if (cause instanceof AppError) return;
    throw cause;
  }
  if (allocation.state === 'allocated') return requeue(parts, allocation, 'the game server died');
  await finish(parts, allocation, 'lost', 'the game server died');
}
