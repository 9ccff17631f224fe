/** Agones' sidecar over gRPC: every call has a deadline, and streams say when they end. */
import { Client, credentials, Metadata, type ClientWritableStream, type ServiceError } from '@grpc/grpc-js';
import { parseGameServer, type GameServer } from './game-server.ts';
import type { SdkMethodName, SdkStubs } from './sdk-stubs.ts';

export interface AgonesClient {
  ready(): Promise<void>;
  allocate(): Promise<void>;
  shutdown(): Promise<void>;
  /** @param seconds a decimal number; 0 is for ever. */
  reserve(seconds: string): Promise<void>;
  setLabel(key: string, value: string): Promise<void>;
  setAnnotation(key: string, value: string): Promise<void>;
  getGameServer(): Promise<GameServer>;
  /** One watch: the present state first, then every update. Settles when the stream ends, whatever the reason. */
  watch(onUpdate: (gameServer: GameServer) => void, signal: AbortSignal): Promise<Error | undefined>;
  /** One health ping. A stream that broke is opened anew with the next one. */
  beat(): void;
  close(): void;
}

/** Longest that the sidecar, over loopback, may take for one call. */
const CALL_MS = 3_000;

/** @throws ServiceError of grpc-js from every call: `code` and `details` are Agones' own. */
export function createAgonesClient({ messages, service }: SdkStubs, port: number, onHealthLost: (cause: Error) => void): AgonesClient {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.min_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.max_receive_message_length': 16 * 1024 * 1024,
    'grpc.enable_http_proxy': 0,
  });
  let health: ClientWritableStream<unknown> | undefined;

  const unary = (name: SdkMethodName, message: unknown) => {
    const { path, requestSerialize, responseDeserialize } = service[name];
    return new Promise<{ toObject(): unknown }>((resolve, reject) => {
      const done = (cause: ServiceError | null, answer?: { toObject(): unknown }) =>
        answer === undefined ? reject(cause) : resolve(answer);
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        new Metadata(),
        { deadline: Date.now() + CALL_MS },
        done,
      );
    });
  };

  const told = async (name: SdkMethodName, message: unknown = new messages.Empty()) => void (await unary(name, message));

  const keyValue = (key: string, value: string) => {
    const message = new messages.KeyValue();
    message.setKey(key);
    message.setValue(value);
    return message;
  };

  const openHealth = () => {
    const { path, requestSerialize, responseDeserialize } = service.health;
    const stream = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (cause) => {
      if (health === stream) health = undefined;
      if (cause !== null) onHealthLost(cause);
    });
    // The callback above tells it already; without a listener it would end the process.
    stream.on('error', () => {});
    return stream;
  };

  return {
    ready: () => told('ready'),
    allocate: () => told('allocate'),
    shutdown: () => told('shutdown'),
    reserve: (seconds) => {
      const message = new messages.Duration();
      message.setSeconds(seconds);
      return told('reserve', message);
    },
    setLabel: (key, value) => told('setLabel', keyValue(key, value)),
    setAnnotation: (key, value) => told('setAnnotation', keyValue(key, value)),
    getGameServer: async () => parseGameServer((await unary('getGameServer', new messages.Empty())).toObject()),
    watch: (onUpdate, signal) => {
      const { path, requestSerialize, responseDeserialize } = service.watchGameServer;
      const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, new messages.Empty());
      const cancel = () => stream.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      if (signal.aborted) cancel();
      return new Promise<Error | undefined>((resolve) => {
        stream.on('data', (message: { toObject(): unknown }) => onUpdate(parseGameServer(message.toObject())));
        stream.on('error', (cause: Error) => resolve(cause));
        stream.on('end', () => resolve(undefined));
      }).finally(() => signal.removeEventListener('abort', cancel));
    },
    beat: () => {
      health ??= openHealth();
      health.write(new messages.Empty());
    },
    close: () => {
      health?.end();
      client.close();
    },
  };
}
