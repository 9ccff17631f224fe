/** What a kubelet writes about its pods. Every write names the pod's uid: another pod may have taken the name since. */
import { isConflict, isNotFound } from '../agones/kube/kube-client.ts';
import type { KubeClient } from '../agones/kube/kube-client.ts';
import { seconds } from './container-view.ts';
import type { Pod } from './pod.ts';

export interface PodWrites {
  status(pod: Pod, status: Readonly<Record<string, unknown>>): Promise<void>;
  remove(pod: Pod): Promise<void>;
  /** Its containers did not survive the node. */
  reportLost(pod: Pod, now: Date): Promise<void>;
}

export function podWrites(client: KubeClient): PodWrites {
  const pathOf = (pod: Pod): string => `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}`;
  const writeStatus = async (pod: Pod, status: Readonly<Record<string, unknown>>): Promise<void> => {
    const body = { metadata: { uid: pod.metadata.uid }, status };
    const contentType = 'application/merge-patch+json';
    await client.send({ method: 'PATCH', path: `${pathOf(pod)}/status`, contentType, body }).catch(unlessGone);
  };
  return {
    status: writeStatus,
    async remove(pod) {
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
      await client.send({ method: 'DELETE', path: pathOf(pod), body }).catch(unlessGone);
    },
    async reportLost(pod, now) {
      const at = seconds(now);
      const lost = {
        exitCode: 137,
        reason: 'ContainerStatusUnknown',
        message: 'The container could not be located when the node started',
        finishedAt: at,
      };
      await writeStatus(pod, {
        phase: 'Failed',
        conditions: ['ContainersReady', 'Ready'].map((type) => ({ type, status: 'False', lastTransitionTime: at })),
        containerStatuses: pod.spec.containers.map(({ name, image }) => ({
          name,
          image,
          imageID: image,
          ready: false,
          restartCount: 0,
          state: { terminated: lost },
        })),
      });
    },
  };
}

/** A pod that is gone, or whose name another one has (a conflict on the uid), needs no word about it. */
function unlessGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error;
}
