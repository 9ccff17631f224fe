/** The SDK's gRPC face over what the sidecar does. Messages are read and written by their field numbers, as the bridge does it. */
import {
  Server,
  type sendUnaryData,
  type ServerReadableStream,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { byteService, unary } from '../../agones/byte-service.ts';
import { ALPHA, BETA, SDK } from '../../agones/sdk-calls.ts';
import { readFields, type Fields } from '../../agones/wire-reader.ts';
import { concat, numberField, textField, textsField } from '../../agones/wire-writer.ts';
import type { Counter, List } from './counts.ts';
import { badMask, LIST_FIELDS } from './list-mask.ts';
import { unknown } from './sdk-error.ts';
import { grpcGameServer } from './sdk-game-server.ts';
import type { SdkServer } from './sdk-server.ts';

const EMPTY = Buffer.alloc(0);

/** A server that listens nowhere yet. */
export function grpcFace(sdk: SdkServer): Server {
  const server = new Server({ 'grpc.enable_channelz': 0 });
  server.addService(byteService(SDK), stableCalls(sdk));
  server.addService(byteService(BETA), betaCalls(sdk));
  server.addService(byteService(ALPHA), alphaCalls(sdk));
  return server;
}

const call = (act: (asked: Fields) => Buffer) => unary((message) => act(readFields(message)));

const done = (act: (asked: Fields) => void) =>
  call((asked) => {
    act(asked);
    return EMPTY;
  });

function stableCalls(sdk: SdkServer): UntypedServiceImplementation {
  return {
    ready: done(() => sdk.ready()),
    allocate: done(() => sdk.allocate()),
    shutdown: done(() => sdk.shutdown()),
    reserve: done((asked) => sdk.reserve(Number(asked.int(1)))),
    setLabel: done((asked) => sdk.setLabel(asked.text(1), asked.text(2))),
    setAnnotation: done((asked) => sdk.setAnnotation(asked.text(1), asked.text(2))),
    getGameServer: call(() => grpcGameServer(sdk.gameServer)),
    health: (stream: ServerReadableStream<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
      stream.on('data', () => sdk.ping());
      stream.on('end', () => answer(null, EMPTY));
      // The game went away in the middle: that it stops pinging is what tells.
      stream.on('error', () => undefined);
    },
    watchGameServer: (stream: ServerWritableStream<Buffer, Buffer>) => {
      const stop = sdk.watch((gameServer) => stream.write(grpcGameServer(gameServer)));
      for (const end of ['cancelled', 'close', 'error']) stream.on(end, stop);
    },
  };
}

function betaCalls(sdk: SdkServer): UntypedServiceImplementation {
  return {
    getCounter: call((asked) => {
      const name = asked.text(1);
      // Without a name the real sidecar fails without a word.
      if (name === '') throw unknown('');
      return counterMessage(name, sdk.getCounter(name));
    }),
    updateCounter: call((asked) => {
      const inner = asked.message(1);
      if (inner === undefined) throw unknown('invalid argument. CounterUpdateRequest: <nil> cannot be nil');
      const [name, count, capacity] = [inner.text(1), inner.message(2)?.int(1), inner.message(3)?.int(1)];
      const ask = { ...(count === undefined ? {} : { count }), ...(capacity === undefined ? {} : { capacity }), countDiff: inner.int(4) };
      return counterMessage(name, sdk.updateCounter(name, ask));
    }),
    getList: call((asked) => listMessage(asked.text(1), sdk.getList(asked.text(1)))),
    addListValue: call((asked) => listMessage(asked.text(1), sdk.addListValue(asked.text(1), asked.text(2)))),
    removeListValue: call((asked) => listMessage(asked.text(1), sdk.removeListValue(asked.text(1), asked.text(2)))),
    updateList: call((asked) => updateList(sdk, asked.message(1), asked.message(2)?.texts(1))),
  };
}

function updateList(sdk: SdkServer, list: Fields | undefined, paths: readonly string[] | undefined): never {
  if (paths === undefined || list === undefined) {
    const said = list === undefined ? '<nil>' : `name:${JSON.stringify(list.text(1))} capacity:${list.int(2)}`;
    throw unknown(
      `invalid argument. List: ${said} and UpdateMask ${paths === undefined ? '<nil>' : `paths:${paths.join(' ')}`} cannot be nil`,
    );
  }
  if (paths.some((path) => !LIST_FIELDS.includes(path))) throw unknown(badMask(paths));
  return sdk.updateList();
}

function alphaCalls({ players }: SdkServer): UntypedServiceImplementation {
  return {
    playerConnect: call((asked) => numberField(1, players.connect(asked.text(1)))),
    playerDisconnect: call((asked) => numberField(1, players.disconnect(asked.text(1)))),
    setPlayerCapacity: done((asked) => players.setCapacity(Number(asked.int(1)))),
    getPlayerCapacity: call(() => numberField(1, players.capacity)),
    getPlayerCount: call(() => numberField(1, players.connected.length)),
    isPlayerConnected: call((asked) => numberField(1, players.connected.includes(asked.text(1)))),
    getConnectedPlayers: call(() => textsField(1, players.connected)),
  };
}

const counterMessage = (name: string, { count, capacity }: Counter): Buffer =>
  concat([textField(1, name), numberField(2, count), numberField(3, capacity)]);

const listMessage = (name: string, { capacity, values }: List): Buffer =>
  concat([textField(1, name), numberField(2, capacity), textsField(3, values)]);
