/** What there is to place on, and how it is. */
import type { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';

type Mine = Pick<Handlers<typeof allocatorApi.endpoints>, 'listClusters'>;

export interface ClustersApiParts {
  readonly clusters: ReadonlyMap<string, AgonesCluster>;
}

export function clusterHandlers({ clusters }: ClustersApiParts): Mine {
  return {
    listClusters: async () => ({ status: 200, body: { clusters: [...clusters.values()].map(viewOf) } }),
  };
}

function viewOf(cluster: AgonesCluster) {
  const { name, region, namespace, weight, udpEdge, fleets: allowedFleets } = cluster.config;
  const { state, since, breaker, lastError } = cluster.health;
  const { watchAgeMs } = cluster;
  return {
    name,
    region,
    namespace,
    weight,
    draining: cluster.draining,
    ...(allowedFleets === undefined ? {} : { allowedFleets: [...allowedFleets] }),
    ...(udpEdge === undefined ? {} : { udpEdge }),
    healthy: cluster.healthy,
    state,
    since: new Date(since).toISOString(),
    ...(lastError === undefined ? {} : { lastError: { at: new Date(lastError.at).toISOString(), message: lastError.message } }),
    breaker,
    ...(watchAgeMs === undefined ? {} : { watchAgeSeconds: watchAgeMs / 1_000 }),
    asksInFlight: cluster.asksInFlight,
    fleets: cluster.census.fleets(),
  };
}
