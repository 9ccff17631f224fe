/**
 * Everything, in the order in which one needs the other:
 *
 *   parts ─▶ authority, issuer, ports ─▶ document database ┐
 *                                        Redis             ├─▶ services ─┐
 *                                        clusters ─────────┴─▶ Agones, nodes, fleets ─▶ all Ready ─▶ stack.json
 *
 * and it ends the other way around.
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { createLifecycle } from '../../runtime/lifecycle.ts';
import type { Lifecycle } from '../../runtime/lifecycle.ts';
import type { Log } from '../../runtime/log.ts';
import { openIssuer } from '../issuer/open-issuer.ts';
import { startMongo } from '../mongo/start-mongo.ts';
import type { Surroundings } from '../parts/part.ts';
import { identityOf } from '../processes/process-identity.ts';
import { openProcessKeeper } from '../processes/process-keeper.ts';
import type { KeptProcess } from '../processes/process-keeper.ts';
import { endOwn } from '../processes/run-records.ts';
import { startRedis } from '../redis/start-redis.ts';
import { SERVICES } from '../services.ts';
import type { ServiceName } from '../services.ts';
import { openLocalAuthority } from '../tls/local-authority.ts';
import { fleetsReady } from './fleets-ready.ts';
import { keptSecret } from './kept-secret.ts';
import { obtainStackParts } from './obtain-stack-parts.ts';
import { openUdpEdges } from './open-udp-edges.ts';
import { openPortBook } from './port-book.ts';
import type { PortBook } from './port-book.ts';
import { renderGameServers } from './render-game-servers.ts';
import { openRestartingKeeper } from './restarting-keeper.ts';
import { writeStackFile } from './stack-file.ts';
import type { StackFile } from './stack-file.ts';
import { startGameCluster } from './start-game-cluster.ts';
import type { GameCluster } from './start-game-cluster.ts';
import { startServices, type ServicePlace } from './start-services.ts';
import type { StateFolder } from './state-folder.ts';
import { writeTrust } from './write-trust.ts';

export interface StackOptions {
  readonly tree: string;
  readonly state: StateFolder;
  readonly around: Surroundings;
  readonly log: Log;
  readonly now: () => Date;
  /** How many processes of a service; one, where it is not named. Further ones are called `allocator-2` and so on. */
  readonly processes?: Partial<Record<ServiceName, number>>;
}

export interface RunningStack {
  readonly stack: StackFile;
  readonly lifecycle: Lifecycle;
}

export const CLUSTERS = ['europe-west1', 'us-east1'] as const;
export const NAMESPACE = 'lifeverse';
const NODES_PER_CLUSTER = 3;
const FLEETS_READY_MS = 180_000;
const LEFT_GRACE_MS = 3_000;

/** On failure everything that was started is stopped again. */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const lifecycle = createLifecycle(options.log);
  try {
    return { stack: await startAll(options, lifecycle), lifecycle };
  } catch (error) {
    await lifecycle.close('the start failed').catch(() => undefined);
    throw error;
  }
}

