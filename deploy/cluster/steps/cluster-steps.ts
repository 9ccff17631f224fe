/** What is installed into one cluster: Agones, certificates, secrets; then our own layers. Pure. */
import type { CommandLine } from '../command-line.ts';
import { projectOf, type Known, type RegionFolder } from '../known.ts';
import type { Outputs, RegionOutput } from '../outputs.ts';
import { CLUSTER_ROOT, kubeconfigFile, layerFolder, type Layer } from '../paths.ts';
import { deploymentLayer } from '../settings/deployment-layer.ts';
import { SERVICES_NAMESPACE } from '../settings/trusted-issuers.ts';
import { joinAuthorities } from '../settings/join-authorities.ts';
import { kubeconfigOf } from '../settings/kubeconfig.ts';
import { stateBucket } from '../state-bucket.ts';
import type { Step } from './step.ts';
import { terraformCluster, terraformInit, type TerraformPlace } from './terraform-commands.ts';

const MINUTE = 60_000;
/** What our manifests speak of: without these the API server knows none of it. */
const CRDS = [
  'fleets.agones.dev',
  'gameservers.agones.dev',
  'fleetautoscalers.autoscaling.agones.dev',
  'certificates.cert-manager.io',
  'externalsecrets.external-secrets.io',
];
/** Certificate and secret of `fleets/base/services`. */
const AUTHORITY = 'lifeverse-ca';
/** The field manager marks in every object which fields are ours. */
const APPLY = ['apply', '--server-side', '--field-manager=lifeverse-deploy'];

export function kubectl(known: Known, region: string, args: readonly string[], timeoutMs: number): CommandLine {
  const file = kubeconfigFile(known.request.environment, region);
  return { command: 'kubectl', args: [`--kubeconfig=${file}`, ...args], timeoutMs };
}

export function clusterPlace(known: Known, region: string, tree: string): TerraformPlace {
  return { environment: known.request.environment, bucket: stateBucket(known), region, tree };
}

type Reachable = Pick<RegionOutput, 'cluster_name' | 'endpoint' | 'ca'>;

/** The variables of `terraform/cluster`. @param gamePorts as the environment's output tells them */
export function clusterValues(known: Known, region: string, given: Reachable, gamePorts: string): Record<string, string> {
  const version = (chart: string): string => known.pins.charts[chart]?.version ?? `<version of ${chart}>`;
  return {
    project_id: projectOf(known),
    environment: known.request.environment,
    region,
    cluster_name: given.cluster_name,
    cluster_endpoint: given.endpoint,
    cluster_ca: given.ca,
    game_ports: gamePorts,
    agones_chart_version: version('agones'),
    cert_manager_chart_version: version('cert-manager'),
    external_secrets_chart_version: version('external-secrets'),
  };
}

/** For every region, whichever are worked in: the smoke test and releases reach them all. */
export function reachStep(known: Known, region: string, given: Reachable): Step {
  const file = kubeconfigFile(known.request.environment, region);
  return {
    id: `${region}/kubeconfig`,
    what: `Write how ${given.cluster_name} is reached`,
    why: 'kubectl and helm go by the cluster’s DNS endpoint, as whoever is logged in to gcloud; no credential is in the file',
    action: { kind: 'write', files: { [file]: kubeconfigOf(given) } },
    done: { when: 'it is written anew every time' },
    undo: `rm ${file}`,
    lookAt: `KUBECONFIG=${file} kubectl get nodes`,
  };
}

export function installSteps(known: Known, { name: region }: RegionFolder, outputs: Outputs, tree: string): Step[] {
  const given = outputs.regions[region];
  if (given === undefined) return [];
  const { environment } = known.request;
  const place = clusterPlace(known, region, tree);
  const crds = CRDS.map((name) => `crd/${name}`);
  return [
    {
      id: `${region}/install`,
      what: `Apply ${CLUSTER_ROOT} to ${given.cluster_name}: Agones, cert-manager, External Secrets`,
      why: 'fleets, certificates and secrets are made by them',
      action: {
        kind: 'run',
        commands: [terraformInit(place), terraformCluster(place, 'apply', clusterValues(known, region, given, outputs.game_ports))],
      },
      done: { when: 'terraform has nothing to change; applying again then changes nothing' },
      undo: `make destroy-cluster ENV=${environment}`,
      lookAt: `helm --kubeconfig ${kubeconfigFile(environment, region)} list --all --all-namespaces, and the pods in agones-system`,
    },
    {
      id: `${region}/crds`,
      what: `Wait until ${given.cluster_name} knows ${CRDS.length} kinds of resources`,
      why: 'the manifests that follow are of these kinds',
      action: {
        kind: 'run',
        commands: [kubectl(known, region, ['wait', '--for=condition=Established', '--timeout=300s', ...crds], 6 * MINUTE)],
      },
      done: { when: 'all are Established' },
      undo: 'nothing is changed',
      lookAt: `KUBECONFIG=${kubeconfigFile(environment, region)} kubectl get crds`,
    },
  ];
}

