/**
 * Agones' sidecar as the local stand-in has it, over a game server that lives in memory: no API server, no controllers but the one step from
 * RequestReady to Ready. Both faces, and the half second in which it queues.
 */
import { ServerCredentials, type Server as GrpcServer } from '@grpc/grpc-js';
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jsonLog } from '../../../local/agones/log.ts';
import type { GameServer, GameServerState } from '../../../local/agones/resources/game-server.ts';
import { grpcFace } from '../../../local/agones/sdk-server/grpc-face.ts';
import { restFace } from '../../../local/agones/sdk-server/rest-face.ts';
import { SdkServer, type SdkParts } from '../../../local/agones/sdk-server/sdk-server.ts';

export interface Sidecar {
  /** Of gRPC. */
  readonly port: number;
  readonly httpPort: number;
  /** Every state call that arrived. */
  readonly calls: string[];
  /** Moments of health pings. */
  readonly beats: number[];
  state(): string;
  /** As the allocator does: labels and state in one write. */
  allocate(labels: Record<string, string>): void;
  become(state: string): void;
  /** As the allocator does later. */
  annotate(annotations: Record<string, string>): void;
  /** Cuts every stream and stops listening, what is queued is lost; `start` comes back on the same ports. */
  stop(): Promise<void>;
  start(): Promise<void>;
  labels(): Record<string, string>;
}

const QUEUE_MS = 500;

export async function startSidecar(name: string, playerTracking = false): Promise<Sidecar> {
  const calls: string[] = [];
  const beats: number[] = [];
  const own = ownInMemory(name);
  let ports = { grpc: 0, http: 0 };
  let running: { rest: HttpServer; grpc: GrpcServer; ending: AbortController } | undefined;

  class Watched extends SdkServer {
    override ready(): void {
      calls.push('RequestReady');
      super.ready();
    }
    override allocate(): void {
      calls.push('Allocated');
      super.allocate();
    }
    override shutdown(): void {
      calls.push('Shutdown');
      super.shutdown();
    }
    override reserve(seconds: number): void {
      calls.push('Reserved');
      super.reserve(seconds);
    }
    override ping(): void {
      beats.push(Date.now());
      super.ping();
    }
  }

  const start = async () => {
    const ending = new AbortController();
    const now = () => new Date();
    const parts = {
      own,
      events: { tell: () => {} },
      log: jsonLog(() => undefined, now),
      now,
      writeDelayMs: QUEUE_MS,
      playerTracking,
      signal: ending.signal,
    };
    const sdk = new Watched(parts);
    const rest = restFace(sdk);
    const grpc = grpcFace(sdk);
    rest.listen(ports.http, '127.0.0.1');
    await once(rest, 'listening');
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    grpc.bindAsync(`127.0.0.1:${ports.grpc}`, ServerCredentials.createInsecure(), (cause, bound) =>
      cause === null ? resolve(bound) : reject(cause),
    );
    ports = { grpc: await promise, http: (rest.address() as AddressInfo).port };
    running = { rest, grpc, ending };
  };
  await start();

  return {
    get port() {
      return ports.grpc;
    },
    get httpPort() {
      return ports.http;
    },
    calls,
    beats,
    state: () => own.current.status?.state ?? '',
    labels: () => ({ ...own.current.metadata.labels }),
    become: (state) => own.change(({ status }) => ({ status: { ...status, state: state as GameServerState } })),
    annotate: (annotations) => own.change(({ metadata }) => ({ metadata: { ...metadata, annotations } })),
    allocate: (marks) =>
      own.change(({ metadata, status }) => ({
        metadata: { ...metadata, labels: { ...metadata.labels, ...marks } },
        status: { ...status, state: 'Allocated' },
      })),
    stop: async () => {
      const { rest, grpc, ending } = running ?? {};
      running = undefined;
      ending?.abort();
      grpc?.forceShutdown();
      rest?.close();
      rest?.closeAllConnections();
    },
    start,
  };
}

function ownInMemory(name: string): SdkParts['own'] & { change(make: (current: GameServer) => Partial<GameServer>): void } {
  const metadata = { name, namespace: 'default', uid: 'u', resourceVersion: '1', generation: 1, labels: {}, annotations: {} };
  const spec = { template: { spec: { containers: [] } } };
  let current: GameServer = {
    apiVersion: 'agones.dev/v1',
    kind: 'GameServer',
    metadata,
    spec,
    status: { state: 'Scheduled', address: '127.0.0.1' },
  };
  const listeners = new Set<(gameServer: GameServer) => void>();
  const store = (made: GameServer) => {
    const version = Number(current.metadata.resourceVersion) + 1;
    current = { ...made, metadata: { ...made.metadata, resourceVersion: String(version), generation: version } };
    for (const listener of listeners) listener(current);
    // The controller's part.
    if (current.status?.state === 'RequestReady') store({ ...current, status: { ...current.status, state: 'Ready' } });
  };
  return {
    get current() {
      return current;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    write: async (gameServer) => store(gameServer),
    refresh: async () => {},
    change: (make) => store({ ...current, ...make(current) }),
  };
}
