/** The last kustomize layer, which only a deployment knows: its images and its addresses. Pure. */
import { stringify } from 'yaml';
import type { BuiltImages, Placement } from '../known.ts';
import type { Outputs } from '../outputs.ts';
import { layerFolder, regionFolders, type Layer } from '../paths.ts';
import type { Environment } from '../request.ts';
import { clustersFile, GAME_NAMESPACE } from './clusters-file.ts';
import { SERVICES_NAMESPACE, trustedIssuers } from './trusted-issuers.ts';

interface LayerParts {
  readonly environment: Environment;
  readonly region: string;
  readonly outputs: Outputs;
  readonly images: BuiltImages;
  readonly placement: Readonly<Record<string, Placement>>;
}

/** Registry of the names in committed manifests: nothing can be pulled from there by itself. */
const PLACEHOLDER = 'lifeverse.invalid';

/** @returns file → content, relative to the root of the tree. */
export function deploymentLayer(layer: Layer, parts: LayerParts): Record<string, string> {
  const folder = layerFolder(parts.environment, parts.region, layer);
  const map = layer === 'services' ? servicesMap(parts) : backendMap(parts.outputs);
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [`../../../../${regionFolders(parts.environment)}/${parts.region}/${layer}`],
    images: imagesOf(parts.images),
    configMapGenerator: [{ name: map.name, namespace: map.namespace, behavior: 'merge', files: Object.keys(map.files) }],
  };
  return {
    [`${folder}/kustomization.yaml`]: stringify(kustomization),
    ...Object.fromEntries(Object.entries(map.files).map(([name, content]) => [`${folder}/${name}`, content])),
  };
}

/** By digest, so that what runs is what was built, whatever becomes of the tag. */
function imagesOf({ registry, images }: BuiltImages) {
  return Object.entries(images)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, digest]) => ({ name: `${PLACEHOLDER}/${name}`, newName: `${registry}/${name}`, digest }));
}

interface MapOfFiles {
  readonly name: string;
  readonly namespace: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Bridges reach the backend by its public names, under certificates that everybody believes: no authority of ours is needed. */
function backendMap({ api_hosts: hosts }: Outputs): MapOfFiles {
  const files = { ALLOCATOR_URL: `https://${hosts.allocator}`, SAVES_URL: `https://${hosts.saves}` };
  return { name: 'lifeverse-backend', namespace: GAME_NAMESPACE, files };
}

function servicesMap({ outputs, placement }: LayerParts): MapOfFiles {
  const files = {
    ALLOCATOR_ISSUER: `https://${outputs.api_hosts.allocator}`,
    ACCOUNTS_ISSUER: `https://${outputs.api_hosts.accounts}`,
    'clusters.yaml': clustersFile(outputs.regions, placement),
    'trusted-issuers.json': `${JSON.stringify(trustedIssuers(outputs), null, 2)}\n`,
    PROJECT_ID: outputs.project_id,
    DOMAIN: outputs.domain,
  };
  return { name: 'lifeverse-deployment', namespace: SERVICES_NAMESPACE, files };
}
