/** The game servers' manifests as this machine runs them: the last layer, as a deployment writes one, over `local/fleets`. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { renderFolder } from '../kustomize/render-folder.ts';
import type { Kustomize, Manifest } from '../kustomize/render-folder.ts';

export interface GameServersParts {
  readonly kustomize: Kustomize;
  readonly tree: string;
  /** As the allocator calls the cluster that they are for. */
  readonly cluster: string;
  /** Where the layer is written; it stays, for whoever wants to look. */
  readonly folder: string;
  readonly backend: { readonly ALLOCATOR_URL: string; readonly SAVES_URL: string };
  readonly caFile: string;
}

export async function renderGameServers({ kustomize, tree, cluster, folder, backend, caFile }: GameServersParts): Promise<Manifest[]> {
  await mkdir(folder, { recursive: true });
  await copyFile(caFile, path.join(folder, 'ca.crt'));
  const fleets = path.relative(folder, path.join(tree, 'local/fleets'));
  const layer = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [fleets],
    components: [path.join(fleets, 'deployment')],
    configMapGenerator: [
      {
        name: 'lifeverse-backend',
        namespace: 'lifeverse',
        behavior: 'merge',
        literals: Object.entries(backend).map(([name, value]) => `${name}=${value}`),
        files: ['ca.crt'],
      },
      {
        name: 'local-cluster',
        literals: [`name=${cluster}`, `AUTOSCALER_CA=${(await readFile(caFile)).toString('base64')}`],
        options: { disableNameSuffixHash: true, annotations: { 'config.kubernetes.io/local-config': 'true' } },
      },
    ],
  };
  await writeFile(path.join(folder, 'kustomization.yaml'), stringify(layer));
  return renderFolder(kustomize, folder);
}
