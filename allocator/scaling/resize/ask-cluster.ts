/** A request to a cluster beside the path of allocations. */
import type { AgonesCluster } from '../../clusters/agones-cluster.ts';
import type { KubeAnswer, KubeRequest } from '../../clusters/kube-api.ts';

/** Resolves with whatever was answered. @throws AppError when nothing was. */
export type AskCluster = (request: Omit<KubeRequest, 'timeoutMs'>) => Promise<KubeAnswer>;

/** What resizing needs of a cluster. */
export type ResizableCluster = Pick<AgonesCluster, 'config' | 'healthy' | 'census' | 'fleets' | 'askBeside'>;

const ANSWER_MS = 5_000;

export function askCluster(cluster: ResizableCluster, signal: AbortSignal): AskCluster {
  return (request) => cluster.askBeside({ ...request, timeoutMs: ANSWER_MS, signal });
}
