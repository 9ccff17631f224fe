/** The SDK's gRPC face: the published services over what the sidecar does. */
import {
  Server,
  type sendUnaryData,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';

import { grpcGameServer } from './sdk-game-server.ts';
import { GAME_SERVERS } from '../resources/resource.ts';
import { badMask, LIST_FIELDS } from './list-mask.ts';
import { SdkError, unknown } from './sdk-error.ts';
import {
  loadSdkDefinitions,
  type CountAsked,
  type DurationAsked,
  type KeyValueAsked,
  type ListValueAsked,
  type NamedAsked,
  type PlayerAsked,
  type SdkDefinitions,
  type SdkService,
  type UpdateCounterAsked,
  type UpdateListAsked,
} from './sdk-messages.ts';
import type { SdkServer } from './sdk-server.ts';

type Unary<Asked> = (call: ServerUnaryCall<Asked, unknown>, answer: sendUnaryData<unknown>) => void;

export function grpcFace(sdk: SdkServer): Server {
  const definitions = loadSdkDefinitions();
  const server = new Server();
  server.addService(withOwnGameServer(definitions.sdk), stableCalls(sdk, definitions));
  server.addService(definitions.betaSdk, betaCalls(sdk, definitions));
  server.addService(definitions.alphaSdk, alphaCalls(sdk, definitions));
  return server;
}

/** Game servers are written by us: see `proto-writer.ts`. */
function withOwnGameServer(service: SdkService): SdkService {
  const responseSerialize = (value: unknown): Buffer => grpcGameServer(GAME_SERVERS.parse(value));
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      name === 'getGameServer' || name === 'watchGameServer' ? { ...method, responseSerialize } : method,
    ]),
  );
}

function stableCalls(sdk: SdkServer, { messages }: SdkDefinitions): UntypedServiceImplementation {
  const empty = (change: () => void): unknown => {
    change();
    return new messages.Empty();
  };
  return {
    ready: unary(() => empty(() => sdk.ready())),
    allocate: unary(() => empty(() => sdk.allocate())),
    shutdown: unary(() => empty(() => sdk.shutdown())),
    reserve: unary<DurationAsked>((asked) => empty(() => sdk.reserve(asked.getSeconds()))),
    setLabel: unary<KeyValueAsked>((asked) => empty(() => sdk.setLabel(asked.getKey(), asked.getValue()))),
    setAnnotation: unary<KeyValueAsked>((asked) => empty(() => sdk.setAnnotation(asked.getKey(), asked.getValue()))),
    getGameServer: unary(() => sdk.gameServer),
    health: (call: ServerReadableStream<unknown, unknown>, answer: sendUnaryData<unknown>) => {
      call.on('data', () => sdk.ping());
      call.on('end', () => answer(null, new messages.Empty()));
      // The game went away in the middle: that it stops pinging is what tells.
      call.on('error', () => undefined);
    },
    watchGameServer: (call: ServerWritableStream<unknown, unknown>) => {
      const stop = sdk.watch((gameServer) => call.write(gameServer));
      call.on('cancelled', stop);
      call.on('close', stop);
      call.on('error', stop);
    },
  };
}

function betaCalls(sdk: SdkServer, { beta }: SdkDefinitions): UntypedServiceImplementation {
  const counter = (name: string, { count, capacity }: { count: bigint; capacity: bigint }): unknown => {
    const message = new beta.Counter();
    message.setName(name);
    message.setCount(Number(count));
    message.setCapacity(Number(capacity));
    return message;
  };
  const list = (name: string, { capacity, values }: { capacity: number; values: readonly string[] }): unknown => {
    const message = new beta.List();
    message.setName(name);
    message.setCapacity(capacity);
    message.setValuesList(values);
    return message;
  };
  return {
    getCounter: unary<NamedAsked>((asked) => {
      // Without a name the real sidecar fails without a word.
      if (asked.getName() === '') throw unknown('');
      return counter(asked.getName(), sdk.getCounter(asked.getName()));
    }),
    updateCounter: unary<UpdateCounterAsked>((asked) => {
      const inner = asked.getCounterupdaterequest();
      if (inner === undefined) throw unknown('invalid argument. CounterUpdateRequest: <nil> cannot be nil');
      const count = inner.getCount();
      const capacity = inner.getCapacity();
      const updated = sdk.updateCounter(inner.getName(), {
        ...(count === undefined ? {} : { count: BigInt(count.getValue()) }),
        ...(capacity === undefined ? {} : { capacity: BigInt(capacity.getValue()) }),
        countDiff: BigInt(inner.getCountdiff()),
      });
      return counter(inner.getName(), updated);
    }),
    getList: unary<NamedAsked>((asked) => list(asked.getName(), sdk.getList(asked.getName()))),
    addListValue: unary<ListValueAsked>((asked) => list(asked.getName(), sdk.addListValue(asked.getName(), asked.getValue()))),
    removeListValue: unary<ListValueAsked>((asked) => list(asked.getName(), sdk.removeListValue(asked.getName(), asked.getValue()))),
    updateList: unary<UpdateListAsked>((asked) => updateList(sdk, asked)),
  };
}

function updateList(sdk: SdkServer, asked: UpdateListAsked): unknown {
  const paths = asked.getUpdateMask()?.getPathsList();
  const list = asked.getList();
  if (paths === undefined || list === undefined) {
    const said = list === undefined ? '<nil>' : `name:${JSON.stringify(list.getName())} capacity:${list.getCapacity()}`;
    throw unknown(
      `invalid argument. List: ${said} and UpdateMask ${paths === undefined ? '<nil>' : `paths:${paths.join(' ')}`} cannot be nil`,
    );
  }
  const bad = paths.filter((path) => !LIST_FIELDS.includes(path));
  if (bad.length > 0) throw unknown(badMask(paths));
  return sdk.updateList();
}

function alphaCalls({ players }: SdkServer, { alpha }: SdkDefinitions): UntypedServiceImplementation {
  const bool = (value: boolean): unknown => {
    const message = new alpha.Bool();
    message.setBool(value);
    return message;
  };
  const count = (value: number): unknown => {
    const message = new alpha.Count();
    message.setCount(value);
    return message;
  };
  return {
    playerConnect: unary<PlayerAsked>((asked) => bool(players.connect(asked.getPlayerid()))),
    playerDisconnect: unary<PlayerAsked>((asked) => bool(players.disconnect(asked.getPlayerid()))),
    setPlayerCapacity: unary<CountAsked>((asked) => {
      players.setCapacity(asked.getCount());
      return new alpha.Empty();
    }),
    getPlayerCapacity: unary(() => count(players.capacity)),
    getPlayerCount: unary(() => count(players.connected.length)),
    isPlayerConnected: unary<PlayerAsked>((asked) => bool(players.connected.includes(asked.getPlayerid()))),
    getConnectedPlayers: unary(() => {
      const message = new alpha.PlayerIDList();
      message.setListList(players.connected);
      return message;
    }),
  };
}

function unary<Asked>(act: (asked: Asked) => unknown): Unary<Asked> {
  return (call, answer) => {
    try {
      answer(null, act(call.request));
    } catch (error) {
      if (!(error instanceof SdkError)) throw error;
      answer({ code: error.code, details: error.message });
    }
  };
}
