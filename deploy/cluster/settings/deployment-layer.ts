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
  /** Of the allocators that its autoscalers ask, in base64; absent until it is read. */
  readonly authority: string | undefined;
}

/** Registry of the names in committed manifests: nothing can be pulled from there by itself. */
const PLACEHOLDER = 'lifeverse.invalid';

/** @returns file → content, relative to the root of the tree. */
export function deploymentLayer(layer: Layer, parts: LayerParts): Record<string, string> {
  const folder = layerFolder(parts.environment, parts.region, layer);
  const { name, namespace, literals, files } = layer === 'services' ? servicesMap(parts) : backendMap(parts);
  const toTree = '../../../..';
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [`${toTree}/${regionFolders(parts.environment)}/${parts.region}/${layer}`],
    components: [
      `${toTree}/fleets/components/deployment/${layer}`,
      ...edgeOf(layer, parts).map((name) => `${toTree}/fleets/components/${name}`),
    ],
    images: imagesOf(parts.images),
    configMapGenerator: [
      {
        name,
        namespace,
        behavior: 'merge',
        literals: Object.entries(literals).map(([key, value]) => `${key}=${value}`),
        ...(Object.keys(files).length === 0 ? {} : { files: Object.keys(files) }),
      },
    ],
  };
  return {
    [`${folder}/kustomization.yaml`]: stringify(kustomization, { lineWidth: 0 }),
    ...Object.fromEntries(Object.entries(files).map(([file, content]) => [`${folder}/${file}`, content])),
  };
}

/** The components of a region with UDP proxies. */
function edgeOf(layer: Layer, { outputs, region }: LayerParts): string[] {
  return layer === 'game-servers' && outputs.quilkin_addresses[region] !== undefined ? ['udp-proxies'] : [];
}

/** By digest, so that what runs is what was built, whatever becomes of the tag. */
function imagesOf({ registry, images }: BuiltImages) {
  return Object.entries(images)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, digest]) => ({ name: `${PLACEHOLDER}/${name}`, newName: `${registry}/${name}`, digest }));
}

interface ConfigMap {
  readonly name: string;
  readonly namespace: string;
  readonly literals: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
}

/** Bridges reach the backend by its public names, under certificates that everybody believes: no `ca.crt` is needed. */
function backendMap({ outputs, authority, region }: LayerParts): ConfigMap {
  const edge = outputs.quilkin_addresses[region];
  const literals = {
    PROJECT_ID: outputs.project_id,
    ALLOCATOR_URL: `https://${outputs.api_hosts.allocator}`,
    SAVES_URL: `https://${outputs.api_hosts.saves}`,
    ...(authority === undefined ? {} : { AUTOSCALER_CA: authority }),
    ...(edge === undefined ? {} : { UDP_EDGE_ADDRESS: edge }),
  };
  return { name: 'lifeverse-backend', namespace: GAME_NAMESPACE, literals, files: {} };
}

function servicesMap({ outputs, placement }: LayerParts): ConfigMap {
  const literals = {
    PROJECT_ID: outputs.project_id,
    DOMAIN: outputs.domain,
    ALLOCATOR_ISSUER: `https://${outputs.api_hosts.allocator}`,
    ACCOUNTS_ISSUER: `https://${outputs.api_hosts.accounts}`,
  };
  const files = {
    'clusters.yaml': clustersFile(outputs, placement),
    'trusted-issuers.json': `${JSON.stringify(trustedIssuers(outputs), null, 2)}\n`,
  };
  return { name: 'lifeverse-deployment', namespace: SERVICES_NAMESPACE, literals, files };
}
