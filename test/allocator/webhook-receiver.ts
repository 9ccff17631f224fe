/** A receiver of webhooks on loopback that keeps what it was sent, and answers as it is told. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WebhookMessage } from '../../contracts/allocator-api/webhooks.ts';
import { testStack } from '../../local/testing.ts';

export interface Got {
  readonly path: string;
  readonly seq: number;
  readonly uid: string;
  readonly message: WebhookMessage;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly status: number;
  readonly at: number;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds; for ever when infinite. */
  readonly after?: number;
}

export interface Receiver {
  readonly url: string;
  readonly got: Got[];
  readonly connections: number;
  /** 204 at once by default. */
  answer: (message: WebhookMessage, path: string) => Reply;
  /** What it said yes to. */
  accepted(path?: string): Got[];
  close(): Promise<void>;
}

export async function startReceiver(scheme: 'http' | 'https' = 'http'): Promise<Receiver> {
  const got: Got[] = [];
  let connections = 0;
  const listener: RequestListener = (request, response) => {
    take(receiver, request, response).catch((cause: unknown) => response.destroy(cause instanceof Error ? cause : undefined));
  };
  const server = scheme === 'http' ? createServer(listener) : createTlsServer(await certificate(), listener);
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `${scheme}://127.0.0.1:${port}`,
    got,
    get connections() {
      return connections;
    },
    answer: () => ({ status: 204 }),
    accepted: (path) => got.filter((one) => one.status < 300 && (path === undefined || one.path === path)),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

async function take(receiver: Receiver, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  const message = WebhookMessage.parse(JSON.parse(body));
  const path = request.url ?? '';
  const { status, headers: sent = {}, body: text, after = 0 } = receiver.answer(message, path);
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const { seq, allocation } = message.data;
  receiver.got.push({ path, seq, uid: allocation.uid, message, headers, body, status, at: Date.now() });
  if (!Number.isFinite(after)) return;
  if (after > 0) await new Promise((resolve) => setTimeout(resolve, after));
  response.writeHead(status, sent).end(text);
}

async function certificate() {
  const { authority } = await testStack();
  const { certFile, keyFile } = await authority.issue({ name: 'webhook-receiver', commonName: 'receiver', use: 'server' });
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}
