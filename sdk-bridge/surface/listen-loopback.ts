/** The bridge's listeners: loopback only, both address families, for the game server in the same pod and nobody else. */
import type { RequestListener } from 'node:http';
import { listenHttp, type Listener } from '../../runtime/https-server.ts';
import type { Log } from '../../runtime/log.ts';

/** IPv6 is left out where the machine has none. */
export async function listenLoopback(app: RequestListener, port: number, log: Log): Promise<readonly Listener[]> {
  const ipv4 = await listenHttp(app, '127.0.0.1', port);
  try {
    return [ipv4, await listenHttp(app, '::1', ipv4.port)];
  } catch (cause) {
    if (!isAbsentFamily(cause)) throw cause;
    log.info('this machine has no IPv6 loopback');
    return [ipv4];
  }
}

function isAbsentFamily(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'EADDRNOTAVAIL' || cause.code === 'EAFNOSUPPORT');
}
