/** The recorded calls of the SDK's gRPC face, sent in their order to whatever stands on a port. */
import { createRequire } from 'node:module';
import type { Client, ServiceError } from '@grpc/grpc-js';
import { setTimeout as sleep } from 'node:timers/promises';

import { asRecorded, differences, inNamespace, type Bindings } from './compare.ts';
import { isReplayed } from './deviations.ts';
import { recordedCases } from './recorded-case.ts';

export const GRPC_FILE = 'sdk-grpc.json';
const NAMESPACE = 'grpc2';
const LOOK_MS = 100;
const SETTLED_MS = 60_000;

/** The game server that the recorder had. */
export const GRPC_SPEC = {
  health: { disabled: true },
  ports: [{ name: 'default', containerPort: 7777 }],
  counters: { rooms: { count: 1, capacity: 10 } },
  lists: { players: { capacity: 3, values: ['p0'] } },
};

interface Method {
  readonly path: string;
  readonly requestType: new () => object;
  readonly requestSerialize: (message: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => { toObject(): unknown };
}

interface GrpcCase {
  readonly name: string;
  readonly request: { readonly service: string; readonly method: string; readonly message: Readonly<Record<string, unknown>> };
  readonly response: { readonly code: number; readonly details?: string; readonly message?: unknown };
}

export interface GrpcTarget {
  readonly client: Client;
  /** Has a sidecar that does not write by itself write what waits: a label that Agones cannot write takes those down that meet it there. */
  readonly write?: () => void;
  /** Of the game server; the recorder's where it is not said. */
  readonly namespace?: string;
}

export async function grpcDifferences({ client, write, namespace }: GrpcTarget, recorded: GrpcCase, bindings: Bindings): Promise<string[]> {
  const expected = { code: recorded.response.code, details: recorded.response.details, message: recorded.response.message };
  const ask = async () =>
    differences(plain(expected), plain(inNamespace(asRecorded(await call(client, recorded)), namespace, NAMESPACE)), bindings);
  const settled = recorded.name.endsWith('settled');
  // What is written is shown when the watch has brought it back: how soon is for the machine to say.
  for (const end = performance.now() + (settled ? SETTLED_MS : 0); ; await sleep(LOOK_MS)) {
    if (settled) write?.();
    const found = await ask();
    if (found.length === 0 || performance.now() >= end) return found;
  }
}

/** The calls; streams and times are held by tests of their own. */
export function replayableGrpc(): GrpcCase[] {
  const unary = recordedCases(GRPC_FILE).filter(({ request, response }) => request !== undefined && response !== undefined);
  return unary.filter(({ name }) => isReplayed(GRPC_FILE, name)) as unknown as GrpcCase[];
}

/** How often an object was written depends on how many calls met in one write. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(/"generation":[0-9]+/g, '"generation":0'));
}

function call(client: Client, { request }: GrpcCase): Promise<unknown> {
  const method = methodOf(request.service, request.method);
  const message = filled(new method.requestType(), request.message);
  const deadline = Date.now() + 5_000;
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      message,
      { deadline },
      (error: ServiceError | null, answer?: { toObject(): unknown }) => {
        resolve(error === null ? { code: 0, message: answer?.toObject() } : { code: error.code, details: error.details });
      },
    );
  });
}

const require = createRequire(import.meta.url);
const FILES: Readonly<Record<string, string>> = {
  'agones.dev.sdk.SDK': '@google-cloud/agones-sdk/lib/sdk_grpc_pb.js',
  'agones.dev.sdk.beta.SDK': '@google-cloud/agones-sdk/lib/beta/beta_grpc_pb.js',
  'agones.dev.sdk.alpha.SDK': '@google-cloud/agones-sdk/lib/alpha/alpha_grpc_pb.js',
};

function methodOf(service: string, name: string): Method {
  const methods = (require(FILES[service] ?? '') as Readonly<Record<string, Readonly<Record<string, Method | undefined>>>>)[service];
  const method = methods?.[name];
  if (method === undefined) throw new Error(`${service} has no ${name}`);
  return method;
}

/** Sets the fields that a recording names; a field that is itself a message is made as its getter's type. */
function filled<Message extends object>(message: Message, fields: Readonly<Record<string, unknown>>): Message {
  const setters = message as Readonly<Record<string, ((value: unknown) => void) | undefined>>;
  for (const [name, value] of Object.entries(fields)) {
    const setter = setters[`set${name.charAt(0).toUpperCase()}${name.slice(1)}`];
    if (setter === undefined) throw new Error(`a message has no field ${name}`);
    setter.call(message, isFields(value) ? filled(innerMessage(name), value) : value);
  }
  return message;
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const beta = require('@google-cloud/agones-sdk/lib/beta/beta_pb.js') as Readonly<Record<string, new () => object>>;
const sdkRequire = createRequire(require.resolve('@google-cloud/agones-sdk/lib/sdk_pb.js'));
const wrappers = sdkRequire('google-protobuf/google/protobuf/wrappers_pb.js') as Readonly<Record<string, new () => object>>;
const masks = sdkRequire('google-protobuf/google/protobuf/field_mask_pb.js') as Readonly<Record<string, new () => object>>;

function innerMessage(field: string): object {
  const types: Readonly<Record<string, (new () => object) | undefined>> = {
    counterupdaterequest: beta['CounterUpdateRequest'],
    list: beta['List'],
    count: wrappers['Int64Value'],
    capacity: wrappers['Int64Value'],
    updateMask: masks['FieldMask'],
  };
  const type = types[field];
  if (type === undefined) throw new Error(`nobody knows the type of ${field}`);
  return new type();
}
