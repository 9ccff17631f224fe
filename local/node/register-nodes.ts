/** The Node objects: created or taken over at the start, Ready for as long as the cluster lives. */
import { z } from 'zod';
import { isConflict } from '../agones/kube/kube-client.ts';
import type { KubeClient } from '../agones/kube/kube-client.ts';
import { seconds } from './container-view.ts';
import type { NodeRoom } from './choose-node.ts';

export interface NodesWanted {
  readonly nodes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly maxPodsPerNode: number;
  readonly address: string;
  readonly now: () => Date;
}

/** The nodes as they are now: someone may have cordoned one. Pods are counted by the caller. */
export type NodesNow = (signal: AbortSignal) => Promise<Omit<NodeRoom, 'pods'>[]>;

const NodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
      spec: z.object({ unschedulable: z.boolean().default(false) }).default({ unschedulable: false }),
    }),
  ),
});

export async function registerNodes(client: KubeClient, wanted: NodesWanted, signal: AbortSignal): Promise<NodesNow> {
  for (const name of wanted.nodes) {
    const labels = { ...wanted.labels, 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' };
    const object = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
    await client.send({ method: 'POST', path: '/api/v1/nodes', body: object, signal }).catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
    const body = { metadata: { labels }, status: statusOf(name, wanted) };
    await client.send({
      method: 'PATCH',
      path: `/api/v1/nodes/${name}`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels } },
      signal,
    });
    await client.send({ method: 'PATCH', path: `/api/v1/nodes/${name}/status`, contentType: 'application/merge-patch+json', body, signal });
    await removeNotReadyTaint(client, name, signal);
  }
  return async (until) => {
    const list = NodeList.parse(await client.send({ method: 'GET', path: '/api/v1/nodes', signal: until }));
    return list.items
      .filter(({ metadata }) => wanted.nodes.includes(metadata.name))
      .map(({ metadata, spec }) => ({
        name: metadata.name,
        labels: metadata.labels,
        cordoned: spec.unschedulable,
        maxPods: wanted.maxPodsPerNode,
      }));
  };
}

/** The API server's admission marks a new node as not ready; on a real cluster the node controller takes that mark away. */
async function removeNotReadyTaint(client: KubeClient, name: string, signal: AbortSignal): Promise<void> {
  const body = { spec: { taints: null } };
  await client.send({ method: 'PATCH', path: `/api/v1/nodes/${name}`, contentType: 'application/merge-patch+json', body, signal });
}

function statusOf(name: string, { address, maxPodsPerNode, now }: NodesWanted): Readonly<Record<string, unknown>> {
  const room = { cpu: '64', memory: '256Gi', pods: String(maxPodsPerNode) };
  return {
    addresses: [
      { type: 'InternalIP', address },
      { type: 'ExternalIP', address },
      { type: 'Hostname', address: name },
    ],
    capacity: room,
    allocatable: room,
    conditions: [
      { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: seconds(now()), lastTransitionTime: seconds(now()) },
    ],
  };
}
