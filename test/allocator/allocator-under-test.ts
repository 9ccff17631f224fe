/**
 * The allocator as production runs it, between a real API server with the Agones stand-in and the real saves service.
 * Its two "clusters" are two namespaces of one API server; their game servers are dev-address ones, Ready without a pod.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GAME_SERVER_MARKS, type AllocationRequest } from '../../contracts/allocator.ts';
import { allocatorApi } from '../../contracts/allocator-api.ts';
import { savesApi } from '../../contracts/saves.ts';
import { openKubeApi, type KubeApi } from '../../allocator/clusters/kube-api.ts';
import { gameServerOf, type GameServer } from '../../allocator/clusters/game-server.ts';
import { podlessFleet } from '../../local/podless-fleet.ts';
import { freePort } from '../../local/processes/free-port.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { testCluster, testRedis, testStack } from '../../local/testing.ts';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freshDatabase } from '../services/fresh-database.ts';
import { startServiceProcess } from '../services/service-process.ts';
import { createTokenIssuer } from '../services/token-issuer.ts';
import { startStandInProcess } from './stand-in-process.ts';

export const EAST = 'alloc-east';
export const WEST = 'alloc-west';
const FOREVER = new AbortController().signal;
/** The test's own calls to the API server, which may have a dozen processes to serve on two cores. */
const KUBE_MS = 60_000;
/**
 * What is usual takes many times as long on a machine that has other work: an ask that is given up, or a session that its bridge has not
 * accepted in time, is another story than the one that most tests tell. Those that tell it set their own times.
 */
const PATIENT = { ASK_TIMEOUT_MS: '10000', ACCEPT_SECONDS: '600' };

export interface AllocatorOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** For the allocator only; saves keeps the shared database. */
  readonly mongoUrl?: string;
  readonly redisUrl?: string;
}

/** What a test adds to one process of the allocator. */
export interface ProcessChanges {
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
}

