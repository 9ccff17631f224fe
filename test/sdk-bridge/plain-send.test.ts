import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../../contracts/app-error.ts';
import { listenHttps, type Listener } from '../../runtime/https-server.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { createPlainSend } from '../../sdk-bridge/backend/plain-send.ts';
import { testStack } from '../../local/testing.ts';

describe("the bridge's HTTPS client", function () {
  this.timeout(300_000);
  let caFile: string;
  let server: Listener;
  before(async () => {
    const { authority } = await testStack();
    caFile = authority.caFile;
    const files = await authority.issue({ name: 'plain-send', commonName: 'plain-send', use: 'server', dnsNames: ['localhost'] });
    const app = (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/slow') return;
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => response.setHeader('x-method', request.method ?? '').end(body));
    };
    server = await listenHttps(app, '127.0.0.1', 0, files, SILENT_LOG);
  });
  after(() => server.close());

  const ask = (send: ReturnType<typeof createPlainSend>['send'], path: string, change: Partial<Parameters<typeof send>[0]> = {}) =>
    send({
      method: 'POST',
      url: `https://localhost:${server.port}${path}`,
      headers: {},
      body: '{"é":1}',
      timeoutMs: 60_000,
      signal: undefined,
      ...change,
    });
  const isKind = (kind: string) => (cause: unknown) => cause instanceof AppError && cause.kind === kind;

  it('speaks with whom our authority vouches for, and with nobody else', async () => {
    const ours = createPlainSend(caFile);
    const answer = await ask(ours.send, '/');
    assert.deepEqual([answer.status, answer.body, answer.headers['x-method']], [200, '{"é":1}', 'POST']);
    ours.close();
    const strangers = createPlainSend();
    await assert.rejects(ask(strangers.send, '/'), isKind('unavailable'));
    strangers.close();
  });

  it('gives up at the deadline, and when it is told to', async () => {
    const client = createPlainSend(caFile);
    await assert.rejects(ask(client.send, '/slow', { timeoutMs: 100 }), isKind('timeout'));
    const stop = new AbortController();
    const asked = ask(client.send, '/slow', { signal: stop.signal });
    stop.abort();
    await assert.rejects(asked, { name: 'AbortError' });
    client.close();
  });
});
