/** How kubectl and helm reach a cluster: by its DNS endpoint, as whoever is logged in to gcloud. Pure. */
import { stringify } from 'yaml';
import type { RegionOutput } from '../outputs.ts';

/** A file of its own: the engineer's `~/.kube/config` stays as it is. No credential is in it. */
export function kubeconfigOf({ cluster_name: name, endpoint, ca }: Pick<RegionOutput, 'cluster_name' | 'endpoint' | 'ca'>): string {
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1beta1',
    command: 'gke-gcloud-auth-plugin',
    installHint: 'gcloud components install gke-gcloud-auth-plugin',
    provideClusterInfo: true,
    interactiveMode: 'Never',
  };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: endpoint, ...(ca === '' ? {} : { 'certificate-authority-data': ca }) } }],
    users: [{ name, user: { exec } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
}
