/** The Agones Node SDK's generated messages, typed as far as we use them. The SDK has no types for them. */
import { createRequire } from 'node:module';

interface Message {
  serializeBinary(): Uint8Array;
}

interface KeyValueMessage extends Message {
  setKey(key: string): void;
  setValue(value: string): void;
}

interface DurationMessage extends Message {
  /** A decimal text keeps an int64 whole. */
  setSeconds(seconds: number | string): void;
}

export interface SdkMessages {
  readonly Empty: new () => Message;
  readonly KeyValue: new () => KeyValueMessage;
  readonly Duration: new () => DurationMessage;
  readonly GameServer: { deserializeBinary(bytes: Uint8Array): { toObject(): unknown } };
}

/** One method of the service as grpc-js calls it. */
export interface SdkMethod {
  readonly path: string;
  readonly requestSerialize: (message: unknown) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => { toObject(): unknown };
}

export type SdkMethodName =
  | 'ready'
  | 'allocate'
  | 'shutdown'
  | 'health'
  | 'getGameServer'
  | 'watchGameServer'
  | 'setLabel'
  | 'setAnnotation'
  | 'reserve';

export interface SdkStubs {
  readonly messages: SdkMessages;
  readonly service: Readonly<Record<SdkMethodName, SdkMethod>>;
}

/** CommonJS without types: what is cast here is the shape of the published package, pinned by the lock file. */
export function loadSdkStubs(): SdkStubs {
  const require = createRequire(import.meta.url);
  const messages = require('@google-cloud/agones-sdk/lib/sdk_pb.js') as SdkMessages;
  const services = require('@google-cloud/agones-sdk/lib/sdk_grpc_pb.js') as { 'agones.dev.sdk.SDK': SdkStubs['service'] };
  return { messages, service: services['agones.dev.sdk.SDK'] };
}
