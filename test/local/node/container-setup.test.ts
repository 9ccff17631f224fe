import assert from 'node:assert/strict';
import { chooseNode } from '../../../local/node/choose-node.ts';
import { containerEnvironment, expandVariables } from '../../../local/node/container-environment.ts';
import { localImages, withDefaultArgs } from '../../../local/node/images.ts';
import { rewriteMounts } from '../../../local/node/mount-paths.ts';
import { PODS } from '../../../local/node/pod.ts';
import type { Pod } from '../../../local/node/pod.ts';

const podWith = (container: Readonly<Record<string, unknown>>, spec: Readonly<Record<string, unknown>> = {}): Pod =>
  PODS.parse({
    metadata: { name: 'p', namespace: 'n', uid: 'u-1', resourceVersion: '1', labels: { 'agones.dev/fleet': 'duel' } },
    spec: { serviceAccountName: 'game-server', containers: [{ name: 'c', ...container }], ...spec },
  });
const place = { nodeName: 'node-1', podIp: '127.0.0.1' };
const nothing = { configMap: () => undefined, secret: () => undefined };

const environmentOf = (pod: Pod, sources: Parameters<typeof containerEnvironment>[3] = nothing): Record<string, string> => {
  const [container] = pod.spec.containers;
  assert.ok(container !== undefined);
  return containerEnvironment(container, pod, place, sources);
};

describe('the environment of a container', () => {
  it('has values, facts about its pod, and variables that refer to earlier ones', () => {
    const field = (name: string, fieldPath: string): unknown => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    const pod = podWith({
      env: [
        field('POD', 'metadata.name'),
        field('NAMESPACE', 'metadata.namespace'),
        field('UID', 'metadata.uid'),
        field('NODE', 'spec.nodeName'),
        field('IP', 'status.podIP'),
        field('FLEET', "metadata.labels['agones.dev/fleet']"),
        { name: 'BOTH', value: '$(POD)@$(NODE) $(LATER) $$(POD)' },
        { name: 'LATER', value: 'x' },
      ],
    });
    assert.deepEqual(environmentOf(pod), {
      POD: 'p',
      NAMESPACE: 'n',
      UID: 'u-1',
      NODE: 'node-1',
      IP: '127.0.0.1',
      FLEET: 'duel',
      BOTH: 'p@node-1 $(LATER) $(POD)',
      LATER: 'x',
    });
  });

  it('takes ConfigMaps and Secrets, whole and by key, and its own entries win', () => {
    const pod = podWith({
      envFrom: [{ configMapRef: { name: 'lifeverse' } }, { prefix: 'S_', secretRef: { name: 'keys' } }],
      env: [
        { name: 'A', value: 'own' },
        { name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'K' } } },
        { name: 'NONE', valueFrom: { configMapKeyRef: { name: 'lifeverse', key: 'missing', optional: true } } },
      ],
    });
    const sources = { configMap: () => ({ A: 'map', B: 'b' }), secret: () => ({ K: 'secret' }) };
    assert.deepEqual(environmentOf(pod, sources), { A: 'own', B: 'b', S_K: 'secret', KEY: 'secret' });
  });

  it('cannot be made with a ConfigMap that is not there, unless it is optional', () => {
    assert.throws(() => environmentOf(podWith({ envFrom: [{ configMapRef: { name: 'lifeverse' } }] })), /configmap "lifeverse" not found/);
    assert.deepEqual(environmentOf(podWith({ envFrom: [{ configMapRef: { name: 'lifeverse', optional: true } }] })), {});
  });

  it('cannot be made with a field that is not known', () => {
    assert.throws(
      () => environmentOf(podWith({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.hostname' } } }] })),
      /fieldPath/,
    );
  });
});

describe('$(NAME) in a value', () => {
  it('that is not known stays as it is', () => assert.equal(expandVariables('$(A) $B $', { B: 'b' }), '$(A) $B $'));
});

describe('a path inside a volume', () => {
  const mounts = [
    { mountPath: '/var/run', folder: '/real/run' },
    { mountPath: '/var/run/token/', folder: '/real/token' },
  ];
  const cases: readonly [string, string][] = [
    ['/var/run/token/lifeverse', '/real/token/lifeverse'],
    ['/var/run', '/real/run'],
    ['file:/var/run/ca.crt', 'file:/real/run/ca.crt'],
    ['--ca=/var/run/ca.crt', '--ca=/real/run/ca.crt'],
    ['/var/running', '/var/running'],
    ['/other/var/run', '/other/var/run'],
    ['/var/run/a,/var/run/token', '/real/run/a,/real/token'],
  ];
  for (const [given, expected] of cases) {
    it(`${given} becomes ${expected}`, () => assert.equal(rewriteMounts(given, mounts), expected));
  }
});

describe('an image', () => {
  const images = localImages({ root: '/tree', node: '/bin/node', sampleServer: '/bin/sample' });

  it('is known whatever its tag or digest', () => {
    for (const image of ['lifeverse.invalid/sdk-bridge:dev', 'lifeverse.invalid/sdk-bridge', 'lifeverse.invalid/sdk-bridge@sha256:00']) {
      assert.equal(images(image)?.args.at(-1), '/tree/sdk-bridge/main.ts');
    }
  });

  it('that is not in the table does not exist', () => assert.equal(images('lifeverse.invalid/unknown:dev'), undefined));

  it('gives its default ports as flags unless they are given', () => {
    const sdk = images('lifeverse.invalid/agones-sdk:1.61.0');
    assert.ok(sdk !== undefined);
    assert.deepEqual(withDefaultArgs(['--grpc-port=1'], sdk), ['--grpc-port=1', '--health-port=8080']);
    assert.deepEqual(withDefaultArgs(['--health-port=1'], sdk), ['--health-port=1']);
  });
});

describe('the scheduler', () => {
  const node = (name: string, pods: number, more = {}): Parameters<typeof chooseNode>[1][number] => ({
    name,
    pods,
    maxPods: 4,
    cordoned: false,
    labels: {},
    ...more,
  });

  it('packs: the fullest node with room', () => assert.equal(chooseNode(podWith({}), [node('a', 1), node('b', 3), node('c', 4)]), 'b'));
  it('breaks a tie by name', () => assert.equal(chooseNode(podWith({}), [node('b', 1), node('a', 1)]), 'a'));
  it('leaves out a cordoned node', () => assert.equal(chooseNode(podWith({}), [node('a', 3, { cordoned: true }), node('b', 0)]), 'b'));
  it('heeds the node selector', () => {
    const pod = podWith({}, { nodeSelector: { pool: 'games' } });
    assert.equal(chooseNode(pod, [node('a', 3), node('b', 0, { labels: { pool: 'games' } })]), 'b');
  });
  it('lets a pod wait when nothing fits', () => assert.equal(chooseNode(podWith({}), [node('a', 4)]), undefined));
});
