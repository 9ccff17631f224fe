/** The bridge's listeners: loopback only, both address families, for the game server in the same pod and nobody else. */
import { ServerCredentials, type Server as GrpcServer } from '@grpc/grpc-js';
import type { RequestListener } from 'node:http';
import { listenHttp, type Listener } from '../../runtime/https-server.ts';
import type { Log } from '../../runtime/log.ts';

/** IPv6 is left out where the machine has none. */
export async function listenLoopback(app: RequestListener, port: number, log: Log): Promise<readonly Listener[]> {
  const ipv4 = await listenHttp(app, '127.0.0.1', port);
  const ipv6 = await unlessAbsent(() => listenHttp(app, '::1', ipv4.port), log);
  return ipv6 === undefined ? [ipv4] : [ipv4, ipv6];
}

export interface GrpcListener {
  readonly port: number;
  close(): void;
}

export async function listenGrpc(server: GrpcServer, port: number, log: Log): Promise<GrpcListener> {
  const bind = (address: string) =>
    new Promise<number>((resolve, reject) => {
      server.bindAsync(address, ServerCredentials.createInsecure(), (cause, bound) => (cause === null ? resolve(bound) : reject(cause)));
    });
  const bound = await bind(`127.0.0.1:${port}`);
  await unlessAbsent(() => bind(`[::1]:${bound}`), log);
  // Watches have no end of their own: they are cut.
  return { port: bound, close: () => server.forceShutdown() };
}

async function unlessAbsent<Bound>(listen: () => Promise<Bound>, log: Log): Promise<Bound | undefined> {
  try {
    return await listen();
  } catch (cause) {
    if (!isAbsentFamily(cause)) throw cause;
    log.info('this machine has no IPv6 loopback');
    return undefined;
  }
}

/** grpc-js tells the system's code in the message only. */
function isAbsentFamily(cause: unknown): boolean {
  return cause instanceof Error && /EADDRNOTAVAIL|EAFNOSUPPORT/.test(`${'code' in cause ? String(cause.code) : ''} ${cause.message}`);
}
