/** One game server with its sidecar, the way the recorder had it: made by the API, bound to a node, without a game. */
import type { Server as GrpcServer } from '@grpc/grpc-js';
import { ServerCredentials } from '@grpc/grpc-js';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { EventRecorder } from '../../../local/agones/controllers/event-recorder.ts';
import { isConflict } from '../../../local/agones/kube/kube-client.ts';
import { jsonLog } from '../../../local/agones/log.ts';
import type { GameServer } from '../../../local/agones/resources/game-server.ts';
import { collectionPath, GAME_SERVERS, objectPath } from '../../../local/agones/resources/resource.ts';
import { grpcFace } from '../../../sdk-bridge/solo/sidecar/grpc-face.ts';
import { healthFace } from '../../../local/agones/sdk-server/health-face.ts';
import { OwnGameServer } from '../../../local/agones/sdk-server/own-game-server.ts';
import { restFace } from '../../../sdk-bridge/solo/sidecar/rest-face.ts';
import { SdkServer } from '../../../sdk-bridge/solo/sidecar/sdk-server.ts';
import { afterMs } from '../../../sdk-bridge/solo/sidecar/write-queue.ts';
import { waitUntil } from '../../../local/processes/wait-until.ts';
import { writtenByHand } from '../../sdk-bridge/stand-in/written-by-hand.ts';
import type { ConformanceCluster } from './conformance-cluster.ts';

export interface SidecarBed {
  readonly sdk: SdkServer;
  readonly grpcPort: number;
  readonly httpPort: number;
  readonly healthPort: number;
  /** Begins what waits to be written. */
  write(): void;
  stored(): Promise<GameServer>;
  stop(): void;
}

export interface SidecarBedOptions {
  readonly cluster: ConformanceCluster;
  readonly namespace: string;
  readonly name: string;
  readonly spec: object;
  /** Where it is not said, what is asked for waits until `write`. */
  readonly writeDelayMs?: number;
}

const NODE = 'standin-1';
const ADDRESSES = ['InternalIP', 'ExternalIP'].map((type) => ({ type, address: '127.0.0.1' }));

/** The node that the recorder's stand-in kubelet had. */
export async function standNode({ client }: ConformanceCluster): Promise<void> {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } };
  await client.send({ method: 'POST', path: '/api/v1/nodes', body: node }).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
  });
  const contentType = 'application/merge-patch+json';
  await client.send({ method: 'PATCH', path: `/api/v1/nodes/${NODE}/status`, contentType, body: { status: { addresses: ADDRESSES } } });
}

/** Plays the kubelet for one pod: binds it and says that it runs. */
export async function runPod({ client }: ConformanceCluster, namespace: string, name: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const target = { apiVersion: 'v1', kind: 'Node', name: NODE };
  await client.send({
    method: 'POST',
    path: `${path}/binding`,
    body: { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target },
  });
  const status = { phase: 'Running', podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] };
  await client.send({ method: 'PATCH', path: `${path}/status`, contentType: 'application/merge-patch+json', body: { status } });
}

/** A game server whose pod runs, without a sidecar. Returns how it is read. */
export async function makeGameServer(
  { cluster, namespace, name, spec }: Omit<SidecarBedOptions, 'writeDelayMs'>,
  signal: AbortSignal,
): Promise<() => Promise<GameServer>> {
  const { client } = cluster;
  const namespaceObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await client.send({ method: 'POST', path: '/api/v1/namespaces', body: namespaceObject }).catch(() => undefined);
  const template = { spec: { containers: [{ name: 'game', image: 'none' }] } };
  const gameServer = { apiVersion: 'agones.dev/v1', kind: 'GameServer', metadata: { name }, spec: { ...spec, template } };
  await client.send({ method: 'POST', path: collectionPath(GAME_SERVERS, namespace), body: gameServer });
  const stored = async (): Promise<GameServer> =>
    GAME_SERVERS.parse(await client.send({ method: 'GET', path: objectPath(GAME_SERVERS, namespace, name) }));
  const until = (what: string, isSo: () => Promise<boolean>): Promise<unknown> => waitUntil(isSo, { what, deadlineMs: 60_000, signal });
  await until('the pod is made', async () => (await stored()).status?.state === 'Starting');
  await runPod(cluster, namespace, name);
  await until('the game server knows its pod', async () => (await stored()).status?.addresses?.length === 3);
  return stored;
}

export async function startSidecarBed({ writeDelayMs, ...options }: SidecarBedOptions): Promise<SidecarBed> {
  const { cluster, namespace, name } = options;
  const ending = new AbortController();
  const { client } = cluster;
  const now = (): Date => new Date();
  const log = jsonLog(() => undefined, now);
  const stored = await makeGameServer(options, ending.signal);
  const hand = writtenByHand();
  const own = await OwnGameServer.follow(client, namespace, name, log, ending.signal);
  const events = new EventRecorder(client, 'gameserver-sidecar', log, now, () => Math.random().toString(16).slice(2));
  const sdk = new SdkServer({
    own,
    events: { tell: (told) => events.tell(own.current, told) },
    log,
    now,
    writeLater: writeDelayMs === undefined ? hand.later : afterMs(writeDelayMs),
    signal: ending.signal,
  });
  const rest = restFace(sdk);
  const health = healthFace(sdk);
  const grpc = grpcFace(sdk);
  return {
    sdk,
    httpPort: await listen(rest),
    healthPort: await listen(health),
    grpcPort: await bind(grpc),
    write: () => hand.write(),
    stored,
    stop: () => {
      ending.abort();
      grpc.forceShutdown();
      for (const server of [rest, health]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

async function listen(server: HttpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function bind(server: GrpcServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}
