/** The game servers' manifests as this machine runs them: the last layer, as a deployment writes one, over `local/fleets`. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { renderFolder } from '../kustomize/render-folder.ts';
import type { Kustomize, Manifest } from '../kustomize/render-folder.ts';

export interface GameServersParts {
  readonly kustomize: Kustomize;
  readonly tree: string;
  /** Where the layer is written; it stays, for whoever wants to look. */
  readonly folder: string;
  readonly backend: { readonly ALLOCATOR_URL: string; readonly SAVES_URL: string };
  readonly caFile: string;
}

export async function renderGameServers({ kustomize, tree, folder, backend, caFile }: GameServersParts): Promise<Manifest[]> {
  await mkdir(folder, { recursive: true });
  await copyFile(caFile, path.join(folder, 'ca.crt'));
  const layer = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [path.relative(folder, path.join(tree, 'local/fleets'))],
    configMapGenerator: [
      {
        name: 'lifeverse-backend',
        namespace: 'lifeverse',
        behavior: 'merge',
        literals: Object.entries(backend).map(([name, value]) => `${name}=${value}`),
        files: ['ca.crt'],
      },
    ],
  };
  await writeFile(path.join(folder, 'kustomization.yaml'), stringify(layer));
  return renderFolder(kustomize, folder);
}
