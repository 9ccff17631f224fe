/** Watches how large the game servers' pods are, at the API servers: what a node has given counts, not what was asked for. */
import { podOf } from '../../allocator/scaling/resize/pod-view.ts';
import { meets, type Size } from '../../allocator/scaling/resize/size.ts';
import { KubeClient } from '../agones/kube/kube-client.ts';
import { readKubeConnection } from '../agones/kube/kube-connection.ts';
import { WatchCache } from '../agones/kube/watch-cache.ts';
import type { Log } from '../agones/log.ts';
import type { Pod } from '../agones/resources/pod.ts';
import { PODS } from '../agones/resources/resource.ts';
import type { StackFile } from '../supervisor/stack-file.ts';
import type { Tally } from './tally.ts';

/** @param signal ends the watches. */
export async function followSizes({ clusters }: Pick<StackFile, 'clusters'>, tally: Tally, log: Log, signal: AbortSignal): Promise<void> {
  for (const { kubeconfig } of clusters) {
    const client = new KubeClient(await readKubeConnection(kubeconfig));
    signal.addEventListener('abort', () => client.close(), { once: true });
    const cache = new WatchCache(client, PODS, log);
    cache.onChange((before, after) => {
      const [was, is] = [givenTo(before), givenTo(after)];
      if (was === undefined || is === undefined || after === undefined || meets(was, is)) return;
      if (tally.resizedServers.size === 0)
        tally.say(`${after.metadata.name} is resized with its session: ${wordsOf(was)} → ${wordsOf(is)}`);
      tally.resizedServers.add(after.metadata.name);
    });
    await cache.start(signal);
  }
}

/** Nothing of a pod that runs no game server, or not yet. */
function givenTo(pod: Pod | undefined): Size | undefined {
  return pod === undefined ? undefined : podOf(pod).container(undefined)?.granted;
}

function wordsOf({ requests, limits }: Size): string {
  return `${requests.cpu ?? '?'} of a core, ${requests.memory ?? '?'} to ${limits.memory ?? '?'} of memory`;
}
