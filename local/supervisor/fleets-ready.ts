import { z } from 'zod';
import type { KubeClient } from '../agones/kube/kube-client.ts';
import { waitUntil } from '../processes/wait-until.ts';

const Fleets = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ replicas: z.number().default(0) }),
      status: z.object({ readyReplicas: z.number().default(0), allocatedReplicas: z.number().default(0) }).optional(),
    }),
  ),
});

export interface FleetCount {
  readonly name: string;
  readonly wanted: number;
  readonly ready: number;
  readonly allocated: number;
}

export async function countFleets(client: KubeClient, namespace: string, signal: AbortSignal): Promise<FleetCount[]> {
  const path = `/apis/agones.dev/v1/namespaces/${namespace}/fleets`;
  const { items } = Fleets.parse(await client.send({ method: 'GET', path, signal }));
  return items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    wanted: spec.replicas,
    ready: status?.readyReplicas ?? 0,
    allocated: status?.allocatedReplicas ?? 0,
  }));
}

/** Waits until every fleet has as many servers Ready (or already Allocated) as it wants. */
export async function fleetsReady(client: KubeClient, namespace: string, deadlineMs: number, signal: AbortSignal): Promise<void> {
  await waitUntil(
    async () => {
      const fleets = await countFleets(client, namespace, signal);
      return fleets.every(({ wanted, ready, allocated }) => ready + allocated >= wanted);
    },
    { what: `the fleets of ${namespace} are Ready`, deadlineMs, signal, everyMs: 200 },
  );
}
