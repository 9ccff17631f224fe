/** placing → allocated: a game server carries this attempt. */
import type { PlacementTry } from '../../contracts/allocator.ts';
import { aboutOf, type AllocationDocument } from '../allocation.ts';
import type { MoveParts } from './parts.ts';
import { releaseCarrier } from './release.ts';

export interface Won {
  readonly gameServer: string;
  readonly address: string;
  readonly port: number;
}

/** When the attempt is no longer ours to bind, the server that it won is given back. */
export async function bind(parts: MoveParts, placing: AllocationDocument, won: Won, worldEpoch: number | null): Promise<void> {
  const { intent } = placing;
  const cluster = intent === null ? undefined : parts.clusters.get(intent.cluster);
  if (intent === null || cluster === undefined) return;
  const now = parts.now();
  const moved = await parts.allocations.move(
    { uid: placing._id, state: 'placing', attempt: placing.attempt, worker: intent.worker },
    {
      state: 'allocated',
      event: { kind: 'allocated', at: new Date(now), data: { cluster: cluster.config.name, gameServer: won.gameServer } },
      set: {
        server: {
          cluster: cluster.config.name,
          region: cluster.config.region,
          namespace: cluster.config.namespace,
          gameServer: won.gameServer,
          attempt: placing.attempt,
          address: { host: won.address, port: won.port },
          ...(intent.edge === undefined ? {} : { edge: intent.edge }),
        },
        bound: placing.bound + 1,
        worldEpoch,
        leaseUntil: null,
        nextActionAt: new Date(Math.min(placing.deadlineAt.getTime(), now + parts.acceptMs)),
      },
      push: { attemptTry: tryOf(placing, now, 'bound', { gameServer: won.gameServer }) },
    },
  );
  if (moved) {
    parts.metrics.entered('allocated');
    parts.metrics.waited('allocated', placing.request.fleet, (now - placing.createdAt.getTime()) / 1_000);
    parts.log.info('allocated', {
      ...aboutOf(placing),
      cluster: cluster.config.name,
      gameServer: won.gameServer,
      attempt: placing.attempt,
    });
    return;
  }
  const present = await parts.allocations.find(placing._id);
  const boundByAnother = present?.server?.attempt === placing.attempt && present.server.gameServer === won.gameServer;
  if (!boundByAnother) await releaseCarrier(parts, cluster, placing._id, placing.attempt, 'superseded');
}

export function tryOf(
  placing: AllocationDocument,
  now: number,
  outcome: PlacementTry['outcome'],
  more: { gameServer?: string; detail?: string } = {},
): PlacementTry {
  const startedAt = placing.intent?.startedAt ?? new Date(now);
  return {
    attempt: placing.attempt,
    cluster: placing.intent?.cluster ?? '',
    startedAt: startedAt.toISOString(),
    ms: now - startedAt.getTime(),
    outcome,
    ...more,
  };
}