async function startAll(options: StackOptions, lifecycle: Lifecycle): Promise<StackFile> {
  const { tree, state, log, now } = options;
  const since = performance.now();
  const around = { ...options.around, signal: AbortSignal.any([options.around.signal, lifecycle.signal]) };
  const step = (what: string): void => around.say(`${String(Math.round((performance.now() - since) / 100) / 10).padStart(5)} s  ${what}`);

  const parts = await obtainStackParts(around, tree);
  const keeper = openRestartingKeeper(openProcessKeeper({ logs: state.logs, run: state.run }), (name, end, pauseMs) => {
    if (!lifecycle.signal.aborted)
      log.warn('a process ended and is started again', { process: name, code: end.code, signal: end.signal, pauseMs });
  });
  const authority = await openLocalAuthority(state.tls, 'LifeVerse local CA', now);
  const issuer = await openIssuer(state.issuer, now);
  const ports = await openPortBook(state.portsFile);
  lifecycle.onClose('ports', () => ports.close());
  // Last of all: what a start that was broken off had not handed over yet.
  lifecycle.onClose('what is left', () => endOwn(state.run, LEFT_GRACE_MS));
  const servicePorts = await portsOf(ports);
  const urls = mapServices((name) => `https://127.0.0.1:${servicePorts[name].port}`);
  const baseEnv = await inheritedEnv(around);
  const edges = await openUdpEdges({
    setting: around.env['UDP_EDGE'],
    clusters: CLUSTERS,
    ports,
    tree,
    quilkin: parts.quilkin,
    keeper,
    baseEnv,
  });
  step('parts are there');

  // Meanwhile; whoever needs it is told of a failure.
  const gameServers = Promise.all(
    CLUSTERS.map(async (cluster) =>
      renderGameServers({
        kustomize: { program: parts.kustomize, env: around.env, signal: around.signal },
        tree,
        cluster,
        folder: path.join(state.config, 'game-servers', cluster),
        backend: { ALLOCATOR_URL: urls.allocator, SAVES_URL: urls.saves },
        caFile: authority.caFile,
      }),
    ),
  );
  gameServers.catch(() => undefined);

  const place = (name: string) => ({ name, folder: path.join(state.data, name), around, keeper, authority });
  const started: GameCluster[] = [];
  const startOneCluster = async (name: string): Promise<GameCluster> => {
    const cluster = await startGameCluster({
      name,
      namespace: NAMESPACE,
      nodes: NODES_PER_CLUSTER,
      tree,
      state,
      around,
      keeper,
      authority,
      ports,
      baseEnv,
      sampleServer: parts.sampleServer,
    });
    started.push(cluster);
    return cluster;
  };
  const [mongo, redis, ...clusters] = await Promise.all([
    ports.port('mongo').then((port) => owned('document database', startMongo({ ...place('mongo'), port }), lifecycle)),
    ports.port('redis').then((port) => owned('Redis', startRedis({ ...place('redis'), port }), lifecycle)),
    ...CLUSTERS.map(startOneCluster),
  ]);
  lifecycle.onClose('clusters', () => all(started, (cluster) => cluster.stop()));
  await ports.save();
  step(`document database (${mongo.kind}), Redis and ${clusters.length} clusters are up`);

  const trust = await writeTrust({
    folder: state.config,
    issuer,
    clusters: clusters.map(({ cluster }) => cluster),
    urls,
    namespace: NAMESPACE,
    udpEdges: edges.places,
  });
  const surroundings = {
    caFile: authority.caFile,
    mongoUrl: mongo.url,
    redisUrl: redis.url,
    urls,
    clustersFile: trust.clusters,
    trustedIssuersFile: trust.trustedIssuers,
    tokenFile: trust.tokenOf,
    accountsSecret: await keptSecret(state.issuer, 'accounts'),
  };
  const without = (around.env['LIFEVERSE_WITHOUT'] ?? '').split(',');
  const places = (await placesOf(ports, servicePorts, options.processes ?? {})).filter(({ service }) => !without.includes(service.name));
  lifecycle.onClose('Agones and nodes', () => all(clusters, (cluster) => cluster.stopPlay()));
  // Before the clusters: an API server that ends waits for those who watch it.
  lifecycle.onClose('UDP edges', () => edges.stop());
  const running: KeptProcess[] = [];
  lifecycle.onClose('services', () => all(running, (service) => service.stop()));
  await Promise.all([
    ...clusters.map(async (cluster, index) => {
      await cluster.play();
      await cluster.deploy((await gameServers)[index] ?? []);
      step(`${cluster.cluster.name}: Agones serves, fleets are deployed`);
    }),
    startServices(
      { tree, places, around: surroundings, keeper, authority, baseEnv, signal: around.signal },
      (kept) => void running.push(kept),
    ).then(() => step(`services are ready: ${places.map(({ name }) => name).join(', ')}`)),
  ]);
  await Promise.all(clusters.map(({ client }) => fleetsReady(client, NAMESPACE, FLEETS_READY_MS, around.signal)));
  step('game servers are Ready');
  await Promise.all(clusters.map(({ cluster }) => edges.start(cluster, NAMESPACE, around.signal)));

  const self = identityOf(process.pid);
  if (self === undefined) throw new Error('The start time of this process cannot be read');
  const stack: StackFile = {
    supervisor: self,
    startedAt: now().toISOString(),
    startSeconds: Math.round((performance.now() - since) / 100) / 10,
    caFile: authority.caFile,
    logs: state.logs,
    mongo: { kind: mongo.kind, url: mongo.url },
    redis: { url: redis.url },
    clusters: clusters.map(({ cluster, hostPorts }) => ({
      name: cluster.name,
      region: cluster.name,
      url: cluster.url,
      kubeconfig: cluster.kubeconfig,
      namespace: NAMESPACE,
      issuer: cluster.issuer,
      hostPorts,
      ...(edges.places[cluster.name] === undefined ? {} : { udpEdge: edges.places[cluster.name] }),
    })),
    services: Object.fromEntries(
      places.map(({ name, port, opsPort }) => [name, { url: `https://127.0.0.1:${port}`, opsUrl: `https://127.0.0.1:${opsPort}` }]),
    ),
    tokens: trust.tokens,
  };
  await writeStackFile(state.stackFile, stack);
  lifecycle.onClose('stack file', () => rm(state.stackFile, { force: true }));
  keeper.watchOver();
  return stack;
}

