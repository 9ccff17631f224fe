/** A kustomize folder, as far as ours go (`resources` of plain YAML, `namespace`), applied server-side. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { KubeClient } from '../agones/kube/kube-client.ts';

const Kustomization = z.strictObject({
  apiVersion: z.string(),
  kind: z.literal('Kustomization'),
  namespace: z.string().optional(),
  resources: z.array(z.string()),
});

const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type Manifest = z.infer<typeof Manifest>;

const Discovery = z.object({ resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })) });

/** @throws for a kustomization that uses more than is understood here. */
export async function readKustomization(folder: string): Promise<Manifest[]> {
  const { resources, namespace } = Kustomization.parse(parse(await readFile(path.join(folder, 'kustomization.yaml'), 'utf8')));
  const files = await Promise.all(resources.map((file) => readFile(path.join(folder, file), 'utf8')));
  return files
    .flatMap((text) => parseAllDocuments(text).map((document) => Manifest.parse(document.toJS())))
    .map((manifest) => ({ ...manifest, metadata: { ...(namespace === undefined ? {} : { namespace }), ...manifest.metadata } }));
}

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
