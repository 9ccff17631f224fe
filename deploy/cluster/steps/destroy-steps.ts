/** Taking an environment away: first what Kubernetes made outside of Terraform's knowledge, then what Terraform made. Pure. */
import type { CommandLine } from '../command-line.ts';
import { regionsOf, type Known, type RegionFolder } from '../known.ts';
import type { Outputs } from '../outputs.ts';
import { kubeconfigFile } from '../paths.ts';
import { GAME_NAMESPACE } from '../settings/clusters-file.ts';
import { SERVICES_NAMESPACE } from '../settings/trusted-issuers.ts';
import { clusterPlace, clusterValues, kubectl, reachStep } from './cluster-steps.ts';
import { infrastructurePlace } from './infrastructure-steps.ts';
import type { Question, Step } from './step.ts';
import { terraformApplyPlan, terraformCluster, terraformInit, terraformPlan, terraformShowPlan } from './terraform-commands.ts';

const MINUTE = 60_000;
const GONE = 'nothing: what is gone is gone; make deploy-cluster makes it anew, and data comes back from a backup only';

/** @returns none where Terraform knows of nothing. */
export function planDestroy(known: Known, tree: string): Step[] {
  const { outputs } = known;
  if (outputs === undefined) return [];
  const place = infrastructurePlace(known, tree);
  return [
    ...regionsOf(known).flatMap((region) => emptyCluster(known, region, outputs, tree)),
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

function emptyCluster(known: Known, { name: region }: RegionFolder, outputs: Outputs, tree: string): Step[] {
  const given = outputs.regions[region];
  if (given === undefined) return [];
  const { environment } = known.request;
  const { cluster_name: cluster } = given;
  const absent: Question = {
    command: gcloud(outputs, 'container', 'clusters', 'list', `--filter=name=${cluster}`, '--format=value(name)'),
    yes: 'prints-nothing',
  };
  const place = clusterPlace(known, region, tree);
  const delete_ = (...args: string[]): CommandLine =>
    kubectl(known, region, ['delete', ...args, '--ignore-not-found', '--timeout=15m'], 16 * MINUTE);
  const lookAt = `kubectl --kubeconfig=${kubeconfigFile(environment, region)} get namespaces,services,persistentvolumeclaims --all-namespaces; one that stays has a finalizer, and its events say who it waits for`;
  const unless = `the cluster ${cluster} is not there any more, or`;
  return [
    reachStep(known, region, given),
    {
      id: `${region}/made-by-kubernetes`,
      what: `End every session in ${cluster}, and delete its namespaces, load balancers and volumes`,
      why: 'load balancers, endpoint groups and disks are made by controllers: Terraform does not know of them, and they would stay and cost',
      action: {
        kind: 'run',
        commands: [
          delete_('namespace', GAME_NAMESPACE, SERVICES_NAMESPACE),
          delete_('services', '--all-namespaces', '--field-selector=spec.type=LoadBalancer'),
          delete_('ingresses.networking.k8s.io', '--all', '--all-namespaces'),
          delete_('persistentvolumeclaims', '--all', '--all-namespaces'),
        ],
      },
      done: { when: `${unless} kubectl finds none`, asked: absent },
      undo: GONE,
      lookAt,
    },
    {
      id: `${region}/uninstall`,
      what: `Uninstall Agones, cert-manager and External Secrets from ${cluster}`,
      why: 'after the namespaces, which their controllers had to clear',
      action: {
        kind: 'run',
        commands: [terraformInit(place), terraformCluster(place, 'destroy', clusterValues(known, region, outputs, given))],
      },
      done: { when: `${unless} its state is empty`, asked: absent },
      undo: GONE,
      lookAt: `helm --kubeconfig ${kubeconfigFile(environment, region)} list --all --all-namespaces`,
    },
    {
      id: `${region}/disks`,
      what: `Delete the disks that volumes of ${cluster} left`,
      why: 'a volume with the policy Retain leaves its disk; those that a node uses go with their node',
      action: {
        kind: 'each',
        list: gcloud(
          outputs,
          'compute',
          'disks',
          'list',
          `--filter=labels.goog-k8s-cluster-name=${cluster} -users:*`,
          '--format=value(selfLink)',
        ),
        command: gcloud(outputs, 'compute', 'disks', 'delete', '--quiet'),
      },
      done: { when: 'gcloud lists none' },
      undo: GONE,
      lookAt: 'gcloud compute disks list; a disk that is attached goes with its node',
    },
  ];
}

function gcloud({ project_id: project }: Outputs, ...args: string[]): CommandLine {
  return { command: 'gcloud', args: [...args, `--project=${project}`], timeoutMs: 10 * MINUTE };
}
