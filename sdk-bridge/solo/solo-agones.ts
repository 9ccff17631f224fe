/** Agones' sidecar of the invented game server: its gRPC and its REST, for the bridge of the same process and nobody else. */
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { ServerCredentials, type Server as GrpcServer } from '@grpc/grpc-js';
import type { Log } from '../../runtime/log.ts';
import { grpcFace } from './sidecar/grpc-face.ts';
import type { FeatureGates } from './sidecar/feature-gates.ts';
import { restFace } from './sidecar/rest-face.ts';
import { SdkServer } from './sidecar/sdk-server.ts';
import type { SoloGameServer } from './solo-game-server.ts';

export interface SoloAgones {
  readonly grpcPort: number;
  readonly httpPort: number;
  isHere(): boolean;
  /** Of the newest health ping that came to this sidecar, in milliseconds since the epoch. */
  lastBeatAt(): number | undefined;
  /** Another sidecar: every watch begins anew, and what was queued is lost. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Agones' sidecar gathers changes for half a second; here nobody needs to wait for a cluster. */
const WRITE_DELAY_MS = 50;

interface Running {
  readonly sdk: SdkServer;
  readonly rest: HttpServer;
  readonly grpc: GrpcServer;
  readonly ending: AbortController;
}

/** @param now milliseconds since the epoch. */
export async function startSoloAgones(gameServer: SoloGameServer, gates: FeatureGates, log: Log, now: () => number): Promise<SoloAgones> {
  let ports = { grpc: 0, http: 0 };
  let running: Running | undefined;

  const start = async () => {
    if (running !== undefined) return;
    const ending = new AbortController();
    const sdk = new SdkServer({
      own: gameServer,
      events: { tell: ({ reason, message }) => log.info('Agones tells', { reason, event: message }) },
      log,
      now: () => new Date(now()),
      writeDelayMs: WRITE_DELAY_MS,
      ...gates,
      signal: ending.signal,
    });
    const [rest, grpc] = [restFace(sdk), grpcFace(sdk)];
    rest.listen(ports.http, '127.0.0.1');
    await once(rest, 'listening');
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    grpc.bindAsync(`127.0.0.1:${ports.grpc}`, ServerCredentials.createInsecure(), (cause, bound) =>
      cause === null ? resolve(bound) : reject(cause),
    );
    const address = rest.address();
    ports = { grpc: await promise, http: typeof address === 'object' && address !== null ? address.port : 0 };
    running = { sdk, rest, grpc, ending };
  };
  const stop = async () => {
    const { rest, grpc, ending } = running ?? {};
    running = undefined;
    ending?.abort();
    grpc?.forceShutdown();
    rest?.close();
    rest?.closeAllConnections();
  };
  await start();
  return {
    get grpcPort() {
      return ports.grpc;
    },
    get httpPort() {
      return ports.http;
    },
    isHere: () => running !== undefined,
    lastBeatAt: () => running?.sdk.lastPing,
    stop,
    start,
    restart: async () => {
      await stop();
      await start();
    },
  };
}
