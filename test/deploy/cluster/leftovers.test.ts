import assert from 'node:assert/strict';
import { computeThings, KINDS, type OwnNames } from '../../../deploy/cluster/leftovers/compute-thing.ts';
import { leftoversOf, showThing } from '../../../deploy/cluster/leftovers/leftovers-of.ts';
import { EDGE, PROJECT } from './deployment-under-test.ts';
import { inventoryOf } from './leftover-inventory.ts';

const DEV = { project: PROJECT, name: 'lifeverse-dev', address: EDGE };
const STAGING = { project: PROJECT, name: 'lifeverse-staging', address: '203.0.113.99' };

function leftovers(own: OwnNames, inventory: Readonly<Record<string, readonly unknown[]>>, hasClusters = true) {
  const things = KINDS.flatMap((kind) => computeThings(kind, JSON.stringify(inventory[kind.collection] ?? []), own));
  const { own: mine, foreign } = leftoversOf(things, own, hasClusters);
  return { own: mine.map(showThing), foreign: foreign.map(showThing) };
}

describe('deploy: what GKE’s controllers leave', () => {
  const both = { dev: inventoryOf('lifeverse-dev', EDGE, 'a1'), staging: inventoryOf('lifeverse-staging', '203.0.113.99', 'b2') };
  const merged = Object.fromEntries(
    KINDS.map(({ collection }) => [collection, [...(both.dev[collection] ?? []), ...(both.staging[collection] ?? [])]]),
  );

  it('is found from the address to the endpoint groups, in an order in which it can be deleted', () => {
    assert.deepEqual(leftovers(DEV, merged).own, [
      'forwarding rule gkegw1-a1-lifeverse-services-lifeverse',
      'HTTPS proxy gkegw1-a1-lifeverse-services-lifeverse',
      'URL map gkegw1-a1-lifeverse-services-lifeverse',
      'backend service gkegw1-a1-lifeverse-services-allocator-8443',
      'health check gkegw1-a1-lifeverse-services-allocator-8443',
      'endpoint group k8s1-a1-lifeverse-services-allocator-8443',
      'firewall rule gkegw1-l7-lifeverse-dev',
    ]);
  });

  it('is never another environment’s in the same project', () => {
    assert.ok(leftovers(STAGING, merged).own.every((told) => told.includes('b2') || told.includes('lifeverse-staging')));
    assert.equal(leftovers(STAGING, merged).own.length, 7);
    assert.deepEqual(leftovers({ ...DEV, name: 'lifeverse-prod', address: '203.0.113.1' }, merged), { own: [], foreign: [] });
    assert.deepEqual(
      leftovers({ ...DEV, project: 'another-project', name: 'lifeverse-dev' }, { 'firewall-rules': merged['firewall-rules'] ?? [] }).own,
      [],
    );
  });

  it('is found whichever part of the chain is gone, and without the address', () => {
    for (const gone of [
      [],
      ['forwarding-rules'],
      ['forwarding-rules', 'target-https-proxies'],
      ['forwarding-rules', 'target-https-proxies', 'url-maps'],
    ]) {
      const rest = Object.fromEntries(Object.entries(merged).filter(([collection]) => !gone.includes(collection)));
      assert.equal(leftovers({ ...DEV, address: undefined }, rest).own.length, 7 - gone.length, gone.join(', '));
    }
  });

  it('is never what Terraform or a person made, and nothing is found through a person’s things', () => {
    const url = (path: string) => `https://www.googleapis.com/compute/v1/projects/${PROJECT}/${path}`;
    const network = url('global/networks/lifeverse-dev');
    const backend = url('global/backendServices/gkegw1-a1-lifeverse-services-allocator-8443');
    const other = url('global/backendServices/gkegw1-b2-lifeverse-services-allocator-8443');
    const found = leftovers(DEV, {
      ...merged,
      'firewall-rules': [
        { name: 'lifeverse-dev-deny-ingress', selfLink: url('global/firewalls/lifeverse-dev-deny-ingress'), network },
        { name: 'office-ssh', selfLink: url('global/firewalls/office-ssh'), network },
        { name: 'gke-lifeverse-dev-europe-abc-all', selfLink: url('global/firewalls/gke-lifeverse-dev-europe-abc-all'), network },
      ],
      'forwarding-rules': [
        ...(merged['forwarding-rules'] ?? []),
        { name: 'lifeverse-dev-atlas', selfLink: url('regions/europe-west1/forwardingRules/lifeverse-dev-atlas'), network },
        { name: 'sca-auto-fr-1', selfLink: url('regions/europe-west1/forwardingRules/sca-auto-fr-1'), network },
      ],
      // It leads to both environments.
      'url-maps': [{ name: 'by-hand', selfLink: url('global/urlMaps/by-hand'), tests: [{ service: backend }, { service: other }] }],
    });
    assert.deepEqual(found.foreign, ['firewall rule office-ssh']);
    assert.ok(
      found.own.every((told) => !told.includes('b2') && !/lifeverse-dev-(deny|atlas)|gke-lifeverse|by-hand/.test(told)),
      found.own.join('\n'),
    );
  });

  it('are a cluster’s own rules too, when no cluster is left', () => {
    const network = `https://www.googleapis.com/compute/v1/projects/${PROJECT}/global/networks/lifeverse-dev`;
    const rules = { 'firewall-rules': [{ name: 'gke-lifeverse-dev-europe-abc-all', selfLink: 'https://c/gke-all', network }] };
    assert.deepEqual(leftovers(DEV, rules, true).own, []);
    assert.deepEqual(leftovers(DEV, rules, false).own, ['firewall rule gke-lifeverse-dev-europe-abc-all']);
  });
});
