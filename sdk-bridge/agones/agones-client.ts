/** Agones' sidecar over gRPC: every call has a deadline, and the bridge's own wait within that for a sidecar that restarts. */
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { parseGameServer, type GameServer } from './game-server.ts';
import { SDK } from './sdk-calls.ts';
import { concat, numberField, textField } from './wire-writer.ts';

/** A GameServer as it was told, in both forms. */
export interface Told {
  readonly gameServer: GameServer;
  readonly bytes: Buffer;
}

/** @throws ServiceError of grpc-js from every call: `code` and `details` are Agones' own. */
export interface AgonesClient {
  /** Any unary call of any of the SDK's services, its messages as they are on the wire. */
  call(path: string, message: Buffer): Promise<Buffer>;
  /** The same for another caller, as it would meet Agones' sidecar: `UNAVAILABLE` at once while that is away, `DEADLINE_EXCEEDED` where it hangs. */
  passOn(path: string, message: Buffer): Promise<Buffer>;
  ready(): Promise<void>;
  allocate(): Promise<void>;
  shutdown(): Promise<void>;
  /** @param seconds 0 is for ever. */
  reserve(seconds: bigint): Promise<void>;
  getGameServer(): Promise<Told>;
  /** One watch: the present state first, then every update. Settles when the stream ends, whatever the reason. */
  watch(onUpdate: (told: Told) => void, signal: AbortSignal): Promise<Error | undefined>;
  /** One health ping, which Agones has when it resolves. */
  beat(): Promise<void>;
  close(): void;
}

/** Longest that the sidecar may take for one call over loopback, its return after a restart included. */
const CALL_MS = 3_000;
const EMPTY = Buffer.alloc(0);
const asIs = (bytes: Buffer): Buffer => bytes;

export const keyValueMessage = (key: string, value: string): Buffer => concat([textField(1, key), textField(2, value)]);

export function createAgonesClient(port: number): AgonesClient {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 500,
    'grpc.max_receive_message_length': 16 * 1024 * 1024,
    'grpc.enable_http_proxy': 0,
    'grpc.enable_channelz': 0,
  });
  const waiting = () => new Metadata({ waitForReady: true });
  const soon = () => ({ deadline: Date.now() + CALL_MS });

  const send = (path: string, message: Buffer, metadata: Metadata) =>
    new Promise<Buffer>((resolve, reject) => {
      const done = (cause: ServiceError | null, answer?: Buffer) => (answer === undefined ? reject(cause) : resolve(answer));
      client.makeUnaryRequest(path, asIs, asIs, message, metadata, soon(), done);
    });
  const call = (path: string, message: Buffer) => send(path, message, waiting());
  const told = async (path: string, message: Buffer = EMPTY) => void (await call(path, message));

  return {
    call,
    passOn: (path, message) => send(path, message, new Metadata()),
    ready: () => told(SDK.ready),
    allocate: () => told(SDK.allocate),
    shutdown: () => told(SDK.shutdown),
    reserve: (seconds) => told(SDK.reserve, numberField(1, seconds)),
    getGameServer: async () => toldOf(await call(SDK.getGameServer, EMPTY)),
    watch: (onUpdate, signal) => {
      const stream = client.makeServerStreamRequest(SDK.watchGameServer, asIs, asIs, EMPTY, waiting());
      const cancel = () => stream.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      if (signal.aborted) cancel();
      return new Promise<Error | undefined>((resolve) => {
        stream.on('data', (bytes: Buffer) => {
          try {
            onUpdate(toldOf(bytes));
          } catch (cause) {
            // Thrown out of here it would end the process.
            resolve(cause instanceof Error ? cause : new Error(String(cause)));
            cancel();
          }
        });
        stream.on('error', (cause: Error) => resolve(cause));
        stream.on('end', () => resolve(undefined));
      }).finally(() => signal.removeEventListener('abort', cancel));
    },
    // A stream of its own for each ping: one that is kept takes pings without a word after the sidecar behind it is gone.
    beat: () =>
      new Promise((resolve, reject) => {
        const done = (cause: ServiceError | null) => (cause === null ? resolve() : reject(cause));
        const stream = client.makeClientStreamRequest(SDK.health, asIs, asIs, waiting(), soon(), done);
        stream.on('error', () => {});
        stream.end(EMPTY);
      }),
    close: () => client.close(),
  };
}

const toldOf = (bytes: Buffer): Told => ({ gameServer: parseGameServer(bytes), bytes });
