/**
 * Agones' SDK over gRPC, for servers on another of its SDKs: the same opinions as over REST, and everything else passed to Agones' own
 * sidecar as it is on the wire, so that no message needs to be known here.
 */
import {
  Server,
  status as Code,
  type sendUnaryData,
  type ServerReadableStream,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { AgonesClient } from '../agones/agones-client.ts';
import type { GameServerWatch } from '../agones/game-server-watch.ts';
import { byteService, unary } from '../agones/byte-service.ts';
import type { QueuedChange } from '../agones/queued-change.ts';
import { ALPHA, BETA, SDK } from '../agones/sdk-calls.ts';
import { readFields, type Fields } from '../agones/wire-reader.ts';
import type { QueuedChanges } from './queued-changes.ts';
import type { StateCalls } from './state-calls.ts';

export interface GrpcParts {
  readonly calls: StateCalls;
  readonly changes: QueuedChanges;
  readonly watch: Pick<GameServerWatch, 'current' | 'listen'>;
  readonly client: Pick<AgonesClient, 'passOn'>;
}

const EMPTY = Buffer.alloc(0);
const MESSAGE_BYTES = 256 * 1024;
/** A reader of the watch who is this far behind is let go. */
const BEHIND_BYTES = 4 * 1024 * 1024;

/** A server that listens nowhere yet. */
export function createGrpcSurface(parts: GrpcParts): Server {
  const server = new Server({ 'grpc.max_receive_message_length': MESSAGE_BYTES, 'grpc.enable_channelz': 0 });
  server.addService(byteService(SDK), { ...passedOn(SDK, parts), ...stateHandlers(parts), ...metadataHandlers(parts) });
  server.addService(byteService(BETA), { ...passedOn(BETA, parts), ...listHandlers(parts) });
  server.addService(byteService(ALPHA), passedOn(ALPHA, parts));
  return server;
}

function stateHandlers({ calls, watch }: GrpcParts): UntypedServiceImplementation {
  return {
    ready: unary(() => (calls.ready(), EMPTY)),
    allocate: unary(() => (calls.allocate(), EMPTY)),
    shutdown: unary(async () => (await calls.shutdown(), EMPTY)),
    reserve: unary((message) => (calls.reserve(readFields(message).int(1)), EMPTY)),
    health: (call: ServerReadableStream<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
      call.on('data', () => calls.health());
      call.on('end', () => answer(null, EMPTY));
      // The game went away in the middle: that it stops pinging is what tells.
      call.on('error', () => {});
    },
    watchGameServer: (call: ServerWritableStream<Buffer, Buffer>) => {
      const stop = watch.listen((_gameServer, bytes) => {
        if (call.writableLength > BEHIND_BYTES) call.destroy();
        else call.write(bytes);
      });
      for (const end of ['cancelled', 'close', 'error']) call.on(end, stop);
    },
  };
}

function metadataHandlers(parts: GrpcParts): UntypedServiceImplementation {
  const set = (kind: 'label' | 'annotation', path: string) =>
    guarded(parts, path, (asked) => [{ kind, name: asked.text(1), value: asked.text(2) }]);
  return { setLabel: set('label', SDK.setLabel), setAnnotation: set('annotation', SDK.setAnnotation) };
}

function listHandlers(parts: GrpcParts): UntypedServiceImplementation {
  const value = (kind: 'value-added' | 'value-removed', path: string) =>
    guarded(parts, path, (asked) => [{ kind, list: asked.text(1), value: asked.text(2) }]);
  return {
    addListValue: value('value-added', BETA.addListValue),
    removeListValue: value('value-removed', BETA.removeListValue),
    updateList: guarded(parts, BETA.updateList, (asked) => {
      const list = asked.message(1);
      return list === undefined ? [] : list.texts(3).map((text) => ({ kind: 'value-added', list: list.text(1), value: text }));
    }),
  };
}

/** Passed on if the watch can bear it, and kept until it is written. */
function guarded({ changes, client }: GrpcParts, path: string, read: (asked: Fields) => QueuedChange[]) {
  return unary(async (message) => {
    const wished = read(readFields(message));
    const refusal = changes.refusal(wished);
    if (refusal !== undefined) throw Object.assign(new Error(refusal), { code: Code.INVALID_ARGUMENT, details: refusal });
    const answer = await client.passOn(path, message);
    changes.taken(wished);
    return answer;
  });
}

/** Every method to Agones' sidecar; those with a handler of their own take the place of this. */
function passedOn(paths: Readonly<Record<string, string>>, { client }: GrpcParts): UntypedServiceImplementation {
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, unary((message) => client.passOn(path, message))]));
}
