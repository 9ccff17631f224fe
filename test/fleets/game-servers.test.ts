import assert from 'node:assert/strict';
import path from 'node:path';
import { z } from 'zod';
import { localImages } from '../../local/node/images.ts';
import { render, RENDER_MS, renderLayer } from './rendered.ts';

const Env = z.array(z.looseObject({ name: z.string(), value: z.string().optional() })).default([]);
const Container = z.looseObject({
  name: z.string(),
  image: z.string(),
  restartPolicy: z.string().optional(),
  args: z.array(z.string()).default([]),
  env: Env,
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
  securityContext: z.object({ runAsUser: z.number() }).optional(),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
});
const Fleet = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
  spec: z.looseObject({
    replicas: z.number().optional(),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        container: z.string(),
        ports: z.array(z.looseObject({ portPolicy: z.string(), containerPort: z.number(), protocol: z.string() })),
        sdkServer: z.object({ grpcPort: z.number(), httpPort: z.number() }),
        template: z.looseObject({
          spec: z.looseObject({
            serviceAccountName: z.string().optional(),
            terminationGracePeriodSeconds: z.number(),
            shareProcessNamespace: z.boolean(),
            securityContext: z.object({ runAsNonRoot: z.boolean() }),
            initContainers: z.array(Container),
            containers: z.array(Container),
            volumes: z.array(z.looseObject({ name: z.string() })),
          }),
        }),
      }),
    }),
  }),
});

const Autoscaler = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    fleetName: z.string(),
    policy: z.looseObject({
      chain: z.array(z.looseObject({ id: z.string(), webhook: z.looseObject({ url: z.string() }).optional() })),
    }),
  }),
});
type Fleet = z.infer<typeof Fleet>;

describe('fleets/base/fleets', function () {
  this.timeout(RENDER_MS);
  const fleets = new Map<string, Fleet>();

  before(async () => {
    const found = (await render('base/fleets')).filter(({ kind }) => kind === 'Fleet').map((manifest) => Fleet.parse(manifest));
    for (const fleet of found) fleets.set(fleet.metadata.name, fleet);
  });

  it('has a fleet for duels and one for worlds, whose size is the autoscaler’s', () => {
    assert.deepEqual(
      [...fleets.values()].map(({ metadata, spec }) => [`${metadata.namespace}/${metadata.name}`, spec.replicas]),
      [
        ['lifeverse/sample-duel', undefined],
        ['lifeverse/sample-world', undefined],
      ],
    );
  });

  for (const name of ['sample-duel', 'sample-world']) {
    const parts = () => {
      const { spec } = fleets.get(name) ?? assert.fail(`there is no fleet ${name}`);
      const gameServer = spec.template.spec;
      const pod = gameServer.template.spec;
      const bridge = pod.initContainers.find((container) => container.name === 'sdk-bridge');
      const game = pod.containers.find((container) => container.name === gameServer.container);
      return { spec, gameServer, pod, bridge, game };
    };

    describe(name, () => {
      it('runs the bridge as a native sidecar on Agones’ usual ports, and has moved Agones’ sidecar away', () => {
        const { gameServer, bridge } = parts();
        assert.equal(bridge?.restartPolicy, 'Always');
        assert.deepEqual(
          bridge.ports.map(({ containerPort }) => containerPort),
          [9357, 9358, 9359],
        );
        assert.deepEqual(gameServer.sdkServer, { grpcPort: 9457, httpPort: 9458 });
      });

      it('lets the bridge see the process of the game server, and neither look into the other', () => {
        const { pod, bridge, game } = parts();
        assert.equal(pod.shareProcessNamespace, true);
        assert.equal(pod.securityContext.runAsNonRoot, true);
        const users = [bridge, game].map((container) => container?.securityContext?.runAsUser);
        assert.ok(users.every((user) => user !== undefined) && users[0] !== users[1], String(users));
        // Files of the game server, which the bridge only reads.
        const shared = bridge?.volumeMounts.find(({ name }) => name === 'game');
        assert.equal(shared?.['readOnly'], true);
        for (const name of ['spool', 'identity', 'ops-tls'])
          assert.ok(
            game?.volumeMounts.every((mount) => mount.name !== name),
            `the game server has ${name}`,
          );
      });

      it('leaves AGONES_SDK_*_PORT to Agones, which writes them into every container', () => {
        const { pod } = parts();
        const names = [...pod.initContainers, ...pod.containers].flatMap(({ env }) => env.map(({ name }) => name));
        assert.deepEqual(
          names.filter((name) => name.startsWith('AGONES_')),
          [],
        );
      });

      it('gives the bridge a token for our audience, and hides Agones’ from it', () => {
        const { pod, bridge } = parts();
        const identity = pod.volumes.find(({ name }) => name === 'identity');
        assert.deepEqual(identity?.['projected'], {
          sources: [{ serviceAccountToken: { audience: 'lifeverse', expirationSeconds: 3600, path: 'token' } }],
        });
        const tokenFile = bridge?.env.find(({ name }) => name === 'TOKEN_FILE')?.value;
        const mounts = new Map(bridge?.volumeMounts.map(({ mountPath, name }) => [mountPath, name]));
        assert.equal(mounts.get(path.dirname(tokenFile ?? '')), 'identity');
        assert.equal(mounts.get('/var/run/secrets/kubernetes.io/serviceaccount'), 'no-cluster-token');
        // With an account of its own Agones would no longer hide the token from the game server.
        assert.equal(pod.serviceAccountName, undefined);
      });

      it('tells every volume’s path to its container, since locally nothing is mounted', () => {
        const { pod } = parts();
        for (const container of [...pod.initContainers, ...pod.containers]) {
          const told = [...container.args, ...container.env.map(({ value }) => value ?? '')].join('\n');
          for (const { name, mountPath } of container.volumeMounts) {
            assert.ok(name === 'no-cluster-token' || told.includes(mountPath), `${container.name} is not told ${mountPath}`);
          }
        }
      });

      it('is labelled with its build, and its server claims the same', () => {
        const { spec, game } = parts();
        assert.equal(spec.template.metadata.labels['lifeverse.dev/build'], 'dev');
        assert.equal(game?.env.find((variable) => variable.name === 'GAME_BUILD')?.value, 'dev');
        assert.ok(game.args.includes('--build=$(GAME_BUILD)'));
      });

      it('lets the bridge make the last entries durable before the pod is killed', () => {
        const { pod } = parts();
        // STOP_FLUSH_MS of the bridge is 15 s, and it takes up to 5 s to say goodbye.
        assert.ok(pod.terminationGracePeriodSeconds >= 20);
      });

      it('has images that the local node knows', () => {
        const { pod } = parts();
        const images = localImages({ root: '/', node: 'node', sampleServer: 'sample-server' });
        for (const { image } of [...pod.initContainers, ...pod.containers]) assert.ok(images(image) !== undefined, image);
      });
    });
  }
});

