/** How the allocator treats its clusters, from the environment. */
import { z } from 'zod';
import type { PodIdentity } from './kube-credentials.ts';

const Milliseconds = z.coerce.number().int().min(10);

const podEnv = {
  KUBERNETES_SERVICE_HOST: z.string().optional().describe('set in every pod; for inCluster'),
  KUBERNETES_SERVICE_PORT: z.coerce.number().int().min(1).max(65_535).optional().describe('set in every pod; for inCluster'),
  SERVICE_ACCOUNT_FOLDER: z
    .string()
    .default('/var/run/secrets/kubernetes.io/serviceaccount')
    .describe('where the pod finds its own token and ca.crt; for inCluster'),
};
const PodEnv = z.object(podEnv);

export const clusterEnv = {
  CLUSTERS_FILE: z
    .string()
    .describe(
      'YAML or JSON list of {name, region, kubeconfig, context?}, {name, region, inCluster: true} or {name, region, endpoint, credentials: google, ca?}, each with namespace, weight?, drain?, udpEdge?, fleets?',
    ),
  CLUSTERS_POLL_MS: Milliseconds.default(10_000).describe('the clusters file is looked at this often, beside the watch on its folder'),
  CLUSTER_ASKS: z.coerce.number().int().min(1).max(256).default(24).describe('asks at once at one cluster, where there are several'),
  CLUSTER_SILENT_MS: Milliseconds.default(90_000).describe(
    'a watch without a byte for so long is dead; clusters send a bookmark each minute',
  ),
  CLUSTER_PAGE_SIZE: z.coerce.number().int().min(1).max(5_000).default(500).describe('game servers per answer of a list'),
  CLUSTER_PROBE_MS: Milliseconds.default(5_000).describe('a cluster that is away is probed at least this often'),
  CLUSTER_LEAVE_MS: Milliseconds.default(15_000).describe('a cluster that was taken out of the file is kept for what is under way there'),
  ...podEnv,
};

/** Undefined outside of a pod. */
export function podIdentityOf(env: z.infer<typeof PodEnv>): PodIdentity | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, SERVICE_ACCOUNT_FOLDER: folder } = env;
  return host === undefined || port === undefined ? undefined : { host, port, folder };
}

export interface ClusterSettings {
  readonly silentMs: number;
  readonly pageSize: number;
  /** Longest wait between two probes of a cluster that is away. */
  readonly probeMs: number;
  /** Asks that may be under way at one cluster. */
  readonly asksAtOnce: () => number;
}