/** The authority of the services' certificates, which Agones has to believe when it asks the allocator for sizes. It is no secret. */
export function authoritySteps(known: Known, { name: region, services }: RegionFolder, outputs: Outputs): Step[] {
  const given = outputs.regions[region];
  if (given === undefined || !services) return [];
  const inServices = (...args: string[]): CommandLine => kubectl(known, region, [...args, `--namespace=${SERVICES_NAMESPACE}`], 6 * MINUTE);
  return [
    {
      id: `${region}/authority`,
      what: `Read the authority of the services in ${given.cluster_name}`,
      why: 'Agones asks the allocator how large a fleet is to be, and has to believe its certificate; without it a plain buffer decides',
      action: {
        kind: 'read-authority',
        region,
        commands: [
          inServices('wait', '--for=condition=Ready', '--timeout=300s', `certificate/${AUTHORITY}`),
          inServices('get', 'secret', AUTHORITY, '--output=jsonpath={.data.tls\\.crt}'),
        ],
      },
      done: { when: 'it is read anew every time' },
      undo: 'nothing is changed',
      lookAt: `kubectl --kubeconfig=${kubeconfigFile(known.request.environment, region)} --namespace=${SERVICES_NAMESPACE} describe certificate ${AUTHORITY}`,
    },
  ];
}

/** That of the region's own services; where it has none, those of all the services that may answer it, one behind the other. */
function authorityFor({ authorities }: Known, { name, services }: RegionFolder): string | undefined {
  if (services) return authorities[name];
  const inOrder = Object.entries(authorities).toSorted(([a], [b]) => a.localeCompare(b));
  return joinAuthorities(inOrder.map(([, authority]) => authority));
}

/** @returns none for a layer that the region does not have, or whose images are not known yet and only shown. */
export function layerSteps(layer: Layer, known: Known, folder: RegionFolder, outputs: Outputs): Step[] {
  const { environment } = known.request;
  const region = folder.name;
  const given = outputs.regions[region];
  if (given === undefined || (layer === 'services' && !folder.services)) return [];
  const written = layerFolder(environment, region, layer);
  const images = known.images ?? { registry: outputs.registry, tag: '', images: { '<each image>': '<its digest>' } };
  const { placement } = known;
  const what = layer === 'services' ? 'accounts, allocator, matchmaker, saves and their edge' : 'fleets, autoscalers and policies';
  return [
    {
      id: `${region}/${layer}/settings`,
      what: `Write ${written}`,
      why: 'images by digest, and the addresses that only this deployment knows, on top of the committed manifests',
      action: {
        kind: 'write',
        files: deploymentLayer(layer, { environment, region, outputs, images, placement, authority: authorityFor(known, folder) }),
      },
      done: { when: 'it is written anew every time' },
      undo: `rm -r ${written}`,
      lookAt: `kubectl kustomize ${written}`,
    },
    {
      id: `${region}/${layer}`,
      what: `Apply ${what} to ${given.cluster_name}`,
      why: layer === 'services' ? 'they are the backend of the region' : 'nodes and game servers come up by themselves from here on',
      action: {
        kind: 'run',
        commands: [kubectl(known, region, [...APPLY, `--kustomize=${written}`], 10 * MINUTE)],
      },
      done: { when: 'kubectl diff shows nothing; applying again then changes nothing' },
      undo: `kubectl delete --kustomize=${written}`,
      lookAt: `kubectl kustomize ${written}, and kubectl --kubeconfig=${kubeconfigFile(environment, region)} get events --all-namespaces`,
    },
  ];
}
