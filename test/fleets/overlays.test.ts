import assert from 'node:assert/strict';
import { places, render, RENDER_MS } from './rendered.ts';

describe('fleets/overlays', function () {
  this.timeout(RENDER_MS);

  it('has dev, staging and prod, the last in at least three regions', () => {
    const regions = (env: string) => places().filter((place) => place.env === env).length;
    assert.deepEqual([...new Set(places().map(({ env }) => env))].toSorted(), ['dev', 'prod', 'staging']);
    assert.ok(regions('prod') >= 3);
  });

  for (const { env, region } of places()) {
    it(`renders the game servers of ${env} in ${region}, which ask for their size by the region’s name`, async () => {
      const manifests = await render(`overlays/${env}/regions/${region}/game-servers`);
      assert.equal(manifests[0]?.kind, 'Namespace');
      const text = JSON.stringify(manifests);
      for (const fleet of ['sample-duel', 'sample-world']) assert.ok(text.includes(`"/v1/autoscaler/${region}/${fleet}"`));
      assert.ok(!/\b(CLUSTER|FLEET|REGION)\b/.test(text), 'a placeholder is left');
    });
  }
});