export async function allocatorUnderTest(options: AllocatorOptions = {}) {
  const { folder } = await testStack();
  const cluster = await testCluster();
  const redis = await testRedis();
  const standIn = await startStandInProcess(cluster, [EAST, WEST]);
  const kube = openKubeApi(cluster.kubeconfig, undefined, Date.now);
  const database = await freshDatabase(options.mongoUrl);
  const savesDatabase = await freshDatabase();
  const services = await createTokenIssuer('https://issuer.test', ['matchmaker', 'allocator', 'operator', 'player']);
  const pods = { [EAST]: await podIssuer(EAST), [WEST]: await podIssuer(WEST) };
  const port = await freePort();
  const issuer = `https://127.0.0.1:${port}`;

  const tokenFile = path.join(folder, `allocator-${randomUUID()}.token`);
  await writeFile(tokenFile, await services.sign('service:allocator', ['allocator']));
  const clustersFile = path.join(folder, `clusters-${randomUUID()}.json`);
  const clusterOf = (name: string) => ({ name, region: name, kubeconfig: cluster.kubeconfig, namespace: name });
  await writeFile(clustersFile, JSON.stringify([clusterOf(EAST), clusterOf(WEST)]));

  const stored = { MONGO_URL: database.url, MONGO_DATABASE: database.name };
  let saves = await startServiceProcess({
    api: savesApi,
    trusted: [services.trusted, { issuer, jwks: `${issuer}/.well-known/jwks.json`, roles: ['session'] }],
    env: { MONGO_URL: savesDatabase.url, MONGO_DATABASE: savesDatabase.name },
  });
  const owner = `test-${randomUUID().slice(0, 8)}`;
  const spec = {
    api: allocatorApi,
    trusted: [services.trusted, pods[EAST].trusted, pods[WEST].trusted],
    port,
    env: {
      ...stored,
      REDIS_URL: options.redisUrl ?? redis.url,
      REDIS_PREFIX: owner,
      ALLOCATOR_ISSUER: issuer,
      ALLOCATOR_OWNER: owner,
      CLUSTERS_FILE: clustersFile,
      SAVES_URL: saves.url,
      SERVICE_TOKEN_FILE: tokenFile,
      ...PATIENT,
      ...options.env,
    },
  };
  let allocator = await startServiceProcess(spec);
  const fleets: { namespace: string; name: string }[] = [];

  const servers = async (namespace: string, fleet: string): Promise<GameServer[]> => {
    const selector = encodeURIComponent(`agones.dev/fleet=${fleet}`);
    const answer = await kube.send({
      method: 'GET',
      path: `/apis/agones.dev/v1/namespaces/${namespace}/gameservers?labelSelector=${selector}`,
      timeoutMs: KUBE_MS,
    });
    return (answer.body as { items: unknown[] }).items.map(gameServerOf);
  };

  return {
    owner,
    database,
    kube,
    standIn,
    get allocator() {
      return allocator;
    },
    allocatorLog: () => readFile(allocator.process.logFile, 'utf8'),
    savesUrl: saves.url,
    savesBy: (grant: string) => saves.client(grant),
    saves: async () => saves.client(await services.sign('operator', ['operator'])),
    matchmaker: async () => allocator.client(await services.sign('service:matchmaker', ['matchmaker'])),
    token: (subject: string, roles: Parameters<typeof services.sign>[1]) => services.sign(subject, roles),
    podToken: (server: { cluster: string; gameServer: string }) =>
      pods[server.cluster === EAST ? EAST : WEST].token(server.cluster, server.gameServer),
    /** What a bridge is told, beside the game server that won an allocation. */
    bridgeEnv: async (server: { cluster: string; gameServer: string }): Promise<Record<string, string>> => {
      const { authority } = await testStack();
      const podTokenFile = path.join(folder, `pod-${randomUUID()}.token`);
      await writeFile(podTokenFile, await pods[server.cluster === EAST ? EAST : WEST].token(server.cluster, server.gameServer));
      return {
        ALLOCATOR_URL: allocator.url,
        SAVES_URL: saves.url,
        BACKEND_CA_FILE: authority.caFile,
        TOKEN_FILE: podTokenFile,
        POD_NAME: server.gameServer,
        POD_NAMESPACE: server.cluster,
      };
    },
    /** What the allocator has written on a game server, for whoever plays Agones' sidecar in a pod. */
    marksOn: async (server: { cluster: string; gameServer: string }) => {
      const url = `/apis/agones.dev/v1/namespaces/${server.cluster}/gameservers/${server.gameServer}`;
      const { body } = await kube.send({ method: 'GET', path: url, timeoutMs: KUBE_MS });
      return (body as { metadata: Record<'labels' | 'annotations', Record<string, string>> }).metadata;
    },
    /** Through another process over the same data. */
    matchmakerOf: async (process: typeof allocator) => process.client(await services.sign('service:matchmaker', ['matchmaker'])),
    as: async (subject: string, roles: Parameters<typeof services.sign>[1]) => allocator.client(await services.sign(subject, roles)),
    /** The bridge in a pod: a token that the cluster gave to exactly this pod. */
    bridgeOf: async (server: { cluster: string; gameServer: string }) =>
      allocator.client(await pods[server.cluster === EAST ? EAST : WEST].token(server.cluster, server.gameServer)),
    /** @param meanwhile happens while there is none. Also starts one that has ended by itself. */
    killAllocator: async (meanwhile?: () => Promise<void>, changes?: ProcessChanges) => {
      allocator = await allocator.killAndRestart(meanwhile, changes);
    },
    killSaves: async (meanwhile?: () => Promise<void>) => {
      saves = await saves.killAndRestart(meanwhile);
    },
    /** A second process over the same data. */
    startAnother: async (changes: ProcessChanges = {}) =>
      startServiceProcess({ ...spec, port: await freePort(), ...changes, env: { ...spec.env, ...changes.env } }),
    /** @param server more of what each server is, such as its counters */
    makeFleet: async (namespace: string, replicas: number, server: object = {}): Promise<string> => {
      const name = `f-${randomUUID().slice(0, 8)}`;
      await mustSend(kube, 'POST', `/apis/agones.dev/v1/namespaces/${namespace}/fleets`, podlessFleet(name, replicas, server));
      fleets.push({ namespace, name });
      await until(
        `${replicas} Ready of ${name}`,
        async () => (await servers(namespace, name)).filter((s) => s.state === 'Ready').length >= replicas,
      );
      return name;
    },
    /** The same fleet in a second cluster. */
    copyFleet: async (namespace: string, name: string, replicas: number) => {
      await mustSend(kube, 'POST', `/apis/agones.dev/v1/namespaces/${namespace}/fleets`, podlessFleet(name, replicas));
      fleets.push({ namespace, name });
      await until(
        `${replicas} Ready of ${name}`,
        async () => (await servers(namespace, name)).filter((s) => s.state === 'Ready').length >= replicas,
      );
    },
    scale: (namespace: string, name: string, replicas: number) =>
      mustSend(kube, 'PATCH', `/apis/agones.dev/v1/namespaces/${namespace}/fleets/${name}`, { spec: { replicas } }),
    servers,
    deleteServer: (namespace: string, name: string) =>
      mustSend(kube, 'DELETE', `/apis/agones.dev/v1/namespaces/${namespace}/gameservers/${name}`),
    carriersOf: async (uid: string): Promise<GameServer[]> => {
      const selector = encodeURIComponent(`${GAME_SERVER_MARKS.uid}=${uid}`);
      const answer = await kube.send({
        method: 'GET',
        path: `/apis/agones.dev/v1/gameservers?labelSelector=${selector}`,
        timeoutMs: KUBE_MS,
      });
      return (answer.body as { items: unknown[] }).items.map(gameServerOf);
    },
    /** The allocator's own census has seen them: otherwise a first ask may find nobody. */
    knows: (namespace: string, fleet: string, ready: number) =>
      until(`the allocator knows ${ready} Ready of ${fleet}`, async () => {
        const operator = allocator.client(await services.sign('operator', ['operator']));
        const { clusters } = (await operator.listClusters({})).body;
        return clusters.find((one) => one.name === namespace)?.fleets.find((one) => one.name === fleet)?.ready === ready;
      }),
    stop: async () => {
      await allocator.stop();
      await saves.stop();
      for (const { namespace, name } of fleets)
        await kube.send({ method: 'DELETE', path: `/apis/agones.dev/v1/namespaces/${namespace}/fleets/${name}`, timeoutMs: KUBE_MS });
      kube.close();
      await database.close();
      await savesDatabase.close();
    },
  };
}

