/** HTTP and HTTPS listeners that end in order: no new connections, requests in flight are answered, then closed. */
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import type { Log } from './log.ts';

export interface Listener {
  readonly port: number;
  readonly server: Server | HttpsServer;
  close(): Promise<void>;
}

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Longest that requests in flight may hold up the end, in milliseconds. */
const DRAIN_MS = 5_000;

export async function listenHttp(app: RequestListener, host: string, port: number): Promise<Listener> {
  return listening(createHttpServer(app), host, port, () => {});
}

/** TLS 1.2 and up. The certificate is read anew when its file changes. */
export async function listenHttps(app: RequestListener, host: string, port: number, tls: TlsFiles, log: Log): Promise<Listener> {
  const server = createHttpsServer({ ...(await readPair(tls)), minVersion: 'TLSv1.2' }, app);
  const stopWatching = reloadOnChange(server, tls, log);
  return listening(server, host, port, stopWatching);
}

async function readPair({ certFile, keyFile }: TlsFiles): Promise<{ cert: string; key: string }> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return { cert, key };
}

/** The folder is watched, not the file: Kubernetes swaps a link above a mounted secret. */
function reloadOnChange(server: HttpsServer, tls: TlsFiles, log: Log): () => void {
  let timer: NodeJS.Timeout | undefined;
  const reload = () =>
    readPair(tls).then(
      (pair) => server.setSecureContext({ ...pair, minVersion: 'TLSv1.2' }),
      (cause: unknown) => log.warn('could not reload the certificate', { cause }),
    );
  const watcher = watch(dirname(tls.certFile), { persistent: false }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => void reload(), 200).unref();
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}

async function listening(server: Server | HttpsServer, host: string, port: number, beforeClose: () => void): Promise<Listener> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  await promise;
  server.off('error', reject);
  const close = async () => {
    beforeClose();
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await closed;
    clearTimeout(timer);
  };
  return { port: (server.address() as AddressInfo).port, server, close };
}
