import assert from 'node:assert/strict';
import path from 'node:path';
import { z } from 'zod';
import { fleetNameOf } from '../../../deploy/release/fleet-name.ts';
import { fleetOfBuild, fleetsIn } from '../../../deploy/release/fleet-of-build.ts';
import { readManifests } from '../../../deploy/release/read-manifests.ts';
import { kustomizePart } from '../../../local/parts/kustomize-part.ts';
import { obtainParts } from '../../../local/parts/obtain-parts.ts';
import { testStack } from '../../../local/testing.ts';
import { FLEETS, places, render, RENDER_MS, renderLayer } from '../../fleets/rendered.ts';

const AUTHORITY = 'TUZv';
/** As people call builds; YAML would take some of these for numbers. */
const BUILDS = ['r2', '20261126', '1.10', '1.4.2-rc1', '7', '1e3'];

describe('The fleets of a build, from the tree', function () {
  this.timeout(RENDER_MS);

  it('are read by the command’s own kustomize', async () => {
    const { around } = await testStack();
    const [program = ''] = await obtainParts([kustomizePart], around);
    const env = { PATH: `${path.dirname(program)}:${around.env['PATH'] ?? ''}` };
    const shop = { env, say: around.say, signal: around.signal };
    const folder = 'overlays/dev/regions/europe-west1/game-servers';
    const manifests = await readManifests(shop, path.join(FLEETS, folder));
    assert.deepEqual(manifests, await render(folder));
    assert.deepEqual(fleetsIn(manifests), ['sample-duel', 'sample-world']);
  });

  for (const [nth, { env, region }] of places().entries()) {
    const build = BUILDS[nth % BUILDS.length] ?? '';
    it(`are the same by a release and by a layer of fleets/, field by field: ${build} in ${env}, ${region}`, async () => {
      const isLocal = { disableNameSuffixHash: true, annotations: { 'config.kubernetes.io/local-config': 'true' } };
      const deployed = await renderLayer(`release-${env}-${region}`, (fleets) => ({
        resources: [path.join(fleets, `overlays/${env}/regions/${region}/game-servers`)],
        components: [path.join(fleets, 'components/deployment/game-servers')],
        configMapGenerator: [
          { name: 'lifeverse-backend', namespace: 'lifeverse', behavior: 'merge', literals: [`AUTOSCALER_CA=${AUTHORITY}`] },
        ],
      }));
      const layer = await renderLayer(`build-${env}-${region}`, (fleets) => ({
        resources: [path.join(fleets, `overlays/${env}/regions/${region}/fleets`)],
        nameSuffix: fleetNameOf('', build),
        configMapGenerator: [{ name: 'game-build', literals: [`build=${build}`, `AUTOSCALER_CA=${AUTHORITY}`], options: isLocal }],
        transformers: [path.join(fleets, 'transformers/build')],
      }));
      const made = fleetsIn(deployed).map((fleet) => fleetOfBuild(deployed, fleet, build, undefined));
      assert.deepEqual(
        made.map(({ manifest }) => manifest),
        layer.filter(({ kind }) => kind === 'Fleet'),
      );
      assert.deepEqual(
        made.map(({ autoscaler }) => autoscaler),
        layer.filter(({ kind }) => kind === 'FleetAutoscaler'),
      );
      assert.equal(layer.length, 4, 'and nothing else');
    });
  }

  it('run an Unreal server by one component and one entry of images, under the build that a release gives them', async () => {
    const image = `europe-west1-docker.pkg.dev/studio/lifeverse/unreal-server`;
    const digest = `sha256:${'ab'.repeat(32)}`;
    const layer = await renderLayer('unreal', (fleets) => ({
      resources: [path.join(fleets, 'overlays/dev/regions/europe-west1/game-servers')],
      components: ['unreal-server', 'game-server-size'].map((name) => path.join(fleets, 'components', name)),
      images: [{ name: 'lifeverse.invalid/unreal-server', newName: image, digest }],
    }));
    for (const name of ['sample-duel', 'sample-world']) {
      const { manifest } = fleetOfBuild(layer, name, '1.4.2', undefined);
      const [server] = Pods.parse(manifest).spec.template.spec.template.spec.containers;
      assert.equal(server?.image, `${image}@${digest}`);
      assert.ok(server.args.includes('-LifeVerseBuild=$(GAME_BUILD)'));
      assert.ok(
        server.args.every((arg) => /^-[a-zA-Z]/.test(arg)),
        'none of the sample server’s',
      );
      assert.equal(server.env.find((one) => one.name === 'GAME_BUILD')?.value, '1.4.2');
      assert.equal(server.resources.requests['memory'], '2Gi');
    }
  });
});

const Pods = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        template: z.object({
          spec: z.object({
            containers: z.array(
              z.object({
                image: z.string(),
                args: z.array(z.string()),
                env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
                resources: z.object({ requests: z.record(z.string(), z.string()) }),
              }),
            ),
          }),
        }),
      }),
    }),
  }),
});
