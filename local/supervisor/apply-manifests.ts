/** Manifests, applied server-side. */
import { z } from 'zod';
import type { KubeClient } from '../agones/kube/kube-client.ts';
import type { Manifest } from '../kustomize/render-folder.ts';

const Discovery = z.object({ resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })) });

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

async function resourceOf(client: KubeClient, manifest: Manifest, signal: AbortSignal): Promise<{ name: string; namespaced: boolean }> {
  const { resources } = Discovery.parse(await client.send({ method: 'GET', path: root(manifest), signal }));
  const found = resources.find((resource) => resource.kind === manifest.kind && !resource.name.includes('/'));
  if (found === undefined) throw new Error(`The cluster knows no ${manifest.kind} of ${manifest.apiVersion}`);
  return found;
}

function root({ apiVersion }: Manifest): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
