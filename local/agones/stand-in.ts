/** One stand-in for Agones on one cluster: its manifests, its listener, its controllers. */
import { Allocator } from './allocation/allocator.ts';
import { clusterView, startCaches, type Chance } from './controllers/cluster-view.ts';
import { FleetAutoscalerController } from './controllers/fleet-autoscaler-controller.ts';
import { FleetController } from './controllers/fleet-controller.ts';
import { GameServerController } from './controllers/game-server-controller.ts';
import { GameServerSetController } from './controllers/game-server-set-controller.ts';
import { GarbageCollector } from './controllers/garbage-collector.ts';
import type { PortRange } from './controllers/port-allocator.ts';
import { allocationServed, installCustomResources, installServices } from './install.ts';
import { KubeClient } from './kube/kube-client.ts';
import type { KubeConnection } from './kube/kube-connection.ts';
import type { Log } from './log.ts';
import type { GameServer } from './resources/game-server.ts';
import { keyOf } from './resources/object-meta.ts';
import { StandInServer, type ServingCertificate } from './stand-in-server.ts';

export interface StandInOptions {
  readonly connection: KubeConnection;
  readonly port: number;
  readonly certificate: ServingCertificate;
  /** PEM of the authority that signed the certificate. */
  readonly caBundle: string;
  readonly hostPorts: PortRange;
  readonly batchWaitMs: number;
  readonly gameNamespaces: readonly string[];
  readonly log: Log;
  readonly chance: Chance & { readonly random: () => number };
}

export interface StandIn {
  /** Where the API server reaches it, and `PUT /misbehaviour` too. */
  readonly port: number;
  /** Whether what it matches allocations on is as new as this form of a game server. */
  hasSeen(gameServer: GameServer): boolean;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;

/** Starts a stand-in; it serves as soon as this returns. */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const { log, chance } = options;
  const ending = new AbortController();
  const starting = AbortSignal.any([ending.signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
  const client = new KubeClient(options.connection);
  const view = clusterView(client, log, chance, () => server.misbehaviour.watchLagMs);
  const allocator = new Allocator(view, { batchWaitMs: options.batchWaitMs, random: chance.random });
  const server: StandInServer = new StandInServer(
    options.certificate,
    (namespace, spec) => allocator.allocate(namespace, spec, ending.signal),
    log,
    chance.now,
  );
  const workers: { drained(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    ending.abort();
    await server.close();
    await Promise.allSettled(workers.map((worker) => worker.drained()));
    client.close();
  };
  try {
    const port = await server.listen(options.port);
    await installCustomResources(client, starting);
    await installServices(client, port, options.caBundle, options.gameNamespaces, starting);
    workers.push(
      new FleetController(view, ending.signal),
      new GameServerSetController(view, ending.signal),
      new GameServerController(view, options.hostPorts, ending.signal),
      new GarbageCollector(view, ending.signal),
      new FleetAutoscalerController(view, ending.signal),
    );
    await startCaches(view, ending.signal);
    await allocationServed(client, starting);
    log.info('the stand-in serves', { port, batchWaitMs: options.batchWaitMs });
    const hasSeen = (gameServer: GameServer): boolean => {
      const known = view.gameServers.get(keyOf(gameServer));
      return Number(known?.metadata.resourceVersion ?? 0) >= Number(gameServer.metadata.resourceVersion);
    };
    return { port, hasSeen, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
