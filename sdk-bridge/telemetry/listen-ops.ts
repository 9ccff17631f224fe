/**
 * The port that Prometheus reads: `/metrics`, `/livez`. Outside of the pod only by TLS; without a certificate it stays on loopback.
 */
import { existsSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { listenHttp, listenHttps, type Listener } from '../../runtime/https-server.ts';
import type { Log } from '../../runtime/log.ts';
import { EXPOSITION_TYPE } from './exposition.ts';

export interface OpsPlace {
  readonly host: string;
  readonly port: number;
  /** With `tls.crt` and `tls.key`, as Kubernetes mounts a TLS secret. */
  readonly tlsFolder: string | undefined;
}

const LOOPBACK = '127.0.0.1';

export async function listenOps(text: () => Promise<string>, { host, port, tlsFolder }: OpsPlace, log: Log): Promise<Listener> {
  const answer: RequestListener = (request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' || (path !== '/metrics' && path !== '/livez')) return void response.writeHead(404).end();
    if (path === '/livez') return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"live":true}');
    text().then(
      (body) => response.writeHead(200, { 'content-type': EXPOSITION_TYPE, 'cache-control': 'no-store' }).end(body),
      (cause: unknown) => {
        log.error('the metrics could not be read', { cause });
        response.writeHead(500).end();
      },
    );
  };
  const tls = tlsFolder === undefined ? undefined : { certFile: join(tlsFolder, 'tls.crt'), keyFile: join(tlsFolder, 'tls.key') };
  if (tls !== undefined && existsSync(tls.certFile) && existsSync(tls.keyFile)) return listenHttps(answer, host, port, tls, log);
  if (host !== LOOPBACK) log.info('there is no certificate for the ops port: it is open on loopback only', { tlsFolder });
  return listenHttp(answer, LOOPBACK, port, log);
}
