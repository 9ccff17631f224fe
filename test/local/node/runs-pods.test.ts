import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import type { V1Container, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { decodeJwt } from 'jose';
import { localImages } from '../../../local/node/images.ts';
import { startNode } from '../../../local/node/start-node.ts';
import type { RunningNode } from '../../../local/node/start-node.ts';
import { identityOf, isAlive } from '../../../local/processes/process-identity.ts';
import { waitUntil } from '../../../local/processes/wait-until.ts';
import { testCluster, testStack } from '../../../local/testing.ts';
import { SILENT_LOG } from '../../../runtime/log.ts';
import { inheritedEnv } from '../../inherited-env.ts';

const NAMESPACE = 'runs-pods';
const SLEEP = 'lifeverse.invalid/sleep:dev';
/** Machines are busy; each wait ends as soon as its condition holds. */
const WAIT_MS = 120_000;

/** The published types are classes; their fields are what is written here. */
type ContainerFields = Pick<V1Container, keyof V1Container>;
type PodFields = Pick<V1PodSpec, keyof V1PodSpec>;

interface Note {
  readonly event: string;
  readonly pid: number;
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
}

describe('a node', function () {
  this.timeout(1_200_000);

  let core: CoreV1Api;
  let node: RunningNode;
  let folder: string;
  let kubeconfig: string;
  let notes: string;
  let names = 0;

  const start = (): Promise<RunningNode> =>
    startNode({
      kubeconfig,
      nodes: ['runs-pods-1', 'runs-pods-2'],
      labels: { 'lifeverse.dev/test': 'runs-pods' },
      maxPodsPerNode: 30,
      folder: path.join(folder, 'pods'),
      logs: path.join(folder, 'logs'),
      run: path.join(folder, 'run'),
      startsAtOnce: 4,
      images: localImages({ root: path.join(import.meta.dirname, '../../..'), node: process.execPath, sampleServer: '/nowhere' }),
      baseEnv: inheritedEnv(),
      log: SILENT_LOG,
      now: () => new Date(),
    });

  before(async () => {
    const stack = await testStack();
    folder = path.join(stack.folder, 'runs-pods');
    ({ kubeconfig } = await testCluster());
    const config = new KubeConfig();
    config.loadFromFile(kubeconfig);
    core = config.makeApiClient(CoreV1Api);
    await core.createNamespace({ body: { metadata: { name: NAMESPACE } } });
    await core.createNamespacedServiceAccount({ namespace: NAMESPACE, body: { metadata: { name: 'game-server' } } });
    node = await start();
  });
  after(() => node.stop());

  /** Every container notes its starts and its SIGTERM in one file, in order. */
  const container = (name: string, ...args: string[]): ContainerFields => ({
    name,
    image: SLEEP,
    args: [`--write=${notes}`, ...args],
    env: [{ name: 'NAME', value: name }],
  });
  const sidecar = (name: string, ...args: string[]): ContainerFields => ({ ...container(name, ...args), restartPolicy: 'Always' });

  const create = (spec: PodFields): Promise<V1Pod> => {
    names += 1;
    const body = { metadata: { name: `pod-${names}` }, spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 5, ...spec } };
    return core.createNamespacedPod({ namespace: NAMESPACE, body });
  };
  const read = async (pod: V1Pod): Promise<V1Pod | undefined> => {
    const list = await core.listNamespacedPod({ namespace: NAMESPACE, fieldSelector: `metadata.name=${pod.metadata?.name ?? ''}` });
    return list.items.find((item) => item.metadata?.uid === pod.metadata?.uid);
  };
  const until = (pod: V1Pod, what: string, holds: (now: V1Pod) => boolean): Promise<V1Pod> =>
    waitUntil(
      async () => {
        const now = await read(pod);
        return now !== undefined && holds(now) ? now : undefined;
      },
      { what, deadlineMs: WAIT_MS, signal: new AbortController().signal },
    );
  const untilPhase = (pod: V1Pod, phase: string): Promise<V1Pod> =>
    until(pod, `${pod.metadata?.name} is ${phase}`, (now) => now.status?.phase === phase);
  const untilGone = (pod: V1Pod): Promise<unknown> =>
    waitUntil(async () => (await read(pod)) === undefined, {
      what: 'the pod is gone',
      deadlineMs: WAIT_MS,
      signal: new AbortController().signal,
    });
  const noted = (): Note[] =>
    readFileSync(notes, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Note);
  const order = (): string[] => noted().map(({ event, name }) => `${event} ${name}`);
  const untilNoted = (what: string, holds: (all: Note[]) => boolean): Promise<unknown> =>
    waitUntil(() => holds(noted()), { what, deadlineMs: WAIT_MS, signal: new AbortController().signal });
  const remove = (pod: V1Pod, gracePeriodSeconds = 5): Promise<unknown> =>
    core.deleteNamespacedPod({ namespace: NAMESPACE, name: pod.metadata?.name ?? '', gracePeriodSeconds });

  beforeEach(() => {
    notes = path.join(folder, `notes-${names}.jsonl`);
    writeFileSync(notes, '');
  });

  it('registers its nodes as Ready, with an address', async () => {
    const { items } = await core.listNode({ labelSelector: 'lifeverse.dev/test=runs-pods' });
    assert.deepEqual(
      items.map((item) => [item.status?.addresses?.[0]?.address, item.status?.conditions?.[0]?.status, item.spec?.taints]),
      [
        ['127.0.0.1', 'True', undefined],
        ['127.0.0.1', 'True', undefined],
      ],
    );
  });

  it('starts sidecars before the main container, and on deletion ends them after it, last one first', async () => {
    const pod = await create({ initContainers: [sidecar('one'), sidecar('two')], containers: [container('game')] });
    const running = await untilPhase(pod, 'Running');
    assert.equal(running.status?.podIP, '127.0.0.1');
    await untilNoted('all three run', (all) => all.length === 3);
    await remove(pod);
    await untilGone(pod);
    // One and two may come up in either order once both are started; the game comes after both were started, and the ends are strict.
    assert.deepEqual(order().slice(-3), ['term game', 'term two', 'term one']);
    assert.deepEqual(order().slice(0, 3).toSorted(), ['start game', 'start one', 'start two']);
    for (const { pid } of noted()) assert.equal(identityOf(pid), undefined);
  });

  it('waits for a sidecar’s startup probe before it starts what comes next', async () => {
    const failFile = path.join(folder, 'not-started');
    writeFileSync(failFile, '');
    const startupProbe = { httpGet: { path: '/', port: 9358 }, periodSeconds: 1, failureThreshold: 100 };
    const pod = await create({
      initContainers: [{ ...sidecar('bridge', '--serve-port=9358', `--fail-file=${failFile}`), startupProbe }],
      containers: [container('game')],
    });
    await until(pod, 'the bridge runs', (now) => now.status?.initContainerStatuses?.[0]?.state?.running !== undefined);
    assert.deepEqual(order().includes('start game'), false);
    rmSync(failFile);
    await untilPhase(pod, 'Running');
    await untilNoted('the game runs', (all) => all.some(({ name }) => name === 'game'));
    await remove(pod, 1);
    await untilGone(pod);
  });

  it('restarts a sidecar that dies, and the pod stays Running', async () => {
    const pod = await create({ initContainers: [sidecar('bridge')], containers: [container('game')] });
    await untilPhase(pod, 'Running');
    await untilNoted('both run', (all) => all.length === 2);
    process.kill(noted().find(({ name }) => name === 'bridge')?.pid ?? 0, 'SIGKILL');
    const after = await until(pod, 'restarted', (now) => now.status?.initContainerStatuses?.[0]?.restartCount === 1);
    assert.equal(after.status?.phase, 'Running');
    assert.equal(after.status?.initContainerStatuses?.[0]?.lastState?.terminated?.exitCode, 137);
    await untilNoted('the bridge is back', (all) => all.filter(({ name }) => name === 'bridge').length === 2);
    await remove(pod, 1);
    await untilGone(pod);
  });

  for (const [exitCode, phase] of [
    [0, 'Succeeded'],
    [3, 'Failed'],
  ] as const) {
    it(`calls a pod whose main container exits with ${exitCode} ${phase}, and ends its sidecars`, async () => {
      // A sidecar without a startup probe counts as started with its process, which is then ended before it can say anything.
      const startupProbe = { httpGet: { path: '/', port: 9358 }, periodSeconds: 1, failureThreshold: 100 };
      const pod = await create({
        initContainers: [{ ...sidecar('bridge', '--serve-port=9358'), startupProbe }],
        containers: [container('game', '--exit-after=1', `--exit-code=${exitCode}`)],
      });
      const ended = await untilPhase(pod, phase);
      assert.equal(ended.status?.containerStatuses?.[0]?.state?.terminated?.exitCode, exitCode);
      assert.equal(order().at(-1), 'term bridge');
      await remove(pod);
      await untilGone(pod);
    });
  }

  it('runs a plain init container to its end first, and fails the pod when that fails', async () => {
    const good = await create({ initContainers: [container('init', '--exit-after=1')], containers: [container('game', '--exit-after=1')] });
    await untilPhase(good, 'Succeeded');
    assert.deepEqual(order(), ['start init', 'start game']);
    const bad = await create({ initContainers: [container('init', '--exit-after=1', '--exit-code=1')], containers: [container('never')] });
    await untilPhase(bad, 'Failed');
    assert.equal(order().includes('start never'), false);
  });

  it('kills what ignores SIGTERM when its grace is over', async () => {
    const pod = await create({ containers: [container('stubborn', '--ignore-term')] });
    await untilNoted('it runs', (all) => all.length === 1);
    await remove(pod, 4);
    await untilGone(pod);
    assert.deepEqual(order(), ['start stubborn', 'term stubborn']);
    assert.equal(identityOf(noted()[0]?.pid ?? 0), undefined);
  });

  it('kills a main container whose liveness probe fails, and the pod has failed', async () => {
    const failFile = path.join(folder, 'not-alive');
    const httpGet = { path: '/gshealthz', port: 8080 };
    const livenessProbe = { httpGet, periodSeconds: 1, failureThreshold: 2, initialDelaySeconds: 1 };
    const startupProbe = { httpGet, periodSeconds: 1, failureThreshold: 100 };
    const pod = await create({
      initContainers: [{ ...sidecar('sdk', '--serve-port=8080', `--fail-file=${failFile}`), startupProbe }],
      containers: [{ ...container('game'), livenessProbe }],
    });
    await untilPhase(pod, 'Running');
    writeFileSync(failFile, '');
    // The sleeper exits with 0 on SIGTERM, so what tells is that it was told to go.
    await until(pod, 'the game was ended', (now) => now.status?.containerStatuses?.[0]?.state?.terminated !== undefined);
    assert.ok(order().includes('term game'));
    await remove(pod, 1);
    await untilGone(pod);
  });

  it('gives pods ports of their own, a host port as it is, and a path in a volume as a real one', async () => {
    const spec = (hostPort: number): PodFields => ({
      serviceAccountName: 'game-server',
      volumes: [
        {
          name: 'token',
          projected: { sources: [{ serviceAccountToken: { audience: 'lifeverse', expirationSeconds: 600, path: 'token' } }] },
        },
        { name: 'data', emptyDir: {} },
      ],
      initContainers: [
        {
          ...sidecar('bridge', '--serve-port=9358'),
          ports: [{ name: 'http', containerPort: 9358 }],
          readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
          env: [
            { name: 'NAME', value: 'bridge' },
            { name: 'TOKEN_FILE', value: '/var/run/lifeverse/token' },
            { name: 'DATA', value: '/data/journal' },
            { name: 'UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
          ],
          volumeMounts: [
            { name: 'token', mountPath: '/var/run/lifeverse' },
            { name: 'data', mountPath: '/data' },
          ],
        },
      ],
      containers: [
        {
          ...container('game', '--port=7777'),
          ports: [{ containerPort: 7777, hostPort, protocol: 'UDP' }],
          env: [
            { name: 'NAME', value: 'game' },
            { name: 'BRIDGE_HTTP_PORT', value: '9358' },
            { name: 'PORT', value: '7777' },
          ],
        },
      ],
    });
    const pods = await Promise.all([create(spec(7_101)), create(spec(7_102))]);
    for (const pod of pods) {
      await until(pod, 'ready', (now) => now.status?.initContainerStatuses?.[0]?.ready === true && now.status.phase === 'Running');
    }
    await untilNoted('all run', (all) => all.length === 4);
    const games = noted().filter(({ name }) => name === 'game');
    assert.deepEqual(new Set(games.map(({ env }) => env['PORT'])), new Set(['7101', '7102']));
    assert.equal(new Set(games.map(({ env }) => env['BRIDGE_HTTP_PORT'])).size, 2);
    const bridge = noted().find(({ name, env }) => name === 'bridge' && env['UID'] === pods[0]?.metadata?.uid);
    assert.ok(bridge !== undefined);
    const claims = decodeJwt(readFileSync(bridge.env['TOKEN_FILE'] ?? '', 'utf8'));
    assert.deepEqual(claims.aud, ['lifeverse']);
    assert.equal((claims['kubernetes.io'] as { pod: { uid: string } }).pod.uid, pods[0]?.metadata?.uid);
    assert.ok(bridge.env['DATA']?.startsWith(path.join(folder, 'pods')));
    for (const pod of pods) await remove(pod, 1);
    for (const pod of pods) await untilGone(pod);
  });

  it('tells what a container was given, and gives what is asked for when its pod is resized', async () => {
    const requested = (now: V1Pod) => now.status?.containerStatuses?.[0]?.resources?.requests?.['cpu'];
    const pod = await create({ containers: [{ ...container('main'), resources: { requests: { cpu: '100m' } } }] });
    const running = await until(pod, 'running as asked for', (now) => requested(now) === '100m');
    const [main] = running.spec?.containers ?? [];
    assert.ok(main);
    main.resources = { requests: { cpu: '250m' } };
    await core.replaceNamespacedPodResize({ namespace: NAMESPACE, name: pod.metadata?.name ?? '', body: running }).catch(async () => {
      // Its status has changed since it was read.
      const now = await until(pod, 'there', () => true);
      now.spec?.containers.splice(0, 1, main);
      await core.replaceNamespacedPodResize({ namespace: NAMESPACE, name: pod.metadata?.name ?? '', body: now });
    });
    const resized = await until(pod, 'resized', (now) => requested(now) === '250m');
    assert.equal(resized.status?.containerStatuses?.[0]?.restartCount, 0);
    await remove(pod);
  });

  it('cannot pull an image that is not in the table', async () => {
    const pod = await create({ containers: [{ name: 'game', image: 'lifeverse.invalid/unknown:1' }] });
    const waiting = await until(pod, 'waiting', (now) => now.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ErrImagePull');
    assert.match(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message ?? '', /lifeverse\.invalid\/unknown/);
    await remove(pod);
    await untilGone(pod);
  });

  it('waits for a ConfigMap that is not there yet', async () => {
    const pod = await create({ containers: [{ ...container('game'), envFrom: [{ configMapRef: { name: 'later' } }] }] });
    await until(pod, 'waiting', (now) => now.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError');
    await core.createNamespacedConfigMap({
      namespace: NAMESPACE,
      body: { metadata: { name: 'later' }, data: { ALLOCATOR_URL: 'https://127.0.0.1:1' } },
    });
    await until(pod, 'running', (now) => now.status?.containerStatuses?.[0]?.state?.running !== undefined);
    await untilNoted('it runs', (all) => all.length === 1);
    assert.equal(noted()[0]?.env['ALLOCATOR_URL'], 'https://127.0.0.1:1');
    await remove(pod, 1);
    await untilGone(pod);
  });

  it('ends in its next life the containers that a kill -9 has left behind', async () => {
    await node.stop();
    const stack = await testStack();
    const killed = await stack.keeper.start({
      name: 'runs-pods-node',
      command: process.execPath,
      args: [path.join(import.meta.dirname, '../../../local/node/main.ts')],
      env: {
        ...inheritedEnv(),
        KUBECONFIG: kubeconfig,
        NODES: 'runs-pods-1,runs-pods-2',
        PODS_FOLDER: path.join(folder, 'pods'),
        LOG_FOLDER: path.join(folder, 'logs'),
        RUN_FOLDER: path.join(folder, 'run'),
        SAMPLE_SERVER: '/nowhere',
      },
    });
    const pod = await create({ initContainers: [sidecar('bridge')], containers: [container('game')] });
    await untilNoted('both run', (all) => all.length === 2);
    const pids = noted().map(({ pid }) => identityOf(pid));
    await untilPhase(pod, 'Running');
    process.kill(killed.pid, 'SIGKILL');
    await killed.ended;
    for (const identity of pids) assert.ok(identity !== undefined && isAlive(identity));
    node = await start();
    for (const identity of pids) assert.ok(identity !== undefined && !isAlive(identity));
    await untilPhase(pod, 'Failed');
    await remove(pod);
    await untilGone(pod);
  });

  it('leaves no process behind when it stops, and calls the pods it lost Failed in its next life', async () => {
    const pod = await create({ initContainers: [sidecar('bridge')], containers: [container('game')] });
    await untilPhase(pod, 'Running');
    await untilNoted('both run', (all) => all.length === 2);
    const pids = noted().map(({ pid }) => identityOf(pid));
    await node.stop();
    for (const identity of pids) assert.ok(identity !== undefined && !isAlive(identity));
    assert.equal((await read(pod))?.status?.phase, 'Running');
    node = await start();
    await untilPhase(pod, 'Failed');
    await remove(pod);
    await untilGone(pod);
  });
});
