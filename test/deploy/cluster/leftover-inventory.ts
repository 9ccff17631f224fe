/** What `gcloud compute … list --format=json` tells of one environment's Gateway, with the fields that decide. */
import { PROJECT } from './deployment-under-test.ts';

const url = (path: string): string => `https://www.googleapis.com/compute/v1/projects/${PROJECT}/${path}`;

/** @param hash by which GKE tells clusters apart. @returns collection → what is in it. */
export function inventoryOf(name: string, address: string, hash: string): Readonly<Record<string, readonly object[]>> {
  const edge = `gkegw1-${hash}-lifeverse-services-lifeverse`;
  const service = `gkegw1-${hash}-lifeverse-services-allocator-8443`;
  const group = `k8s1-${hash}-lifeverse-services-allocator-8443`;
  const network = url(`global/networks/${name}`);
  const backend = url(`global/backendServices/${service}`);
  const groupLink = url(`zones/europe-west1-b/networkEndpointGroups/${group}`);
  return {
    'forwarding-rules': [
      { name: edge, selfLink: url(`global/forwardingRules/${edge}`), IPAddress: address, target: url(`global/targetHttpsProxies/${edge}`) },
    ],
    'target-https-proxies': [
      {
        name: edge,
        selfLink: url(`global/targetHttpsProxies/${edge}`),
        certificateMap: `//certificatemanager.googleapis.com/projects/${PROJECT}/locations/global/certificateMaps/${name}`,
        sslPolicy: url(`global/sslPolicies/${name}`),
        urlMap: url(`global/urlMaps/${edge}`),
      },
    ],
    'url-maps': [
      {
        name: edge,
        selfLink: url(`global/urlMaps/${edge}`),
        pathMatchers: [
          { name: 'host', routeRules: [{ routeAction: { weightedBackendServices: [{ backendService: backend, weight: 1 }] } }] },
        ],
      },
    ],
    'backend-services': [
      {
        name: service,
        selfLink: backend,
        securityPolicy: url(`global/securityPolicies/${name}-api`),
        healthChecks: [url(`global/healthChecks/${service}`)],
        backends: [{ group: groupLink }],
      },
    ],
    'health-checks': [{ name: service, selfLink: url(`global/healthChecks/${service}`), type: 'HTTPS' }],
    'network-endpoint-groups': [{ name: group, selfLink: groupLink, network, networkEndpointType: 'GCE_VM_IP_PORT' }],
    'firewall-rules': [{ name: `gkegw1-l7-${name}`, selfLink: url(`global/firewalls/gkegw1-l7-${name}`), network }],
  };
}
