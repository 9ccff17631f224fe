/**
 * A control plane of its own, with RBAC as in production: the resizer acts as a service account that has the rights which `fleets/` gives to the
 * allocator, and no others. Game servers stand in the census alone, their pods in the API server; the test plays the kubelet.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Registry } from 'prom-client';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { Census } from '../../../allocator/clusters/census.ts';
import { FleetBook } from '../../../allocator/clusters/fleet-book.ts';
import { followFleets } from '../../../allocator/clusters/follow-fleets.ts';
import { createInterruption } from '../../../allocator/clusters/interruption.ts';
import { connectKubeApi, openKubeApi, type KubeApi, type KubeRequest } from '../../../allocator/clusters/kube-api.ts';
import type { AskCluster } from '../../../allocator/scaling/resize/ask-cluster.ts';
import { podOf } from '../../../allocator/scaling/resize/pod-view.ts';
import { createResizeMetrics } from '../../../allocator/scaling/resize/resize-metrics.ts';
import { Resizer } from '../../../allocator/scaling/resize/resizer.ts';
import { installCustomResources } from '../../../local/agones/install.ts';
import { KubeClient } from '../../../local/agones/kube/kube-client.ts';
import { readKubeConnection } from '../../../local/agones/kube/kube-connection.ts';
import { startCluster, type RunningCluster } from '../../../local/cluster/start-cluster.ts';
import { freePort } from '../../../local/processes/free-port.ts';
import { testStack } from '../../../local/testing.ts';
import type { LogFields } from '../../../runtime/log.ts';
import { recordingLog } from '../../runtime/probe-api.ts';

export const OWNER = 'resize-test';
const NAMESPACE = 'games';
const Metadata = z.object({ metadata: z.object({ uid: z.string(), generation: z.int().optional() }) });

const Events = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      involvedObject: z.object({ kind: z.string() }),
      type: z.string(),
      reason: z.string(),
      message: z.string(),
      count: z.int(),
    }),
  ),
});

const ACCESS = path.join(import.meta.dirname, '../../../fleets/base/game-servers/allocator-access.yaml');
const Role = z.object({ kind: z.literal('Role'), rules: z.array(z.object({ resources: z.array(z.string()) }).loose()) });

export interface ServerChanges {
  readonly state?: string;
  readonly owner?: string;
  readonly players?: { readonly count: number; readonly capacity: number };
}

/** @param emulatedVersion the version of Kubernetes that it has at first */
export async function resizeBed(emulatedVersion: string) {
  const stack = await testStack();
  const ports = { etcd: await freePort(), etcdPeer: await freePort(), apiServer: await freePort() };
  const options = { ...stack, name: 'resize', folder: path.join(stack.folder, 'resize'), ports, authorizationMode: 'RBAC' as const };
  let cluster: RunningCluster = await startCluster({ ...options, emulatedVersion });
  const admin = openKubeApi(cluster.kubeconfig, undefined, Date.now);
  const client = new KubeClient(await readKubeConnection(cluster.kubeconfig));
  await installCustomResources(client, AbortSignal.timeout(300_000));
  client.close();

  const send = async (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', at: string, body?: object): Promise<unknown> => {
    const answer = await admin.send({ method, path: at, timeoutMs: 60_000, ...(body === undefined ? {} : { body }) });
    assert.ok(answer.status < 300, `${method} ${at}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const inGames = `/api/v1/namespaces/${NAMESPACE}`;
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}`;
  const [access] = parseAllDocuments(await readFile(ACCESS, 'utf8'));
  const { rules: rights } = Role.parse(access?.toJS());
  const role = (rules: readonly object[]) => ({ metadata: { name: 'resizer', namespace: NAMESPACE }, rules });
  await send('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  await send('POST', `${inGames}/serviceaccounts`, { metadata: { name: 'allocator' } });
  await send('POST', `${rbac}/roles`, role(rights));
  await send('POST', `${rbac}/rolebindings`, {
    metadata: { name: 'resizer' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'resizer' },
    subjects: [{ kind: 'ServiceAccount', name: 'allocator', namespace: NAMESPACE }],
  });
  const asked = await send('POST', `${inGames}/serviceaccounts/allocator/token`, { spec: { expirationSeconds: 3_600 } });
  const { token } = z.object({ status: z.object({ token: z.string() }) }).parse(asked).status;
  const ca = await readFile(cluster.caFile, 'utf8');
  const target = { hostname: '127.0.0.1', port: ports.apiServer, path: '' };
  const open = (): KubeApi =>
    connectKubeApi(async () => ({ target, headers: { authorization: `Bearer ${token}` }, tls: { ca } }), Date.now);
  const api = open();

  const census = new Census(Date.now);
  census.synced = true;
  const config = { name: 'gke-1', region: 'eu', inCluster: true as const, namespace: NAMESPACE, weight: 1, drain: false };
  const seats = new Map<string, number>();
  const lines: { level: string; message: string; fields: LogFields }[] = [];
  const running: { stop: AbortController; ended: Promise<void> }[] = [];

  const podPath = (name: string) => `${inGames}/pods/${name}`;
  const fleetsPath = `/apis/agones.dev/v1/namespaces/${NAMESPACE}/fleets`;
  const fleets = new FleetBook();
  const book = { book: fleets, path: fleetsPath, interruption: createInterruption().begin, log: recordingLog(lines) };
  const ending = new AbortController();
  const following = followFleets({ ...book, api, silentMs: 60_000, pageSize: 500 }, ending.signal);
  const annotated = (annotation: string | undefined) => ({ metadata: { annotations: { 'lifeverse.dev/resize': annotation ?? null } } });

  return {
    api,
    census,
    seats,
    lines,
    ask: ((request) => api.send({ ...request, timeoutMs: 60_000 })) satisfies AskCluster,
    rights,
    namespace: NAMESPACE,
    send,
    podPath,
    /** A fleet with this profile, and what its pods ask for at first. */
    makeFleet: async (profile: string): Promise<string> => {
      const name = `f-${randomUUID().slice(0, 8)}`;
      const template = { spec: { template: { spec: { containers: [{ name: 'game', image: 'none' }] } } } };
      await send('POST', fleetsPath, { apiVersion: 'agones.dev/v1', kind: 'Fleet', metadata: { name }, spec: { replicas: 0, template } });
      await send('PATCH', `${fleetsPath}/${name}`, annotated(profile));
      return name;
    },
    changeProfile: (fleet: string, profile: string | undefined) => send('PATCH', `${fleetsPath}/${fleet}`, annotated(profile)),
    /** A pod, and the game server that it is of; that is not in the census yet. */
    makePod: async (resources: object, more: object = {}, beside: object = {}): Promise<{ name: string; uid: string }> => {
      const [name, uid] = [`s-${randomUUID().slice(0, 8)}`, randomUUID()];
      await send('POST', `${inGames}/pods`, {
        metadata: {
          name,
          annotations: { 'agones.dev/container': 'game' },
          ownerReferences: [{ apiVersion: 'agones.dev/v1', kind: 'GameServer', name, uid, controller: true }],
        },
        spec: {
          containers: [
            { name: 'log', image: 'none', resources: beside },
            { name: 'game', image: 'none', resources, ...more },
          ],
        },
      });
      return { name, uid };
    },
    /** What the watch tells of a game server from now on. */
    tell: (fleet: string, { name, uid }: { name: string; uid: string }, { state = 'Ready', owner, players }: ServerChanges = {}): void => {
      const labels = {
        'agones.dev/fleet': fleet,
        // Requests may know a fleet under another name than Agones; the profile is that of Agones' fleet.
        'lifeverse.dev/fleet': 'as-requests-call-it',
        ...(owner === undefined ? {} : { 'lifeverse.dev/owner': owner, 'lifeverse.dev/uid': uid }),
      };
      const counters = players === undefined ? {} : { counters: { players } };
      census.put({ metadata: { name, uid, resourceVersion: '1', labels }, status: { state, ...counters } });
    },
    forget: ({ name }: { name: string }) => census.remove({ metadata: { name, uid: '', resourceVersion: '' } }),
    /** What the game's container asks for now, and how often that was changed. */
    sizeOf: async ({ name }: { name: string }) => {
      const body = await send('GET', podPath(name));
      const { requests, limits } = podOf(body).container('game')?.size ?? { requests: {}, limits: {} };
      return { requests, limits, changes: (Metadata.parse(body).metadata.generation ?? 1) - 1 };
    },
    /** What a kubelet writes: what the container has, and what it says of a change. */
    report: async ({ name }: { name: string }, resources: object, conditions: readonly object[] = []): Promise<void> => {
      const started = { running: { startedAt: '2026-01-01T00:00:00Z' } };
      const container = { name: 'game', image: 'none', imageID: '', ready: true, restartCount: 0, state: started, resources };
      await send('PATCH', `${podPath(name)}/status`, { status: { phase: 'Running', containerStatuses: [container], conditions } });
    },
    /** What `kubectl describe` shows of an object. */
    eventsOf: async (name: string) => {
      const body = await send('GET', `${inGames}/events?fieldSelector=involvedObject.name%3D${name}`);
      return Events.parse(body).items.map(({ involvedObject, ...event }) => ({ kind: involvedObject.kind, ...event }));
    },
    /** Another process that believes to hold the lease. */
    startResizer: () => {
      const registry = new Registry();
      const metrics = createResizeMetrics(registry);
      const own = open();
      const parts = { config, healthy: true, census, fleets, askBeside: (request: KubeRequest) => own.send(request) };
      const limits = { atOnce: 4, perSecond: 100, lookMs: 250 };
      const log = recordingLog(lines);
      const resizer = new Resizer({
        cluster: parts,
        owner: OWNER,
        listed: () => true,
        seats: async () => seats,
        limits,
        metrics,
        log,
        now: Date.now,
      });
      metrics.observe(() => (resizer.reading === undefined ? [] : [resizer.reading]));
      const stop = new AbortController();
      const ended = resizer.run(stop.signal).finally(() => own.close());
      running.push({ stop, ended });
      return { resizer, metrics: () => registry.metrics() };
    },
    stopResizers: async (): Promise<void> => {
      for (const { stop } of running) stop.abort();
      await Promise.all(running.splice(0).map(({ ended }) => ended));
      for (const { name } of Array.from(census.values())) census.remove({ metadata: { name, uid: '', resourceVersion: '' } });
      lines.splice(0);
    },
    giveRights: (rules: readonly object[]) => send('PUT', `${rbac}/roles/resizer`, role(rules)),
    /** The same data behind an API server of today's version. */
    upgrade: async (): Promise<void> => {
      await cluster.stop();
      cluster = await startCluster(options);
    },
    close: async (): Promise<void> => {
      ending.abort();
      await following;
      api.close();
      admin.close();
      await cluster.stop();
    },
  };
}

export type ResizeBed = Awaited<ReturnType<typeof resizeBed>>;
