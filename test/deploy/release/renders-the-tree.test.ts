import assert from 'node:assert/strict';
import path from 'node:path';
import { fleetOfBuild, fleetsIn } from '../../../deploy/release/fleet-of-build.ts';
import { readManifests } from '../../../deploy/release/read-manifests.ts';
import { kustomizePart } from '../../../local/parts/kustomize-part.ts';
import { obtainParts } from '../../../local/parts/obtain-parts.ts';
import { testStack } from '../../../local/testing.ts';
import { FLEETS, RENDER_MS, renderLayer } from '../../fleets/rendered.ts';

describe('The fleets of a build, from the tree', function () {
  this.timeout(RENDER_MS);

  it('are those that a layer of fleets/ makes of the same build, and bear the name of the fleet', async () => {
    const { around } = await testStack();
    const [program = ''] = await obtainParts([kustomizePart], around);
    const env = { PATH: `${path.dirname(program)}:${around.env['PATH'] ?? ''}` };
    const shop = { env, say: around.say, signal: around.signal };
    const manifests = await readManifests(shop, path.join(FLEETS, 'overlays/dev/regions/europe-west1/game-servers'));
    assert.deepEqual(fleetsIn(manifests), ['sample-duel', 'sample-world']);
    const layer = await renderLayer('release-2', (fleets) => ({
      resources: [path.join(fleets, 'overlays/dev/regions/europe-west1/fleets')],
      nameSuffix: '-r2',
      configMapGenerator: [
        {
          name: 'game-build',
          literals: ['build=r2', 'AUTOSCALER_CA='],
          options: { disableNameSuffixHash: true, annotations: { 'config.kubernetes.io/local-config': 'true' } },
        },
      ],
      transformers: [path.join(fleets, 'transformers/build')],
    }));
    for (const name of ['sample-duel', 'sample-world']) {
      const { manifest, autoscaler } = fleetOfBuild(manifests, name, 'r2', undefined);
      const find = (kind: string) => layer.find((one) => one.kind === kind && one.metadata.name === `${name}-r2`);
      const [fleet, scaling] = [find('Fleet'), find('FleetAutoscaler')];
      // A deployment gives the authority; the layer above gives none.
      assert.deepEqual(withoutAuthority([manifest, autoscaler]), withoutAuthority([labelled(fleet, name), labelled(scaling, name)]));
    }
  });
});

/** Pods of a release bear the fleet's name too. */
function labelled(one: unknown, name: string): unknown {
  return JSON.parse(JSON.stringify(one), (key, value: unknown) =>
    key === 'labels' && typeof value === 'object' ? { ...value, 'lifeverse.dev/fleet': name } : value,
  );
}

function withoutAuthority(one: unknown): unknown {
  return JSON.parse(JSON.stringify(one), (key, value: unknown) => (key === 'caBundle' ? undefined : value));
}
