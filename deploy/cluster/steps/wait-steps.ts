/** Until it really serves. Pure. */
import type { Edge } from '../edge/look-at-edge.ts';
import { regionsOf, type Known, type RegionFolder } from '../known.ts';
import type { Outputs } from '../outputs.ts';
import { kubeconfigFile } from '../paths.ts';
import { GAME_NAMESPACE } from '../settings/clusters-file.ts';
import { SERVICES_NAMESPACE } from '../settings/trusted-issuers.ts';
import { kubectl } from './cluster-steps.ts';
import type { Step } from './step.ts';

const MINUTE = 60_000;
const UNDONE = 'nothing is changed';

export function waitSteps(known: Known, outputs: Outputs): Step[] {
  const regions = regionsOf(known).filter(({ name }) => outputs.regions[name] !== undefined);
  const withServices = regions.filter(({ services }) => services);
  return [
    ...withServices.map((region) => secretsArrive(known, region)),
    ...withServices.map((region) => servicesAvailable(known, region)),
    ...regions.map((region) => fleetsReady(known, region)),
    ...publicSteps(outputs),
  ];
}

function inRegion(known: Known, region: RegionFolder, namespace: string, kind: string) {
  const command = kubectl(known, region.name, ['get', kind, `--namespace=${namespace}`, '--output=json'], MINUTE);
  const pods = kubectl(known, region.name, ['get', 'pods', `--namespace=${namespace}`, '--output=json'], MINUTE);
  const look = `kubectl --kubeconfig=${kubeconfigFile(known.request.environment, region.name)} --namespace=${namespace}`;
  return { command, pods, look };
}

function secretsArrive(known: Known, region: RegionFolder): Step {
  const { command, look } = inRegion(known, region, SERVICES_NAMESPACE, 'externalsecrets.external-secrets.io');
  return {
    id: `${region.name}/secrets-arrive`,
    what: `Wait until the secrets of the services are in ${region.name}`,
    why: 'no service starts without its database’s address and its key',
    action: { kind: 'wait', until: { judge: 'external-secrets', command, withinMs: 10 * MINUTE } },
    done: { when: 'every ExternalSecret is Ready' },
    undo: UNDONE,
    lookAt: `${look} describe externalsecrets`,
  };
}

function servicesAvailable(known: Known, region: RegionFolder): Step {
  const { command, pods, look } = inRegion(known, region, SERVICES_NAMESPACE, 'deployments.apps');
  return {
    id: `${region.name}/services-available`,
    what: `Wait until the services in ${region.name} are Available`,
    why: 'a game server is claimed through them',
    action: { kind: 'wait', until: { judge: 'deployments', command, pods, withinMs: 15 * MINUTE } },
    done: { when: 'every Deployment has rolled out and is Available' },
    undo: UNDONE,
    lookAt: `${look} get pods, then describe and logs of those that are not Ready`,
  };
}

function fleetsReady(known: Known, region: RegionFolder): Step {
  const { command, pods, look } = inRegion(known, region, GAME_NAMESPACE, 'fleets.agones.dev');
  return {
    id: `${region.name}/fleets-ready`,
    what: `Wait until the fleets in ${region.name} have Ready game servers`,
    why: 'that is what all of it is for; the first node of a pool takes a few minutes',
    action: { kind: 'wait', until: { judge: 'fleets', command, pods, withinMs: 25 * MINUTE } },
    done: { when: 'every fleet that wants game servers has as many as it wants' },
    undo: UNDONE,
    lookAt: `${look} get gameservers,pods, then describe one that is not Ready`,
  };
}

export function edgeOf({ project_id: project, domain, dns_name_servers: zone, api_hosts: hosts, edge_ip: address }: Outputs): Edge {
  return { project, domain, zone, hosts: Object.values(hosts), address };
}

function publicSteps(outputs: Outputs): Step[] {
  const edge = edgeOf(outputs);
  const { hosts, zone: servers } = edge;
  return [
    {
      id: 'delegation',
      what: `Wait until ${outputs.domain} is delegated to its zone`,
      why: 'no certificate is given before the world finds the zone; at the registrar, only you can do that',
      action: { kind: 'wait', until: { judge: 'delegation', edge, withinMs: 15 * MINUTE } },
      done: { when: `the name servers of ${outputs.domain} are ${servers.join(', ')}` },
      undo: UNDONE,
      lookAt: `where ${outputs.domain} is registered: its name servers are to be ${servers.join(', ')}`,
    },
    {
      id: 'hosts',
      what: `Wait until ${hosts.length} hosts resolve to ${outputs.edge_ip}`,
      why: 'bridges and players find the backend by name',
      action: { kind: 'wait', until: { judge: 'hosts', edge, withinMs: 15 * MINUTE } },
      done: { when: 'each resolves to that address' },
      undo: UNDONE,
      lookAt: `gcloud dns record-sets list of the zone of ${outputs.domain}`,
    },
    {
      id: 'https',
      what: 'Wait until the public API answers under its certificate',
      why: 'Google gives the certificate when the names resolve: up to an hour, most often ten minutes',
      action: { kind: 'wait', until: { judge: 'https', edge, withinMs: 60 * MINUTE } },
      done: { when: 'every host answers HTTPS with a certificate that is believed' },
      undo: UNDONE,
      lookAt: 'gcloud certificate-manager certificates list, and the health of the backends: gcloud compute backend-services list',
    },
  ];
}
