/** Manifests, applied server-side. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isNotFound, type KubeClient } from '../agones/kube/kube-client.ts';
import type { Manifest } from '../kustomize/render-folder.ts';

const Discovery = z.object({ resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })) });

const POLL_MS = 100;
const KNOWN_MS = 60_000;

/** One after the other, in the order given: a namespace comes before what is in it. */
export async function applyManifests(client: KubeClient, manifests: readonly Manifest[], signal: AbortSignal): Promise<void> {
  for (const manifest of manifests) {
    const { name, namespaced } = await resourceOf(client, manifest, signal);
    const { namespace, ...metadata } = manifest.metadata;
    const collection = `${root(manifest)}${namespaced ? `/namespaces/${namespace ?? 'default'}` : ''}/${name}`;
    await client.send({
      method: 'PATCH',
      path: `${collection}/${manifest.metadata.name}?fieldManager=lifeverse-local&force=true`,
      contentType: 'application/apply-patch+yaml',
      body: { ...manifest, metadata: namespaced ? { namespace: namespace ?? 'default', ...metadata } : metadata },
      signal,
    });
  }
}

/** A definition that is established is told of a moment later, on a busy machine many of them: polled until then. */
async function resourceOf(client: KubeClient, manifest: Manifest, signal: AbortSignal): Promise<{ name: string; namespaced: boolean }> {
  for (const end = performance.now() + KNOWN_MS; ; await sleep(POLL_MS, undefined, { signal })) {
    const answer = await client.send({ method: 'GET', path: root(manifest), signal }).catch((cause: unknown) => {
      if (isNotFound(cause)) return { resources: [] };
      throw cause;
    });
    const found = Discovery.parse(answer).resources.find(({ kind, name }) => kind === manifest.kind && !name.includes('/'));
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`The cluster knows no ${manifest.kind} of ${manifest.apiVersion}`);
  }
}

function root({ apiVersion }: Manifest): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
