import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FLEETS, places, render, RENDER_MS } from './rendered.ts';

/** What only a template has. */
const PLACEHOLDER = /\b(CLUSTER|FLEET|REGION|ENV|every-(fleet|service|secret))\b/;

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
      for (const fleet of ['sample-duel', 'sample-world']) assert.ok(text.includes(`"/v1/autoscaler/lifeverse-${env}-${region}/${fleet}"`));
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
      const exporting = all.filter((manifests) => manifests.some(({ kind }) => kind === 'ServiceExport')).length;
      assert.equal(exporting, folders.length > 1 ? folders.length : 0, env);
    }
  });
});