describe('a build of the game', function () {
  this.timeout(RENDER_MS);

  it('is fleets of its own name beside the others, and everything that names them follows', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const manifests = await renderLayer('build', (fleets) => ({
      resources: [`${fleets}/overlays/staging/regions/us-east1/fleets`],
      nameSuffix: '-b7',
      configMapGenerator: [
        {
          name: 'game-build',
          literals: ['build=b7', 'AUTOSCALER_CA=TUZv'],
          options: { disableNameSuffixHash: true, annotations: { 'config.kubernetes.io/local-config': 'true' } },
        },
      ],
      transformers: [`${fleets}/transformers/build`],
      images: [{ name: 'lifeverse.invalid/sample-server', newName: 'registry.example/sample-server', digest }],
    }));
    assert.deepEqual(
      manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
      ['Fleet/sample-duel-b7', 'Fleet/sample-world-b7', 'FleetAutoscaler/sample-duel-b7', 'FleetAutoscaler/sample-world-b7'],
    );
    for (const fleet of manifests.slice(0, 2).map((manifest) => Fleet.parse(manifest))) {
      const { metadata, spec } = fleet.spec.template;
      const [game] = spec.template.spec.containers;
      assert.equal(metadata.labels['lifeverse.dev/build'], 'b7');
      assert.equal(game?.env.find(({ name }) => name === 'GAME_BUILD')?.value, 'b7');
      assert.equal(game.image, `registry.example/sample-server@${digest}`);
    }
    for (const { metadata, spec } of manifests.slice(2).map((manifest) => Autoscaler.parse(manifest))) {
      assert.equal(spec.fleetName, metadata.name);
      const webhook = spec.policy.chain.find(({ id }) => id === 'demand')?.webhook;
      assert.ok(
        webhook !== undefined && webhook.url.endsWith(`:8443/v1/autoscaler/lifeverse-staging-us-east1/${metadata.name}`),
        webhook?.url,
      );
      assert.equal(webhook['caBundle'], 'TUZv');
    }
  });
});
