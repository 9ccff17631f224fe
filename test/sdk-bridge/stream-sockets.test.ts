import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { STREAM_PATH, STREAM_PROTOCOL, StreamMessage } from '../../contracts/bridge-api/stream.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import type { Subjects } from '../../sdk-bridge/stream/news.ts';
import { readPosition, writePosition } from '../../sdk-bridge/stream/position.ts';
import { createStreamSockets, type StreamSockets } from '../../sdk-bridge/stream/stream-sockets.ts';
import { until } from './stand-in/until.ts';

const never = (_known: string, signal: AbortSignal) =>
  new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));

describe('a position in the stream', () => {
  it('reads as it was written, and what is none is one of before everything', () => {
    const position = { session: 'joinable-read-only', notices: '0123456789abcdef', acks: 'a1b2c3d4-17' };
    assert.deepEqual(readPosition(writePosition(position)), position);
    for (const text of [null, '', 'joinable', 'a.b.c.d', 'a b.c.d', '%']) {
      assert.deepEqual(readPosition(text), { session: '', notices: '', acks: '' }, String(text));
    }
  });
});

describe('the sockets of the stream', function () {
  this.timeout(300_000);
  let server: Server;
  let sockets: StreamSockets;
  const opened: WebSocket[] = [];

  async function serve(news: Partial<Subjects>, aliveMs = 10_000): Promise<void> {
    sockets = createStreamSockets({
      news: { session: never, notices: never, acks: never, ...news },
      gameServer: 'gs-1',
      log: SILENT_LOG,
      aliveMs,
    });
    server = createServer((_request, response) => sockets.answer(response));
    server.on('upgrade', (asked, socket, head: Buffer) => sockets.upgrade(asked, socket, head));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }

  const url = () => `ws://127.0.0.1:${(server.address() as AddressInfo).port}${STREAM_PATH}`;
  function open(options: { protocols?: string[]; origin?: string; autoPong?: boolean } = {}): WebSocket {
    const { protocols = [STREAM_PROTOCOL], ...rest } = options;
    const socket = new WebSocket(url(), protocols, rest);
    opened.push(socket);
    socket.on('error', () => {});
    return socket;
  }
  const refusal = async (socket: WebSocket) => {
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    const [body] = (await once(answer, 'data')) as [Buffer];
    return [answer.statusCode, (JSON.parse(body.toString()) as { code: string }).code];
  };

  afterEach(() => {
    for (const socket of opened.splice(0)) socket.terminate();
    sockets.close();
    server.close();
  });

  it('open for the game server, and for no page of a browser, no other protocol, and not without end', async () => {
    await serve({});
    assert.deepEqual(await refusal(open({ origin: 'https://evil.example' })), [403, 'origin_foreign']);
    assert.deepEqual(await refusal(open({ origin: 'http://127.0.0.1.evil.example' })), [403, 'origin_foreign']);
    assert.deepEqual(await refusal(open({ origin: 'null' })), [403, 'origin_foreign']);
    assert.deepEqual(await refusal(open({ protocols: ['lifeverse.v2'] })), [400, 'protocol_unknown']);
    assert.deepEqual(await refusal(open({ protocols: [] })), [400, 'protocol_unknown']);
    // As libwebsockets, which Unreal has, says it.
    for (const origin of ['127.0.0.1', 'http://127.0.0.1', 'http://localhost:9358', 'http://[::1]:9358']) {
      const socket = open({ origin, protocols: ['lifeverse.v2', STREAM_PROTOCOL] });
      await once(socket, 'open');
      assert.equal(socket.protocol, STREAM_PROTOCOL);
    }
    for (let n = 4; n < 16; n++) await once(open(), 'open');
    assert.deepEqual(await refusal(open()), [503, 'too_many_streams']);
  });

  it('tell a plain request what this is', async () => {
    await serve({});
    const call = request(url().replace('ws:', 'http:')).end();
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    answer.resume();
    assert.deepEqual([answer.statusCode, answer.headers.upgrade], [426, 'websocket']);
  });

  it('hold one message a subject for a reader who does not read, and tell the newest when it does', async () => {
    let made = 0;
    const reason = 'x'.repeat(1024 * 1024);
    await serve({
      session: async () => ({
        version: String(++made),
        message: { type: 'session', session: { phase: 'idle', readOnly: false, reason: `${made} ${reason}` } },
      }),
    });
    const socket = open();
    const seen: number[] = [];
    socket.on('message', (data: Buffer) => {
      const message = StreamMessage.parse(JSON.parse(data.toString()));
      if (message.type === 'session') seen.push(Number.parseInt(message.session.reason ?? '', 10));
    });
    await once(socket, 'open');
    socket.pause();
    // What the kernel takes for a reader who is slow is the kernel's; beyond it nothing is made.
    let before = -1;
    await until(async () => {
      const still = made === before;
      before = made;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return still;
    }, 'the sender waits');
    assert.ok(made < 32, `${made} messages of 1 MiB were made for a reader who reads none`);
    const held = made;
    socket.resume();
    await until(() => (seen.at(-1) ?? 0) > held, 'it goes on');
    assert.deepEqual(
      seen,
      seen.map((_, at) => at + 1),
    );
  });

  it('give signs of life, and let a reader go who gives none', async () => {
    await serve({}, 1_000);
    const dead = open({ autoPong: false });
    const alive = open();
    const said: string[] = [];
    alive.on('message', (data: Buffer) => said.push(StreamMessage.parse(JSON.parse(data.toString())).type));
    await once(dead, 'close');
    await until(() => said.length >= 4, 'three signs of life after the welcome');
    assert.deepEqual(said.slice(0, 4), ['welcome', 'alive', 'alive', 'alive']);
    assert.equal(alive.readyState, WebSocket.OPEN);
  });

  it('let nobody go who has answered while this process was held up itself', async () => {
    const aliveMs = 100;
    await serve({}, aliveMs);
    const reader = open({ autoPong: false });
    let pings = 0;
    let isClosed = false;
    reader.on('close', () => (isClosed = true));
    reader.on('ping', (data: Buffer) => {
      pings += 1;
      // The next ping is due before the answer to this one can be read.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * aliveMs);
      reader.pong(data);
    });
    await until(() => pings >= 4 || isClosed, 'signs of life go on');
    assert.equal(isClosed, false);
  });

  it('cut a stream whose news cannot be had, so that its reader asks otherwise', async () => {
    await serve({ acks: () => Promise.reject(new Error('the disk is gone')) });
    await once(open(), 'close');
  });
});
