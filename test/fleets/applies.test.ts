import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Registry } from 'prom-client';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { AgonesCluster } from '../../allocator/clusters/agones-cluster.ts';
import { createClusterMetrics } from '../../allocator/clusters/cluster-metrics.ts';
import { openKubeApi } from '../../allocator/clusters/kube-api.ts';
import { Kinds } from '../../allocator/clusters/kinds.ts';
import { poolOf } from '../../allocator/placement/pool.ts';
import { RESIZE_ANNOTATION } from '../../allocator/clusters/fleet-book.ts';
import { createFleetsLook } from '../../allocator/clusters/look-at-fleets.ts';
import type { AskCluster } from '../../allocator/scaling/resize/ask-cluster.ts';
import type { Level } from '../../allocator/scaling/resize/level.ts';
import { parseProfile } from '../../allocator/scaling/resize/profile.ts';
import { resizePod } from '../../allocator/scaling/resize/resize-pod.ts';
import type { Manifest } from '../../local/kustomize/render-folder.ts';
import { podlessFleet, PODLESS_BUILD } from '../../local/podless-fleet.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { testStack } from '../../local/testing.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { startFleetsCluster, type FleetsCluster } from './fleets-cluster.ts';
import { podsOf } from './pods-of.ts';
import { places, render, renderLayer } from './rendered.ts';
import { withUdpProxies } from './with-udp-proxies.ts';

/** On a new machine parts are built first. */
const START_MS = 1_800_000;
const ALLOCATOR = 'lifeverse-dev-allocator@some-project.iam.gserviceaccount.com';
const Review = z.object({ status: z.object({ allowed: z.boolean() }) });
const PodList = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string(), ownerReferences: z.tuple([z.object({ uid: z.string() })]) }) })),
});
const wait = (what: string) => ({ what, deadlineMs: 180_000, signal: new AbortController().signal, everyMs: 100 });

