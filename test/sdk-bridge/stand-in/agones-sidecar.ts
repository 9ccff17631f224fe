/** A small sidecar from the SDK's own service definitions: one game server in memory, with Agones' half-second queue. */
import { createRequire } from 'node:module';
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { grpcGameServer } from '../../../local/agones/sdk-server/grpc-game-server.ts';
import type { GameServer } from '../../../local/agones/resources/game-server.ts';

interface Pb {
  Empty: new () => unknown;
}

export interface Sidecar {
  readonly port: number;
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
  /** Cuts every stream and stops listening; `start` comes back on the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
  labels(): Record<string, string>;
}

const require = createRequire(import.meta.url);
const pb = require('@google-cloud/agones-sdk/lib/sdk_pb.js') as Pb;
const services = require('@google-cloud/agones-sdk/lib/sdk_grpc_pb.js') as Record<'agones.dev.sdk.SDK', ServiceDefinition>;
/** The generated code cannot write maps; the local stand-in's writer can. */
const asIs = { responseSerialize: (bytes: Buffer) => bytes };
const generated = services['agones.dev.sdk.SDK'];
const SDK = {
  ...generated,
  getGameServer: { ...generated['getGameServer'], ...asIs },
  watchGameServer: { ...generated['watchGameServer'], ...asIs },
} as ServiceDefinition;

const QUEUE_MS = 500;

export async function startSidecar(name: string): Promise<Sidecar> {
  let state = 'Scheduled';
  let version = 1;
  let labels: Record<string, string> = {};
  let annotations: Record<string, string> = {};
  let queued: string | undefined;
  let port = 0;
  let server: Server;
  const calls: string[] = [];
  const beats: number[] = [];
  const watchers = new Set<ServerWritableStream<unknown, unknown>>();

  const message = () =>
    grpcGameServer({
      apiVersion: 'agones.dev/v1',
      kind: 'GameServer',
      metadata: { name, namespace: 'default', uid: 'u', resourceVersion: String(version), generation: version, labels, annotations },
      spec: {},
      status: { state, address: '127.0.0.1' },
    } as GameServer);

  const publish = () => {
    version++;
    for (const watcher of watchers) watcher.write(message());
  };
  const become = (next: string) => {
    state = next;
    publish();
  };
  const queue = (next: string) => {
    calls.push(next);
    if (queued === undefined) {
      setTimeout(() => {
        const due = queued ?? state;
        queued = undefined;
        if (state !== 'Shutdown') become(due === 'RequestReady' ? 'Ready' : due);
      }, QUEUE_MS);
    }
    queued = next;
  };
  const told = (next: string) => (_call: unknown, done: (error: null, answer: unknown) => void) => {
    queue(next);
    done(null, new pb.Empty());
  };

  const implementation = {
    ready: told('RequestReady'),
    allocate: told('Allocated'),
    shutdown: told('Shutdown'),
    reserve: told('Reserved'),
    health: (call: NodeJS.ReadableStream, done: (error: null, answer: unknown) => void) => {
      call.on('data', () => beats.push(Date.now()));
      call.on('end', () => done(null, new pb.Empty()));
    },
    getGameServer: (_call: unknown, done: (error: null, answer: unknown) => void) => done(null, message()),
    watchGameServer: (call: ServerWritableStream<unknown, unknown>) => {
      watchers.add(call);
      call.write(message());
      call.on('cancelled', () => watchers.delete(call));
    },
    setLabel: (call: { request: { getKey(): string; getValue(): string } }, done: (error: unknown, answer?: unknown) => void) => {
      const key = call.request.getKey();
      if (key === 'bad key!') return done({ code: 3, details: 'invalid label key "bad key!"' });
      labels = { ...labels, [`agones.dev/sdk-${key}`]: call.request.getValue() };
      publish();
      done(null, new pb.Empty());
    },
    setAnnotation: (_call: unknown, done: (error: null, answer: unknown) => void) => done(null, new pb.Empty()),
  } as unknown as UntypedServiceImplementation;

  const start = async () => {
    server = new Server();
    server.addService(SDK, implementation);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (cause, bound) =>
      cause === null ? resolve(bound) : reject(cause),
    );
    port = await promise;
  };
  await start();

  return {
    get port() {
      return port;
    },
    calls,
    beats,
    state: () => state,
    labels: () => labels,
    become,
    annotate: (next) => {
      annotations = next;
      publish();
    },
    allocate: (marks) => {
      labels = { ...labels, ...marks };
      become('Allocated');
    },
    stop: async () => {
      watchers.clear();
      queued = undefined;
      server.forceShutdown();
    },
    start,
  };
}
