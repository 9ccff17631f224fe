/** The scheduler: gives every pod without a node one, and looks again when something changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isConflict, isNotFound } from '../agones/kube/kube-client.ts';
import type { KubeClient } from '../agones/kube/kube-client.ts';
import type { WatchCache } from '../agones/kube/watch-cache.ts';
import type { Log } from '../agones/log.ts';
import { chooseNode } from './choose-node.ts';
import { isFinished } from './pod.ts';
import type { Pod } from './pod.ts';
import type { NodesNow } from './register-nodes.ts';

export interface BinderParts {
  readonly client: KubeClient;
  readonly pods: WatchCache<Pod>;
  readonly nodes: NodesNow;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** A node may be uncordoned, which no pod's change tells of; it is looked at again so often, only while a pod waits. */
const LOOK_AGAIN_MS = 2_000;

export function bindPods(parts: BinderParts): { look(): void } {
  let looking = false;
  let again = false;
  /** Bound by us, though the watch may not have told yet. */
  const bound = new Map<string, string>();

  const round = async (): Promise<boolean> => {
    const waiting = [...parts.pods.values()].filter((pod) => needsNode(pod) && !bound.has(pod.metadata.uid));
    if (waiting.length === 0) return false;
    const nodes = await parts.nodes(parts.signal);
    let left = false;
    for (const pod of waiting) {
      const all = [...parts.pods.values()].filter((each) => !isFinished(each));
      const nodeOf = (each: Pod): string | undefined => each.spec.nodeName ?? bound.get(each.metadata.uid);
      const chosen = chooseNode(
        pod,
        nodes.map((node) => ({ ...node, pods: all.filter((each) => nodeOf(each) === node.name).length })),
      );
      if (chosen === undefined) left = true;
      else if (await bind(parts, pod, chosen)) bound.set(pod.metadata.uid, chosen);
    }
    const known = new Set([...parts.pods.values()].map((pod) => pod.metadata.uid));
    for (const uid of bound.keys()) if (!known.has(uid)) bound.delete(uid);
    return left;
  };

  const work = async (): Promise<void> => {
    while (again && !parts.signal.aborted) {
      again = false;
      const left = await round().catch((error: unknown) => {
        if (!parts.signal.aborted) parts.log.warn('pods could not be bound', { error });
        return true;
      });
      if (left) {
        await sleep(LOOK_AGAIN_MS, undefined, { signal: parts.signal }).catch(() => undefined);
        again = true;
      }
    }
    looking = false;
  };

  return {
    look() {
      again = true;
      if (looking) return;
      looking = true;
      void work();
    },
  };
}

function needsNode(pod: Pod): boolean {
  const { spec, metadata } = pod;
  return (
    spec.nodeName === undefined &&
    spec.schedulerName === 'default-scheduler' &&
    metadata.deletionTimestamp === undefined &&
    !isFinished(pod)
  );
}

async function bind({ client, signal }: BinderParts, pod: Pod, node: string): Promise<boolean> {
  const { namespace, name, uid } = pod.metadata;
  const body = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  };
  try {
    await client.send({ method: 'POST', path: `/api/v1/namespaces/${namespace}/pods/${name}/binding`, body, signal });
    return true;
  } catch (error) {
    // Gone, or bound by another hand: the watch will tell.
    if (isNotFound(error) || isConflict(error)) return false;
    throw error;
  }
}
