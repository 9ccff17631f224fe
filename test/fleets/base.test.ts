import assert from 'node:assert/strict';
import path from 'node:path';
import { z } from 'zod';
import { localImages } from '../../local/node/images.ts';
import { readKustomization } from '../../local/supervisor/apply-manifests.ts';

const BASE = path.join(import.meta.dirname, '../../fleets/base');

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
    replicas: z.number(),
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

const manifests = await readKustomization(BASE);
const fleets = manifests.filter(({ kind }) => kind === 'Fleet').map((manifest) => Fleet.parse(manifest));

describe('fleets/base', () => {
  it('has a fleet for duels and one for worlds, in the namespace that it makes first', () => {
    assert.equal(manifests[0]?.kind, 'Namespace');
    assert.deepEqual(
      fleets.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      ['lifeverse/sample-duel', 'lifeverse/sample-world'],
    );
  });

  for (const { metadata, spec } of fleets) {
    const gameServer = spec.template.spec;
    const pod = gameServer.template.spec;
    const bridge = pod.initContainers.find(({ name }) => name === 'sdk-bridge');
    const game = pod.containers.find(({ name }) => name === gameServer.container);

    describe(metadata.name, () => {
      it('runs the bridge as a native sidecar on Agones’ usual ports, and has moved Agones’ sidecar away', () => {
        assert.equal(bridge?.restartPolicy, 'Always');
        assert.deepEqual(
          bridge.ports.map(({ containerPort }) => containerPort),
          [9357, 9358, 9359],
        );
        assert.deepEqual(gameServer.sdkServer, { grpcPort: 9457, httpPort: 9458 });
      });

      it('lets the bridge see the process of the game server, and neither look into the other', () => {
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
        const names = [...pod.initContainers, ...pod.containers].flatMap(({ env }) => env.map(({ name }) => name));
        assert.deepEqual(
          names.filter((name) => name.startsWith('AGONES_')),
          [],
        );
      });

      it('gives the bridge a token for our audience, and hides Agones’ from it', () => {
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
        for (const container of [...pod.initContainers, ...pod.containers]) {
          const told = [...container.args, ...container.env.map(({ value }) => value ?? '')].join('\n');
          for (const { name, mountPath } of container.volumeMounts) {
            assert.ok(name === 'no-cluster-token' || told.includes(mountPath), `${container.name} is not told ${mountPath}`);
          }
        }
      });

      it('is labelled with its build, and its server claims the same', () => {
        const build = spec.template.metadata.labels['lifeverse.dev/build'];
        assert.ok(build !== undefined && game?.args.includes(`--build=${build}`));
      });

      it('lets the bridge make the last entries durable before the pod is killed', () => {
        // STOP_FLUSH_MS of the bridge is 15 s, and it takes up to 5 s to say goodbye.
        assert.ok(pod.terminationGracePeriodSeconds >= 20);
      });

      it('has images that the local node knows', () => {
        const images = localImages({ root: '/', node: 'node', sampleServer: 'sample-server' });
        for (const { image } of [...pod.initContainers, ...pod.containers]) assert.ok(images(image) !== undefined, image);
      });
    });
  }
});
