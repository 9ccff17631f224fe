/** Agones' sidecar of an invented game server: its gRPC, for the bridge of the same process and nobody else, as a cluster would have it. */
import {
  Server,
  ServerCredentials,
  status as Code,
  type sendUnaryData,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { SoloState } from '../../contracts/bridge-solo.ts';
import { readFields } from '../agones/wire-reader.ts';
import { bytesField, concat, mapField, numberField, textField } from '../agones/wire-writer.ts';
import { gameServerOf, type SoloKeeper } from './solo-kept.ts';

type State = SoloState['agones']['state'];

export interface SoloAgones {
  readonly port: number;
  isHere(): boolean;
  /** As Agones would tell it: `agones.dev.sdk.GameServer`. */
  gameServer(): Buffer;
  /** Of the newest health ping, in milliseconds since the epoch. */
  lastBeatAt(): number | undefined;
  become(state: State): Promise<void>;
  /** As an allocation, or the allocator later: labels and annotations in one write with the state. */
  write(change: {
    readonly state?: State;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
    readonly deletedAt?: number;
  }): Promise<void>;
  /** Calls back when the state is another. */
  onState(listener: (state: State) => void): void;
  /** Another game server: every watch begins anew. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const SERVICE = 'agones.dev.sdk.SDK';
const EMPTY = Buffer.alloc(0);
const asIs = (bytes: Buffer): Buffer => bytes;
/** Agones' sidecar takes half a second for a change of state; here nobody needs to wait for a cluster. */
const SOON_MS = 50;

type Unary = (message: Buffer) => Promise<Buffer>;

/** @param now milliseconds since the epoch. */
export async function startSoloAgones(keeper: SoloKeeper, now: () => number): Promise<SoloAgones> {
  let port = 0;
  let server: Server | undefined;
  let lastBeatAt: number | undefined;
  let reserved: NodeJS.Timeout | undefined;
  /** The newest overwrites the one before, and a restart loses it: as with Agones' own sidecar. */
  let queued: NodeJS.Timeout | undefined;
  const watchers = new Set<ServerWritableStream<Buffer, Buffer>>();
  const listeners: ((state: State) => void)[] = [];
  const message = () => gameServerMessage(keeper);

  const write: SoloAgones['write'] = async ({ state, labels, annotations, deletedAt }) => {
    const before = keeper.current().agones.state;
    const kept = keeper.change(({ agones, ...rest }) => ({
      ...rest,
      agones: {
        version: agones.version + 1,
        state: state ?? agones.state,
        labels: { ...agones.labels, ...labels },
        annotations: { ...agones.annotations, ...annotations },
        deletedAt: deletedAt ?? agones.deletedAt,
      },
    }));
    for (const watcher of watchers) watcher.write(message());
    if (state !== undefined && state !== before) for (const listener of listeners) listener(state);
    await kept;
  };
  /** What is on its way out stays so. */
  const become = async (state: State) => {
    if (!['Shutdown', 'Unhealthy', 'Error'].includes(keeper.current().agones.state)) await write({ state });
  };
  const later =
    (state: State): Unary =>
    async () => {
      clearTimeout(reserved);
      clearTimeout(queued);
      queued = setTimeout(() => void become(state), SOON_MS);
      return EMPTY;
    };
  const written =
    (kind: 'labels' | 'annotations'): Unary =>
    async (bytes) => {
      const fields = readFields(bytes);
      await write({ [kind]: { [`agones.dev/sdk-${fields.text(1)}`]: fields.text(2) } });
      return EMPTY;
    };
  const reserve: Unary = async (bytes) => {
    const seconds = Number(readFields(bytes).int(1));
    await become('Reserved');
    clearTimeout(reserved);
    if (seconds > 0) reserved = setTimeout(() => void become('Ready'), seconds * 1_000).unref();
    return EMPTY;
  };

  const calls: Readonly<Record<string, Unary>> = {
    Ready: later('Ready'),
    Allocate: later('Allocated'),
    Shutdown: later('Shutdown'),
    Reserve: reserve,
    SetLabel: written('labels'),
    SetAnnotation: written('annotations'),
    GetGameServer: async () => message(),
  };

  const open = () => {
    const made = new Server();
    const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
      path: `/${SERVICE}/${name}`,
      requestStream,
      responseStream,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    });
    const unary = Object.entries(calls).map(([name, call]) => [
      name,
      ({ request }: { request: Buffer }, done: sendUnaryData<Buffer>) => {
        call(request).then(
          (answer) => done(null, answer),
          (cause: unknown) => done({ code: Code.UNKNOWN, details: String(cause) }),
        );
      },
    ]);
    const implementation = {
      ...Object.fromEntries(unary),
      Health: (call: NodeJS.ReadableStream, done: sendUnaryData<Buffer>) => {
        call.on('data', () => (lastBeatAt = now()));
        call.on('error', () => {});
        call.on('end', () => done(null, EMPTY));
      },
      WatchGameServer: (call: ServerWritableStream<Buffer, Buffer>) => {
        watchers.add(call);
        call.on('cancelled', () => watchers.delete(call));
        call.on('error', () => watchers.delete(call));
        call.write(message());
      },
    } as UntypedServiceImplementation;
    const definition = Object.fromEntries([
      ...Object.keys(calls).map((name) => [name, method(name, false, false)]),
      ['Health', method('Health', true, false)],
      ['WatchGameServer', method('WatchGameServer', false, true)],
    ]);
    made.addService(definition, implementation);
    return made;
  };

  const start = async () => {
    if (server !== undefined) return;
    const made = open();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    made.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (cause, bound) =>
      cause === null ? resolve(bound) : reject(cause),
    );
    port = await promise;
    server = made;
  };
  const stop = async () => {
    clearTimeout(reserved);
    clearTimeout(queued);
    server?.forceShutdown();
    server = undefined;
    watchers.clear();
  };
  await start();
  return {
    get port() {
      return port;
    },
    isHere: () => server !== undefined,
    gameServer: message,
    lastBeatAt: () => lastBeatAt,
    become,
    write,
    onState: (listener) => void listeners.push(listener),
    stop,
    start,
    restart: async () => {
      await stop();
      await start();
    },
  };
}

/** `agones.dev.sdk.GameServer`, by its field numbers. */
function gameServerMessage(keeper: SoloKeeper): Buffer {
  const { agones } = keeper.current();
  const texts = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([key, value]) => [key, textField(2, value)] as const);
  const meta = [
    textField(1, gameServerOf(keeper.current())),
    textField(2, 'solo'),
    textField(3, gameServerOf(keeper.current())),
    textField(4, String(agones.version)),
    numberField(5, agones.version),
    numberField(7, agones.deletedAt),
    mapField(8, texts(agones.annotations)),
    mapField(9, texts(agones.labels)),
  ];
  const health = concat([numberField(2, 5), numberField(3, 3), numberField(4, 5)]);
  return concat([
    bytesField(1, concat(meta)),
    bytesField(2, bytesField(1, health)),
    bytesField(3, concat([textField(1, agones.state), textField(2, '127.0.0.1')])),
  ]);
}
