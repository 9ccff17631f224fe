/** Both faces of a sidecar, on loopback. */
import { once } from 'node:events';
import { ServerCredentials } from '@grpc/grpc-js';
import { grpcFace } from './grpc-face.ts';
import { restFace } from './rest-face.ts';
import type { SdkServer } from './sdk-server.ts';

export interface FacePorts {
  readonly grpc: number;
  readonly http: number;
}

export interface ServedFaces {
  readonly ports: FacePorts;
  /** At once, with every connection, as when the process is gone. */
  close(): void;
}

/** @param ports 0 for any. */
export async function serveFaces(sdk: SdkServer, ports: FacePorts): Promise<ServedFaces> {
  const [rest, grpc] = [restFace(sdk), grpcFace(sdk)];
  rest.listen(ports.http, '127.0.0.1');
  await once(rest, 'listening');
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  grpc.bindAsync(`127.0.0.1:${ports.grpc}`, ServerCredentials.createInsecure(), (cause, bound) =>
    cause === null ? resolve(bound) : reject(cause),
  );
  const address = rest.address();
  return {
    ports: { grpc: await promise, http: typeof address === 'object' && address !== null ? address.port : 0 },
    close: () => {
      grpc.forceShutdown();
      rest.close();
      rest.closeAllConnections();
    },
  };
}