describe('a real API server and fleets/', function () {
  this.timeout(START_MS);
  let bed: FleetsCluster;
  /** Every manifest of every place, each text once. */
  let manifests: Manifest[];
  /** What a deployment adds where it has an edge. */
  let proxies: Manifest[];
  /** The dev overlay's game servers under the last layer of a deployment. */
  let deployed: Manifest[];

  before(async () => {
    const folders = places().flatMap((place) => place.folders);
    const all = (await Promise.all(folders.map(render))).flat();
    proxies = (await renderLayer('udp-proxies', withUdpProxies('203.0.113.7'))).filter(({ metadata }) =>
      metadata.name.includes('udp-prox'),
    );
    manifests = [...new Map([...all, ...proxies].map((manifest) => [JSON.stringify(manifest), manifest])).values()];
    deployed = await renderLayer('game-servers', (fleets) => ({
      resources: [`${fleets}/overlays/dev/regions/europe-west1/game-servers`],
      components: [`${fleets}/components/deployment/game-servers`],
      configMapGenerator: [
        {
          name: 'lifeverse-backend',
          namespace: 'lifeverse',
          behavior: 'merge',
          literals: ['PROJECT_ID=some-project', 'AUTOSCALER_CA=TUZv'],
        },
      ],
    }));
    bed = await startFleetsCluster();
    const first = new Set([
      'Namespace',
      'PriorityClass',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
      'Role',
      'RoleBinding',
    ]);
    const isOfDeployed = ({ kind, metadata }: Manifest) =>
      metadata.namespace === 'lifeverse' && metadata.name === 'allocator' && kind.startsWith('Role');
    for (const manifest of [...manifests.filter((one) => first.has(one.kind) && !isOfDeployed(one)), ...deployed.filter(isOfDeployed)])
      assert.equal(await bed.refusal(manifest, false), undefined, manifest.metadata.name);
  });
  after(() => bed?.stop());

  it('takes every manifest of every environment and region, whose fields it all knows', async () => {
    const refusals = await inTurns(8, manifests, async (manifest) => ({ manifest, why: await bed.refusal(manifest) }));
    const refused = refusals.filter(({ why }) => why !== undefined);
    assert.deepEqual(
      refused.map(({ manifest, why }) => `${manifest.kind} ${manifest.metadata.name}: ${why}`),
      [],
    );
  });

  it('refuses a manifest of any kind with a field that is misspelt', async () => {
    const oneOfEach = [...new Map(manifests.map((manifest) => [manifest.kind, manifest])).values()];
    const withSpec = oneOfEach.filter((manifest) => 'spec' in manifest || manifest.kind === 'ServiceExport');
    assert.ok(withSpec.length >= 20, `only ${withSpec.length} kinds`);
    for (const right of withSpec) {
      const spec = z.record(z.string(), z.unknown()).parse(right['spec'] ?? {});
      assert.match((await bed.refusal({ ...right, spec: { ...spec, misspelt: {} } })) ?? 'nothing', /misspelt|\.spec\b/, right.kind);
    }
  });

  it('refuses what Google’s load balancer and its Prometheus would not take', async () => {
    const wrong: readonly (readonly [string, object, RegExp])[] = [
      ['GCPBackendPolicy', { default: { timeoutSec: 0 } }, /timeoutSec/],
      ['GCPGatewayPolicy', { default: { sslPolicy: 1 } }, /sslPolicy/],
      [
        'HealthCheckPolicy',
        { default: { config: { type: 'HTTPS', httpsHealthCheck: { portSpecification: 'FIXED' } } } },
        /portSpecification/,
      ],
      ['PodMonitoring', { endpoints: [] }, /endpoints/],
    ];
    for (const [kind, change, about] of wrong) {
      const right = manifests.find((manifest) => manifest.kind === kind) ?? assert.fail(`there is no ${kind}`);
      const spec = { ...z.record(z.string(), z.unknown()).parse(right['spec']), ...change };
      assert.match((await bed.refusal({ ...right, spec })) ?? 'nothing', about, kind);
    }
  });

  it('would let every pod run: services in the namespace that is `restricted`, and game servers in theirs', async () => {
    const pods = podsOf(manifests, true);
    assert.ok(pods.length >= 10);
    for (const pod of pods) assert.equal(await bed.refusal(pod), undefined, pod.metadata.name);
  });

  it('finds nothing in a game server that `restricted` forbids, but its host port', async () => {
    const inServices = (pod: Manifest): Manifest => ({ ...pod, metadata: { ...pod.metadata, namespace: 'lifeverse-services' } });
    for (const pod of podsOf(deployed, false)) assert.equal(await bed.refusal(inServices(pod)), undefined);
    const [withPort] = podsOf(deployed, true);
    assert.match((withPort && (await bed.refusal(inServices(withPort)))) ?? '', /hostPort/);
  });

  it('resizes the pod of a world at every level, by the allocator’s own code and rights', async () => {
    const fleet = deployed.find(({ kind, metadata }) => kind === 'Fleet' && metadata.name === 'sample-world');
    const { annotations } = z.looseObject({ annotations: z.record(z.string(), z.string()) }).parse(fleet?.metadata);
    const parsed = parseProfile(annotations[RESIZE_ANNOTATION] ?? '');
    assert.ok(fleet !== undefined && 'profile' in parsed);
    const spec = { ...z.record(z.string(), z.unknown()).parse(fleet['spec']), replicas: 1 };
    assert.equal(await bed.refusal({ ...fleet, spec }, false), undefined);
    const at = '/api/v1/namespaces/lifeverse/pods?labelSelector=agones.dev%2Fgameserver';
    const pods = async () => PodList.parse(await bed.client.send({ method: 'GET', path: at })).items;
    await waitUntil(async () => (await pods()).length === 1, wait('Agones has made a pod'));
    const [pod] = await pods();
    const [name = '', gameServerUid = ''] = [pod?.metadata.name, pod?.metadata.ownerReferences[0].uid];
    const api = await openAs(ALLOCATOR);
    try {
      const become = async (level: Level) => {
        const target = () => ({ profile: parsed.profile, level });
        const ask: AskCluster = (request) => api.send({ ...request, timeoutMs: 60_000 });
        const rules = { memoryLimitsShrink: true };
        return (await resizePod({ ask, namespace: 'lifeverse', name, gameServerUid, rules, looks: () => 0, target })).kind;
      };
      const outcomes: string[] = [];
      for (const level of ['idle', 'allocated', 'full', 'allocated', 'idle', 'idle'] as const) outcomes.push(await become(level));
      assert.deepEqual(outcomes, ['waiting', 'asked', 'asked', 'asked', 'asked', 'waiting'], 'idle is as the template has it');
    } finally {
      api.close();
      await bed.client.send({ method: 'DELETE', path: '/apis/agones.dev/v1/namespaces/lifeverse/fleets/sample-world' });
    }
  });

  describe('beside game servers', () => {
    // A privileged container is not among them: this API server takes none at all, and says so first.
    const faulty: Readonly<Record<string, (pod: Manifest) => object>> = {
      'a host network': () => ({ hostNetwork: true }),
      'a volume of its node': (pod) => ({ volumes: [...listOf(pod, 'volumes'), { name: 'node', hostPath: { path: '/' } }] }),
      'a container that may gain rights': (pod) => ({ containers: withSecurity(pod, { allowPrivilegeEscalation: true }) }),
      'a container of root': (pod) => ({ containers: withSecurity(pod, { allowPrivilegeEscalation: false, runAsUser: 0 }) }),
      'a capability': (pod) => ({
        containers: withSecurity(pod, { allowPrivilegeEscalation: false, capabilities: { add: ['NET_ADMIN'] } }),
      }),
      'a host port of the system': (pod) => ({
        containers: listOf(pod, 'containers').map((one) => ({ ...one, ports: [{ containerPort: 53, hostPort: 53, protocol: 'UDP' }] })),
      }),
    };
    for (const [what, change] of Object.entries(faulty)) {
      it(`refuses a pod with ${what}`, async () => {
        const [pod] = podsOf(deployed, false);
        assert.ok(pod);
        const spec = { ...z.record(z.string(), z.unknown()).parse(pod['spec']), ...change(pod) };
        let said: string | undefined;
        // The API server takes a policy up a moment after it was made.
        const isRefused = async () => (said = await bed.refusal({ ...pod, spec }))?.includes("'lifeverse-game-servers'") === true;
        await waitUntil(isRefused, wait('it is refused')).catch(() => assert.fail(said ?? 'it is taken'));
      });
    }
  });

  describe('with roles', () => {
    /** What the allocator may not do is as much of its role as what it may. */
    const rights: readonly (readonly [boolean, string, string, string, string?])[] = [
      [true, 'list', 'agones.dev', 'gameservers'],
      [true, 'watch', 'agones.dev', 'gameservers'],
      [true, 'delete', 'agones.dev', 'gameservers'],
      [true, 'create', 'allocation.agones.dev', 'gameserverallocations'],
      [true, 'get', '', 'pods'],
      [true, 'patch', '', 'pods', 'resize'],
      [true, 'create', '', 'events'],
      [true, 'patch', '', 'events'],
      [false, 'list', '', 'events'],
      [false, 'create', 'agones.dev', 'gameservers'],
      [false, 'delete', 'agones.dev', 'fleets'],
      [false, 'patch', 'agones.dev', 'fleets'],
      [false, 'delete', '', 'pods'],
      [false, 'create', '', 'pods', 'exec'],
      [false, 'get', '', 'secrets'],
      [false, 'create', '', 'serviceaccounts', 'token'],
    ];
    for (const [isAllowed, verb, group, resource, subresource] of rights) {
      const what = subresource === undefined ? resource : `${resource}/${subresource}`;
      it(`${isAllowed ? 'lets' : 'does not let'} the allocator ${verb} ${what}`, async () => {
        const resourceAttributes = { namespace: 'lifeverse', verb, group, resource, ...(subresource === undefined ? {} : { subresource }) };
        const asked = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user: ALLOCATOR, resourceAttributes } };
        const answer = await bed.client.send({ method: 'POST', path: '/apis/authorization.k8s.io/v1/subjectaccessreviews', body: asked });
        assert.equal(Review.parse(answer).status.allowed, isAllowed);
      });
    }

    for (const [isAllowed, verb, resource, namespace] of [
      [true, 'list', 'gameservers', 'lifeverse'],
      [true, 'watch', 'gameservers', 'lifeverse'],
      [false, 'patch', 'gameservers', 'lifeverse'],
      [false, 'delete', 'gameservers', 'lifeverse'],
      [false, 'list', 'fleets', 'lifeverse'],
      [false, 'list', 'gameservers', 'default'],
    ] as const) {
      it(`${isAllowed ? 'lets' : 'does not let'} the UDP proxies ${verb} ${resource} in ${namespace}`, async () => {
        const resourceAttributes = { namespace, verb, group: 'agones.dev', resource };
        const user = 'system:serviceaccount:lifeverse:udp-proxies';
        const asked = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user, resourceAttributes } };
        const answer = await bed.client.send({ method: 'POST', path: '/apis/authorization.k8s.io/v1/subjectaccessreviews', body: asked });
        assert.equal(Review.parse(answer).status.allowed, isAllowed);
      });
    }

    it('lets the allocator’s own code follow, allocate, mark and release, as its Google account and nobody else', async () => {
      const fleets = '/apis/agones.dev/v1/namespaces/lifeverse/fleets';
      await bed.client.send({ method: 'POST', path: fleets, body: podlessFleet('podless', 1) });
      const cluster = await clusterAs(ALLOCATOR);
      const until = new AbortController();
      const following = cluster.follow(until.signal);
      try {
        await waitUntil(() => Promise.resolve(cluster.healthy), wait('the allocator follows the cluster'));
        const inBook = () => Promise.resolve(cluster.fleets.synced && cluster.fleets.values().some(({ name }) => name === 'podless'));
        await waitUntil(inBook, wait('the allocator follows the fleets'));
        const look = createFleetsLook();
        assert.equal(await look.exists(cluster, 'podless'), true);
        assert.equal(await look.exists(cluster, 'another'), false);
        const uid = randomUUID();
        const ask = { owner: 'lifeverse', uid, attempt: 1, id: 'one', actions: {}, traceparent: '', session: '{}' };
        const pool = poolOf({ build: PODLESS_BUILD, fleet: 'podless' });
        await waitUntil(
          async () => (await cluster.allocate({ ...ask, pool }, 30_000)).kind === 'bound',
          wait('a game server is allocated'),
        );
        const server = await cluster.findCarrier('lifeverse', uid, 1);
        assert.ok(server);
        assert.equal(await cluster.annotate(server, 'lifeverse', 'lifeverse.dev/notice', 'x'), 'written');
        const after = await cluster.findCarrier('lifeverse', uid, 1);
        assert.ok(after);
        assert.equal(await cluster.release(after, 'lifeverse'), 'released');
      } finally {
        until.abort();
        await following;
        cluster.close();
      }
      const other = await openAs('somebody@example.com');
      const { status } = await other.send({
        method: 'GET',
        path: '/apis/agones.dev/v1/namespaces/lifeverse/gameservers',
        timeoutMs: 60_000,
      });
      other.close();
      assert.equal(status, 403);
    });

    async function clusterAs(user: string): Promise<AgonesCluster> {
      return new AgonesCluster({
        config: { name: 'fleets', region: 'europe-west1', kubeconfig: '', namespace: 'lifeverse', weight: 1, drain: false },
        api: await openAs(user),
        settings: { silentMs: 90_000, pageSize: 500, probeMs: 1_000, asksAtOnce: () => 8 },
        metrics: createClusterMetrics(new Registry()),
        log: SILENT_LOG,
        kinds: new Kinds(),
        now: Date.now,
      });
    }
  });

  /** Through the admin's kubeconfig, as somebody else: what GKE makes of a Google identity. */
  async function openAs(user: string) {
    const config = z
      .looseObject({ users: z.tuple([z.looseObject({ user: z.record(z.string(), z.unknown()) })]) })
      .parse(parse(await readFile(bed.cluster.kubeconfig, 'utf8')));
    const [first] = config.users;
    const file = path.join((await testStack()).folder, `${user}.kubeconfig`);
    await writeFile(file, stringify({ ...config, users: [{ ...first, user: { ...first.user, as: user } }] }), { mode: 0o600 });
    return openKubeApi(file, undefined, Date.now);
  }
});

function listOf(pod: Manifest, field: string): Record<string, unknown>[] {
  return z.looseObject({ [field]: z.array(z.record(z.string(), z.unknown())) }).parse(pod['spec'])[field] ?? [];
}

function withSecurity(pod: Manifest, securityContext: object): object[] {
  return listOf(pod, 'containers').map((container) => ({ ...container, securityContext }));
}

/** So many at a time, in the order given. */
async function inTurns<T, R>(width: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [nth, item] of left) results[nth] = await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
