/** A control plane that asks for rights (RBAC), with Agones' stand-in and other people's resources, into which manifests are applied. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { installCustomResources } from '../../local/agones/install.ts';
import { KubeClient, KubeError } from '../../local/agones/kube/kube-client.ts';
import { readKubeConnection } from '../../local/agones/kube/kube-connection.ts';
import { startCluster } from '../../local/cluster/start-cluster.ts';
import type { RunningCluster } from '../../local/cluster/start-cluster.ts';
import { Manifest, readManifests } from '../../local/kustomize/render-folder.ts';
import { customResourcesPart } from '../../local/parts/custom-resources-part.ts';
import { obtainParts } from '../../local/parts/obtain-parts.ts';
import { serviceExportPart } from '../../local/parts/service-export-part.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { testStack } from '../../local/testing.ts';
import { startStandInOn } from '../conformance/agones/stand-in-on.ts';
import { serviceExportDefinition } from './service-export.ts';

export interface FleetsCluster {
  readonly cluster: RunningCluster;
  readonly client: KubeClient;
  /** What the API server says against a manifest, applied strictly; undefined: nothing. */
  refusal(manifest: Manifest, dryRun?: boolean): Promise<string | undefined>;
  stop(): Promise<void>;
}

export async function startFleetsCluster(): Promise<FleetsCluster> {
  const stack = await testStack();
  const [definitions, serviceExport] = await obtainParts([customResourcesPart, serviceExportPart], stack.around);
  if (definitions === undefined || serviceExport === undefined) throw new Error('the definitions were not obtained');
  const name = 'fleets';
  const cluster = await startCluster({ ...stack, name, folder: path.join(stack.folder, name), authorizationMode: 'RBAC' });
  const connection = await readKubeConnection(cluster.kubeconfig);
  const client = new KubeClient(connection);
  await installCustomResources(client, stack.around.signal);
  const standIn = await startStandInOn(cluster, connection, ['lifeverse']);
  const exported = Manifest.parse(serviceExportDefinition(await readFile(serviceExport, 'utf8')));
  await define(client, [...readManifests(await readFile(definitions, 'utf8')), exported]);
  return {
    cluster,
    client,
    refusal: (manifest, dryRun = true) => refusalOf(client, manifest, dryRun),
    stop: async () => {
      client.close();
      await standIn.stop();
      await cluster.stop();
    },
  };
}

/** Custom resources of others, until they are served. */
async function define(client: KubeClient, definitions: readonly Manifest[]): Promise<void> {
  const at = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  await Promise.all(definitions.map((body) => client.send({ method: 'POST', path: at, body, timeoutMs: 60_000 })));
  for (const { metadata } of definitions) {
    await waitUntil(
      async () =>
        JSON.stringify(await client.send({ method: 'GET', path: `${at}/${metadata.name}` })).includes('"Established","status":"True"'),
      {
        what: `${metadata.name} is served`,
        deadlineMs: 180_000,
        signal: new AbortController().signal,
        everyMs: 100,
      },
    );
  }
}

async function refusalOf(client: KubeClient, manifest: Manifest, dryRun: boolean): Promise<string | undefined> {
  const { apiVersion, kind, metadata } = manifest;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = PLURALS[kind] ?? `${kind.toLowerCase()}s`;
  const namespace = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  const query = `fieldManager=test&force=true&fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`;
  try {
    await client.send({
      method: 'PATCH',
      path: `${root}${namespace}/${plural}/${metadata.name}?${query}`,
      contentType: 'application/apply-patch+yaml',
      body: manifest,
      timeoutMs: 60_000,
    });
    return undefined;
  } catch (error) {
    if (error instanceof KubeError) return `${String(error.status)} ${error.message}`;
    throw error;
  }
}

const PLURALS: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networkpolicies',
  PriorityClass: 'priorityclasses',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  GCPBackendPolicy: 'gcpbackendpolicies',
  GCPGatewayPolicy: 'gcpgatewaypolicies',
  HealthCheckPolicy: 'healthcheckpolicies',
};
