/** Agones' gRPC services with their messages as bytes, so that no generated code is needed: served by the bridge, and by a solo bridge's sidecar. */
import { status as Code, type MethodDefinition, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { SDK } from './sdk-calls.ts';

type Unary = (message: Buffer) => Buffer | Promise<Buffer>;
type Bytes = MethodDefinition<Buffer, Buffer>;

const STREAMED: Readonly<Record<string, Partial<Bytes>>> = {
  [SDK.health]: { requestStream: true },
  [SDK.watchGameServer]: { responseStream: true },
};
const asIs = (bytes: Buffer): Buffer => bytes;

/** What grpc-js calls a service, of method names to their paths. */
export function byteService(paths: Readonly<Record<string, string>>): Record<string, Bytes> {
  const method = (path: string): Bytes => ({
    path,
    requestStream: false,
    responseStream: false,
    ...STREAMED[path],
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  });
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, method(path)]));
}

/** A handler of one unary method. An error with a gRPC `code` is answered as it is. */
export function unary(act: Unary) {
  return async (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): Promise<void> => {
    try {
      answer(null, await act(call.request));
    } catch (cause) {
      answer(serviceFault(cause));
    }
  };
}

/** A gRPC error as it came, or `UNKNOWN`. */
function serviceFault(cause: unknown): { code: number; details: string } {
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'number') {
    return { code: cause.code, details: 'details' in cause && typeof cause.details === 'string' ? cause.details : cause.message };
  }
  if (cause instanceof RangeError) return { code: Code.INTERNAL, details: `the message cannot be read: ${cause.message}` };
  return { code: Code.UNKNOWN, details: cause instanceof Error ? cause.message : String(cause) };
}
