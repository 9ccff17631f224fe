/** HTTP and HTTPS listeners that end in order: no new connections, requests in flight are answered, then closed. */
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { dirname } from 'node:path';
import { SILENT_LOG, type Log } from './log.ts';

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

export async function listenHttp(app: RequestListener, host: string, port: number, log = SILENT_LOG): Promise<Listener> {
  return listening(createHttpServer(app), host, port, log, () => {});
}

/** TLS 1.2 and up. The certificate is read anew when its file changes. */
export async function listenHttps(app: RequestListener, host: string, port: number, tls: TlsFiles, log: Log): Promise<Listener> {
  const server = createHttpsServer({ ...(await readPair(tls)), minVersion: 'TLSv1.2', handshakeTimeout: 10_000 }, app);
  const stopWatching = reloadOnChange(server, tls, log);
  return listening(server, host, port, log, stopWatching);
}

async function readPair({ certFile, keyFile }: TlsFiles): Promise<{ cert: string; key: string }> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return { cert, key };
}

/** The folder is watched, not the file: Kubernetes swaps a link above a mounted secret. */
function reloadOnChange(server: HttpsServer, tls: TlsFiles, log: Log): () => void {
  let timer: NodeJS.Timeout | undefined;
  const reload = async () => {
    try {
      server.setSecureContext({ ...(await readPair(tls)), minVersion: 'TLSv1.2' });
      log.info('reloaded the certificate');
    } catch (cause) {
      // Half of a pair may be written yet; the other half's change calls again.
      log.warn('could not reload the certificate; the old one stays', { cause });
    }
  };
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void reload(), 200).unref();
  };
  const watchers = [...new Set([dirname(tls.certFile), dirname(tls.keyFile)])].map((folder) =>
    watch(folder, { persistent: false }, changed).on('error', (cause) => log.warn('the certificate is no longer watched', { cause })),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

async function listening(server: Server | HttpsServer, host: string, port: number, log: Log, beforeClose: () => void): Promise<Listener> {
  // Slow or silent callers are let go; a connection outlives the callers' own idle time, so that it is theirs to end.
  server.headersTimeout = 15_000;
  server.requestTimeout = 60_000;
  server.keepAliveTimeout = 10_000;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const open = new Set<ServerResponse>();
  server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
    open.add(response);
    if (!server.listening) response.shouldKeepAlive = false;
    response.once('close', () => open.delete(response));
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  await promise;
  server.off('error', reject);
  server.on('error', (cause) => log.warn('a listener has trouble', { cause }));
  const close = async () => {
    beforeClose();
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeIdleConnections();
    // A connection that is kept open after its answer would hold up the end until it is idle for long enough.
    for (const response of open) response.shouldKeepAlive = false;
    // All sockets, since those that became WebSockets are no longer known to the server.
    const timer = setTimeout(() => sockets.forEach((socket) => socket.destroy()), DRAIN_MS);
    await closed;
    clearTimeout(timer);
  };
  return { port: (server.address() as AddressInfo).port, server, close };
}