export type AllocatorUnderTest = Awaited<ReturnType<typeof allocatorUnderTest>>;

export async function until(what: string, holds: () => Promise<boolean>, deadlineMs = 100_000): Promise<void> {
  await waitUntil(holds, { what, deadlineMs, signal: FOREVER });
}

/** @returns a request with sound values, `changes` on top. */
export function anAllocation(fleet: string, changes: Partial<AllocationRequest> = {}): AllocationRequest {
  return {
    id: `match-${randomUUID()}`,
    fleet,
    build: 'dev',
    mode: 'duel',
    session: { map: 'arena', capacity: 4, spectators: 0, data: {} },
    players: [
      { id: 'ada', role: 'player', latencies: { [EAST]: 20, [WEST]: 90 } },
      { id: 'bob', role: 'player', latencies: { [EAST]: 30, [WEST]: 80 } },
    ],
    regions: [],
    latencyPolicy: { steps: [], then: 'any' },
    priority: 5,
    deadlineSeconds: 600,
    ...changes,
  };
}

/** Nothing must happen: there is no condition to wait for, only time to let pass. */
export const letPass = (ms: number): Promise<void> => sleep(ms);

async function podIssuer(cluster: string) {
  const issuer = await createTokenIssuer(`https://${cluster}.test`, []);
  return {
    trusted: { ...issuer.trusted, cluster, roles: ['game-server' as const] },
    token: (namespace: string, name: string) =>
      issuer.sign(`system:serviceaccount:${namespace}:game`, [], { 'kubernetes.io': { namespace, pod: { name, uid: 'pod-uid' } } }),
  };
}

async function mustSend(kube: KubeApi, method: 'POST' | 'PATCH' | 'DELETE', url: string, body?: unknown): Promise<void> {
  const answer = await kube.send({ method, path: url, timeoutMs: KUBE_MS, ...(body === undefined ? {} : { body }) });
  if (answer.status >= 300) throw new Error(`${method} ${url}: ${answer.status} ${JSON.stringify(answer.body)}`);
}