async function all<T>(parts: readonly T[], stop: (part: T) => Promise<void>): Promise<void> {
  await Promise.all(parts.map(stop));
}

async function owned<T extends { stop(): Promise<void> }>(name: string, starting: Promise<T>, lifecycle: Lifecycle): Promise<T> {
  const part = await starting;
  lifecycle.onClose(name, () => part.stop());
  return part;
}

async function portsOf(ports: PortBook): Promise<Record<ServiceName, { port: number; opsPort: number }>> {
  const found = await Promise.all(
    SERVICES.map(async ({ name }) => [name, { port: await ports.port(name), opsPort: await ports.port(`${name}-ops`) }] as const),
  );
  return Object.fromEntries(found) as Record<ServiceName, { port: number; opsPort: number }>;
}

async function placesOf(
  ports: PortBook,
  first: Record<ServiceName, { port: number; opsPort: number }>,
  processes: Partial<Record<ServiceName, number>>,
): Promise<ServicePlace[]> {
  const places: ServicePlace[] = [];
  for (const service of SERVICES) {
    places.push({ service, name: service.name, ...first[service.name] });
    for (let nth = 2; nth <= (processes[service.name] ?? 1); nth += 1) {
      const name = `${service.name}-${nth}`;
      places.push({ service, name, port: await ports.port(name), opsPort: await ports.port(`${name}-ops`) });
    }
  }
  return places;
}

function mapServices<T>(make: (name: ServiceName) => T): Record<ServiceName, T> {
  return { accounts: make('accounts'), saves: make('saves'), allocator: make('allocator'), matchmaker: make('matchmaker') };
}

/** Compiled scripts are kept in the cache: it takes a third off the start of each of the many Node processes. */
async function inheritedEnv(around: Surroundings): Promise<Record<string, string>> {
  const compileCache = path.join(around.cache, 'node-compile-cache');
  await mkdir(compileCache, { recursive: true });
  const names = ['PATH', 'HOME', 'LANG', 'LOG_LEVEL', 'TMPDIR'];
  const inherited = names.flatMap((name) => (around.env[name] === undefined ? [] : [[name, around.env[name]]]));
  return { ...Object.fromEntries(inherited), NODE_COMPILE_CACHE: compileCache };
}
