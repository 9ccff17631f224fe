import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Manifest } from '../../local/kustomize/render-folder.ts';
import { FLEETS, places, render, RENDER_MS } from './rendered.ts';

/** What only a template has. */
const PLACEHOLDER = /\b(CLUSTER|FLEET|REGION|ENV|every-(fleet|service|secret))\b/;

const Autoscaler = z.looseObject({
  spec: z.looseObject({
    policy: z.looseObject({ chain: z.array(z.looseObject({ id: z.string(), webhook: z.looseObject({ url: z.string() }).optional() })) }),
  }),
});
const Certificate = z.looseObject({ spec: z.looseObject({ dnsNames: z.array(z.string()) }) });

describe('fleets/overlays', function () {
  this.timeout(RENDER_MS);

  it('has dev, staging and prod, the last in at least three regions, of which two have services', () => {
    const regions = (env: string) => places().filter((place) => place.env === env).length;
    assert.deepEqual([...new Set(places().map(({ env }) => env))].toSorted(), ['dev', 'prod', 'staging']);
    assert.ok(regions('prod') >= 3);
    assert.ok(places().filter(({ env, folders }) => env === 'prod' && folders.length === 2).length >= 2);
  });

  it('has the regions that Terraform makes by default, and services where it makes what they need', () => {
    for (const env of new Set(places().map((place) => place.env))) {
      const text = readFileSync(path.join(FLEETS, '..', 'terraform/environments', env, 'variables.tf'), 'utf8');
      const made = [...text.matchAll(/"([a-z0-9-]+)"\s*= \{ network_index = \d+, services = (true|false)/g)];
      assert.deepEqual(
        places()
          .filter((place) => place.env === env)
          .map(({ region, folders }) => [region, folders.length === 2])
          .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
        made.map(([, region, services]) => [region, services === 'true']).toSorted(([a], [b]) => String(a).localeCompare(String(b))),
      );
    }
  });

  for (const { env, region, folders } of places()) {
    it(`renders the game servers of ${env} in ${region}, whose autoscalers ask by the cluster’s name`, async () => {
      const manifests = await render(`overlays/${env}/regions/${region}/game-servers`);
      assert.equal(manifests[0]?.kind, 'Namespace');
      const text = JSON.stringify(manifests);
      for (const fleet of ['sample-duel', 'sample-world'])
        assert.ok(text.includes(`:8443/v1/autoscaler/lifeverse-${env}-${region}/${fleet}"`));
      assert.doesNotMatch(text, PLACEHOLDER);
    });

    if (!folders.some((folder) => folder.endsWith('/services'))) continue;
    it(`renders the services of ${env} in ${region}`, async () => {
      const manifests = await render(`overlays/${env}/regions/${region}/services`);
      assert.deepEqual(
        manifests.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name),
        ['accounts', 'allocator', 'matchmaker', 'saves'],
      );
      assert.doesNotMatch(JSON.stringify(manifests), PLACEHOLDER);
    });
  }

  it('has one way in from outside per environment, which leads to every region with services', async () => {
    for (const env of new Set(places().map((place) => place.env))) {
      const folders = places()
        .filter((place) => place.env === env)
        .flatMap((place) => place.folders.filter((folder) => folder.endsWith('/services')));
      const all = await Promise.all(folders.map(render));
      assert.equal(all.flat().filter(({ kind }) => kind === 'Gateway').length, 1, env);
      const exporting = all.filter((manifests) => exportsIn(manifests).length === 4).length;
      assert.equal(exporting, folders.length > 1 ? folders.length : 0, env);
    }
  });

  for (const { env, region, folders } of places()) {
    const hasServices = folders.length === 2;
    it(`has the autoscalers of ${env} in ${region} ask an allocator ${hasServices ? 'beside them' : 'of another region, which lets them'}`, async () => {
      const manifests = await render(`overlays/${env}/regions/${region}/game-servers`);
      const hosts = manifests.filter(({ kind }) => kind === 'FleetAutoscaler').map((one) => demandOf(one).hostname);
      const host = `allocator.lifeverse-services.svc${hasServices ? '' : '.clusterset.local'}`;
      assert.deepEqual(hosts, [host, host]);
      const isImported = manifests.some(({ kind, metadata }) => kind === 'Namespace' && metadata.name === 'lifeverse-services');
      assert.equal(isImported, !hasServices, 'an exported Service comes to clusters that have its namespace');
      const asked = places().filter((place) => place.env === env && (hasServices ? place.region === region : place.folders.length === 2));
      assert.ok(asked.length > 0);
      for (const place of asked) {
        const services = await render(`overlays/${env}/regions/${place.region}/services`);
        const certificate = services.find(({ kind, metadata }) => kind === 'Certificate' && metadata.name === 'allocator-tls');
        assert.ok(Certificate.parse(certificate).spec.dnsNames.includes(host), 'Agones looks at the name');
        if (hasServices) continue;
        assert.ok(exportsIn(services).includes('allocator'));
        const policy = services.find(({ metadata }) => metadata.name === 'allocator-from-other-clusters');
        const [range = ''] = /\d+\.\d+\.\d+\.\d+\/\d+/.exec(JSON.stringify(policy)) ?? [];
        const network = readFileSync(path.join(FLEETS, '..', 'terraform/modules/network/main.tf'), 'utf8');
        assert.match(network, new RegExp(`pods\\s+= cidrsubnet\\("${range}"`), 'the range of all pods');
      }
    });
  }
});

function exportsIn(manifests: readonly Manifest[]): string[] {
  return manifests.filter(({ kind }) => kind === 'ServiceExport').map(({ metadata }) => metadata.name);
}

function demandOf(autoscaler: Manifest): URL {
  return new URL(Autoscaler.parse(autoscaler).spec.policy.chain.find(({ id }) => id === 'demand')?.webhook?.url ?? '');
}
