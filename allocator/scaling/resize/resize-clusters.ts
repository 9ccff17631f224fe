/** Resizing in all clusters, by one process at a time. */
import type { Log } from '../../../runtime/log.ts';
import type { AgonesCluster } from '../../clusters/agones-cluster.ts';
import type { LiveClusters } from '../../clusters/cluster-registry.ts';
import type { ResizeMetrics } from './resize-metrics.ts';
import { Resizer, type ResizerParts } from './resizer.ts';

export interface ResizeParts extends Pick<ResizerParts, 'owner' | 'seats' | 'limits' | 'now'> {
  readonly registry: LiveClusters;
  readonly metrics: ResizeMetrics;
  readonly log: Log;
}

/** @returns what to run while the lease is held. */
export function resizeClusters({ registry, metrics, ...parts }: ResizeParts): (signal: AbortSignal) => Promise<void> {
  const resizers = new Map<AgonesCluster, Resizer>();
  const isListed = (cluster: AgonesCluster) => registry.clusters.get(cluster.config.name) === cluster;
  let begin: ((resizer: Resizer) => void) | undefined;
  registry.onAdded((cluster) => {
    // A cluster that was let go is another object when it is listed again.
    for (const known of resizers.keys()) if (!isListed(known)) resizers.delete(known);
    const resizer = new Resizer({ ...parts, cluster, listed: () => isListed(cluster), metrics });
    resizers.set(cluster, resizer);
    begin?.(resizer);
  });
  metrics.observe(() => [...resizers.values()].flatMap((resizer) => resizer.reading ?? []));
  return async (signal) => {
    const failing = new AbortController();
    const ending = AbortSignal.any([signal, failing.signal]);
    const running: Promise<void>[] = [];
    begin = (resizer) => void running.push(resizer.run(ending).catch((cause: unknown) => failing.abort(cause)));
    for (const resizer of resizers.values()) begin(resizer);
    await new Promise<void>((resolve) => {
      if (ending.aborted) resolve();
      ending.addEventListener('abort', () => resolve(), { once: true });
    });
    begin = undefined;
    await Promise.all(running);
    if (!signal.aborted) throw failing.signal.reason;
  };
}
