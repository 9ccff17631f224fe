import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineApi, ORDINARY, type StreamedEvent, type StreamMark } from '../../contracts/endpoint.ts';
import { listenHttp, type Listener } from '../../runtime/https-server.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { createHttpMetrics, createRegistry } from '../../runtime/metrics.ts';
import { serveApi } from '../../runtime/serve-api.ts';

const Told = z.object({ text: z.string() });
type Sent = StreamedEvent<z.infer<typeof Told>> | StreamMark;

const streamApi = defineApi({
  name: 'streams',
  title: 'Streams',
  version: '1.0.0',
  description: 'For tests.',
  endpoints: {
    stream: {
      method: 'GET',
      path: '/v1/stream',
      summary: 'Streams what the test says',
      access: 'public',
      responses: { 200: { description: 'Events', stream: Told } },
      errors: [],
      // Longer than a test may take: what ends before was not ended by it.
      limits: { ...ORDINARY, timeoutMs: 600_000 },
      idempotency: 'safe',
    },
    brief: {
      method: 'GET',
      path: '/v1/brief',
      summary: 'The same for a moment',
      access: 'public',
      responses: { 200: { description: 'Events', stream: Told } },
      errors: [],
      limits: { ...ORDINARY, timeoutMs: 300 },
      idempotency: 'safe',
    },
  },
});

describe('A stream of events', () => {
  let listener: Listener;
  let stopping: AbortController;
  let says: (signal: AbortSignal) => AsyncIterable<Sent>;
  beforeEach(async () => {
    stopping = new AbortController();
    const stream = async (_request: unknown, { signal }: { signal: AbortSignal }) => ({ status: 200 as const, body: says(signal) });
    const handlers = { stream, brief: stream };
    const metrics = createHttpMetrics(createRegistry('streams'));
    listener = await listenHttp(serveApi(streamApi, handlers, { log: SILENT_LOG, metrics, stopping: stopping.signal }), '127.0.0.1', 0);
  });
  afterEach(() => listener.close());

  async function open(method = 'GET', which: 'stream' | 'brief' = 'stream'): Promise<IncomingMessage> {
    const outgoing = httpRequest(`http://127.0.0.1:${listener.port}/v1/${which}`, { method, agent: false });
    outgoing.end();
    const [incoming] = await once(outgoing, 'response');
    incoming.on('error', () => {});
    return incoming;
  }

  async function textOf(incoming: IncomingMessage): Promise<string> {
    let text = '';
    for await (const chunk of incoming) text += String(chunk);
    return text;
  }

  const untilOver = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

  it('is written as the standard says, with line breaks inside one line of data', async () => {
    says = async function* () {
      yield { id: '7', event: 'told', data: { text: 'one\ntwo' } };
      yield { id: '8' };
    };
    const answer = await open();
    assert.match(answer.headers['content-type'] ?? '', /^text\/event-stream/);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(await textOf(answer), 'id: 7\nevent: told\ndata: {"text":"one\\ntwo"}\n\nid: 8\n\n');
  });

  it('begins at once, though there is no event yet', async () => {
    says = async function* (signal) {
      await untilOver(signal);
      yield { id: '1', event: 'late', data: { text: 'too late' } };
    };
    const answer = await open();
    assert.equal(answer.statusCode, 200);
    answer.destroy();
  });

  it('ends whole at its deadline', async () => {
    let isOver = false;
    says = async function* (signal) {
      await untilOver(signal);
      isOver = true;
      yield { id: '1', event: 'late', data: { text: 'too late' } };
    };
    const answer = await open('GET', 'brief');
    assert.equal(await textOf(answer), '');
    assert.ok(answer.complete);
    assert.ok(isOver, 'it ended early');
  });

  it('ends when the process stops', async () => {
    says = async function* (signal) {
      yield { id: '1', event: 'told', data: { text: 'x' } };
      await untilOver(signal);
    };
    const answer = await open();
    await once(answer, 'readable');
    stopping.abort();
    await textOf(answer);
    assert.ok(answer.complete);
  });

  it('is let go of when its reader is gone', async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    says = async function* (signal) {
      try {
        yield { id: '1', event: 'told', data: { text: 'x' } };
        await untilOver(signal);
      } finally {
        end();
      }
    };
    const answer = await open();
    await once(answer, 'readable');
    answer.destroy();
    await ended;
  });

  it('is asked for no more than a slow reader takes', async () => {
    let made = 0;
    const text = 'x'.repeat(100_000);
    says = async function* (signal) {
      for (; made < 10_000 && !signal.aborted; made += 1) yield { id: String(made), event: 'told', data: { text } };
    };
    const answer = await open();
    answer.pause();
    // Until nothing more happens: what the sockets hold is all that is made.
    for (let held = -1; held !== made; await sleep(300)) held = made;
    assert.ok(made < 300, `${made} events of 100 kB were made for nobody`);
    answer.destroy();
  });

  it('breaks off, rather than to let out what is not documented', async () => {
    says = async function* () {
      yield { id: '1', event: 'told', data: JSON.parse('{"text":"x","secret":1}') };
      yield { id: '2', event: 'told', data: JSON.parse('{"secret":1}') };
    };
    let text = '';
    const answer = await open();
    answer.on('data', (chunk) => (text += String(chunk)));
    await once(answer, 'close');
    assert.equal(text, 'id: 1\nevent: told\ndata: {"text":"x"}\n\n');
  });

  it('answers HEAD without beginning', async () => {
    let begun = false;
    says = async function* () {
      begun = true;
      yield { id: '1' };
    };
    const answer = await open('HEAD');
    assert.equal(await textOf(answer), '');
    assert.match(answer.headers['content-type'] ?? '', /^text\/event-stream/);
    assert.ok(!begun);
  });
});
