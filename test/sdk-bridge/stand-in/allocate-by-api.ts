/** As the allocator asks a cluster: the one Ready game server of the namespace, with the marks of the session that the backend has. */
import type { ConformanceCluster } from '../../conformance/agones/conformance-cluster.ts';
import { UID } from './backend.ts';

export function allocateByApi({ client }: Pick<ConformanceCluster, 'client'>, namespace: string) {
  return client.send({
    method: 'POST',
    path: `/apis/allocation.agones.dev/v1/namespaces/${namespace}/gameserverallocations`,
    body: {
      apiVersion: 'allocation.agones.dev/v1',
      kind: 'GameServerAllocation',
      spec: {
        selectors: [{ gameServerState: 'Ready' }],
        metadata: { labels: { 'lifeverse.dev/uid': UID, 'lifeverse.dev/attempt': '1' } },
      },
    },
  });
}
