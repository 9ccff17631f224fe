/** Taking an environment away: first what Kubernetes made outside of Terraform's knowledge, then what Terraform made. Pure. */
import type { CommandLine } from '../command-line.ts';
import { projectOf, type Known } from '../known.ts';
import type { OwnNames } from '../leftovers/compute-thing.ts';
import { kubeconfigFile } from '../paths.ts';
import { GAME_NAMESPACE } from '../settings/clusters-file.ts';
import { SERVICES_NAMESPACE } from '../settings/trusted-issuers.ts';
import type { ReachableCluster, Standing } from '../standing.ts';
import { clusterPlace, clusterValues, kubectl, reachStep } from './cluster-steps.ts';
import { infrastructurePlace } from './infrastructure-steps.ts';
import type { Step } from './step.ts';
import { terraformApplyPlan, terraformCluster, terraformInit, terraformPlan, terraformShowPlan } from './terraform-commands.ts';

const MINUTE = 60_000;
/** Terraform asks for every variable also where it takes away, and uses none. */
const ANY_PORTS = JSON.stringify({ min: 7000, max: 8000 });
const GONE = 'nothing: what is gone is gone; make deploy-cluster makes it anew, and data comes back from a backup only';
/** What has Google make load balancers. A cluster may lack the kinds. */
const ENTRANCES = ['gateways.gateway.networking.k8s.io'];
/** What has Google make endpoint groups and firewall rules for services of other clusters. */
const EXPORTS = ['serviceexports.net.gke.io'];

/** As Terraform's module `environment` names what is one of its kind. */
export function ownNames(known: Known, edgeAddress: string | undefined): OwnNames {
  return { project: projectOf(known), name: `lifeverse-${known.request.environment}`, address: edgeAddress };
}

export function planDestroy(known: Known, { clusters, edgeAddress }: Standing, tree: string): Step[] {
  const place = infrastructurePlace(known, tree);
  const own = ownNames(known, edgeAddress);
  return [
    ...clusters.flatMap((cluster) => [reachStep(known, cluster.region, cluster), closeEntrances(known, cluster)]),
    // One Gateway leads to the services of all clusters: they go after it.
    ...clusters.flatMap((cluster) => emptyCluster(known, cluster, tree)),
    {
      id: 'leftovers',
      what: `Wait until Google has taken down what GKE’s controllers made in ${own.name}, and delete what they left`,
      why: 'a network in which anything is left cannot be deleted, and load balancers and disks cost on',
      action: { kind: 'leftovers', own, hasClusters: clusters.length > 0 },
      done: { when: `nothing by GKE’s names is in the network ${own.name}, behind its address, or behind its certificates` },
      undo: GONE,
      lookAt: 'the names above, in the console’s pages Load balancing, Network endpoint groups and Firewall',
    },
    {
      id: 'infrastructure',
      what: `Destroy the infrastructure of ${known.request.environment}`,
      why: 'clusters, databases, addresses and the zone: all that costs money',
      action: {
        kind: 'infrastructure',
        commands: [terraformInit(place), terraformPlan(place, true), terraformShowPlan(place), terraformApplyPlan(place)],
      },
      done: { when: 'Terraform’s state is empty' },
      undo: GONE,
      lookAt: 'Terraform’s words above: deletion protection, a bucket with retention, or something in the network that others made',
    },
  ];
}

function closeEntrances(known: Known, { region, cluster_name: cluster }: ReachableCluster): Step {
  return {
    id: `${region}/entrances`,
    what: `Delete the Gateways of ${cluster}, and wait for their load balancers`,
    why: 'their controllers take load balancers down only while they run; nobody comes in from here on',
    action: deleteKinds(known, region, ENTRANCES),
    done: { when: 'kubectl finds none: each stays until its load balancer is gone' },
    undo: GONE,
    lookAt: `kubectl --kubeconfig=${kubeconfigFile(known.request.environment, region)} describe gateways --all-namespaces: its events say what Google waits for`,
  };
}

function emptyCluster(known: Known, given: ReachableCluster, tree: string): Step[] {
  const { region, cluster_name: cluster } = given;
  const { environment } = known.request;
  const place = clusterPlace(known, region, tree);
  const delete_ = (...args: string[]): CommandLine =>
    kubectl(known, region, ['delete', ...args, '--ignore-not-found', '--timeout=15m'], 16 * MINUTE);
  const kubeconfig = `--kubeconfig=${kubeconfigFile(environment, region)}`;
  return [
    {
      id: `${region}/exports`,
      what: `Take the services of ${cluster} back from other clusters`,
      why: 'what Google makes for them lies in the network',
      action: deleteKinds(known, region, EXPORTS),
      done: { when: 'kubectl finds none' },
      undo: GONE,
      lookAt: `kubectl ${kubeconfig} describe serviceexports --all-namespaces`,
    },
    {
      id: `${region}/made-by-kubernetes`,
      what: `End every session in ${cluster}, and delete its namespaces, load balancers and volumes`,
      why: 'load balancers, endpoint groups and disks are made by controllers: Terraform does not know of them, and they would stay and cost',
      action: {
        kind: 'run',
        commands: [
          delete_('ingresses.networking.k8s.io', '--all', '--all-namespaces'),
          delete_('namespace', GAME_NAMESPACE, SERVICES_NAMESPACE),
          delete_('services', '--all-namespaces', '--field-selector=spec.type=LoadBalancer'),
          delete_('persistentvolumeclaims', '--all', '--all-namespaces'),
        ],
      },
      done: { when: 'kubectl finds none' },
      undo: GONE,
      lookAt: `kubectl ${kubeconfig} get namespaces,services,persistentvolumeclaims --all-namespaces; one that stays has a finalizer, and its events say who it waits for`,
    },
    {
      id: `${region}/uninstall`,
      what: `Uninstall Agones, cert-manager and External Secrets from ${cluster}`,
      why: 'after the namespaces, which their controllers had to clear',
      action: {
        kind: 'run',
        commands: [terraformInit(place), terraformCluster(place, 'destroy', clusterValues(known, region, given, ANY_PORTS))],
      },
      done: { when: 'its state is empty' },
      undo: GONE,
      lookAt: `helm ${kubeconfig.replace('=', ' ')} list --all --all-namespaces`,
    },
    {
      id: `${region}/disks`,
      what: `Delete the disks that volumes of ${cluster} left`,
      why: 'a volume with the policy Retain leaves its disk; those that a node uses go with their node',
      action: {
        kind: 'each',
        list: gcloud(known, 'disks', 'list', `--filter=labels.goog-k8s-cluster-name=${cluster} -users:*`, '--format=value(selfLink)'),
        command: gcloud(known, 'disks', 'delete', '--quiet'),
      },
      done: { when: 'gcloud lists none' },
      undo: GONE,
      lookAt: 'gcloud compute disks list; a disk that is attached goes with its node',
    },
  ];
}

/** Deleting waits until each is really gone. */
function deleteKinds(known: Known, region: string, kinds: readonly string[]): Step['action'] {
  return {
    kind: 'each',
    list: kubectl(
      known,
      region,
      ['get', 'customresourcedefinitions', '--output=custom-columns=NAME:.metadata.name', '--no-headers'],
      2 * MINUTE,
    ),
    only: kinds,
    command: kubectl(known, region, ['delete', '--all', '--all-namespaces', '--timeout=15m'], 16 * MINUTE),
  };
}

function gcloud(known: Known, ...args: string[]): CommandLine {
  return { command: 'gcloud', args: ['compute', ...args, `--project=${projectOf(known)}`], timeoutMs: 10 * MINUTE };
}
