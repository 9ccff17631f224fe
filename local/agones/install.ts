/** Puts the stand-in's manifests into a cluster, and waits until the API server serves them. */
import { setTimeout as sleep } from 'node:timers/promises';

import { isConflict, isNotFound, KubeError, type KubeClient } from './kube/kube-client.ts';
import { customResourceManifests, serviceManifests, type Manifest } from './manifests.ts';

/** The API server serves a new custom resource a little after it has accepted its definition: it says so by polling only. */
const POLL_MS = 100;

const COLLECTIONS: Readonly<Record<string, string>> = {
  CustomResourceDefinition: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  Namespace: '/api/v1/namespaces',
  Service: '/api/v1/namespaces/{namespace}/services',
  ServiceAccount: '/api/v1/namespaces/{namespace}/serviceaccounts',
  MutatingWebhookConfiguration: '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
  ValidatingWebhookConfiguration: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  APIService: '/apis/apiregistration.k8s.io/v1/apiservices',
};

/** Installs or renews the definitions, and waits until they are served. */
export async function installCustomResources(client: KubeClient, signal: AbortSignal): Promise<void> {
  const manifests = customResourceManifests();
  for (const manifest of manifests) await put(client, manifest, signal);
  for (const manifest of manifests) {
    const path = `${collectionOf(manifest)}/${manifest.metadata.name}`;
    while (!isEstablished(await client.send({ method: 'GET', path, signal }))) await sleep(POLL_MS, undefined, { signal });
  }
}

/** Installs or renews everything that leads to the stand-in's own listener; call it once that listens. */
export async function installServices(
  client: KubeClient,
  port: number,
  caBundle: string,
  gameNamespaces: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const namespace of gameNamespaces) {
    await put(client, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, signal);
  }
  for (const manifest of serviceManifests(port, caBundle, gameNamespaces)) await put(client, manifest, signal);
}

/** Waits until an allocation sent to the API server reaches the stand-in. */
export async function allocationServed(client: KubeClient, signal: AbortSignal): Promise<void> {
  const asked = { method: 'GET', path: '/apis/allocation.agones.dev/v1', timeoutMs: 2_000, signal } as const;
  for (;;) {
    try {
      await client.send(asked);
      return;
    } catch (error) {
      if (signal.aborted || !(error instanceof KubeError)) throw error;
      await sleep(POLL_MS, undefined, { signal });
    }
  }
}

/** Creates, or takes over what stands there from an earlier run (its port may have changed). */
async function put(client: KubeClient, manifest: Manifest, signal: AbortSignal): Promise<void> {
  const collection = collectionOf(manifest);
  try {
    await client.send({ method: 'POST', path: collection, body: manifest, signal });
  } catch (error) {
    if (!isConflict(error)) throw error;
    const path = `${collection}/${manifest.metadata.name}`;
    const contentType = 'application/merge-patch+json';
    await client.send({ method: 'PATCH', path, contentType, body: manifest, signal }).catch((cause: unknown) => {
      if (!isNotFound(cause)) throw cause;
    });
  }
}

function collectionOf(manifest: Manifest): string {
  const collection = COLLECTIONS[manifest.kind];
  if (collection === undefined) throw new Error(`nobody knows where a ${manifest.kind} goes`);
  return collection.replace('{namespace}', manifest.metadata.namespace ?? 'default');
}

function isEstablished(definition: unknown): boolean {
  const status = fieldOf(definition, 'status');
  const conditions = fieldOf(status, 'conditions');
  return (
    Array.isArray(conditions) &&
    conditions.some((condition) => fieldOf(condition, 'type') === 'Established' && fieldOf(condition, 'status') === 'True')
  );
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
}
