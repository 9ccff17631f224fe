import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { WebSocket } from 'ws';
import { BETA, SDK } from '../../sdk-bridge/agones/sdk-calls.ts';
import { concat, textField } from '../../sdk-bridge/agones/wire-writer.ts';
import { startPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

const LARGE = 'x'.repeat(60_000);
const keyValue = (key: string, value: string) => concat([textField(1, key), textField(2, value)]);

/** One bridge for all of it: it is not worn out by anything that is sent to it. */
describe("What Agones' surface of the bridge refuses, and survives", function () {
  this.timeout(300_000);
  let pod: Pod;
  let port: number;

  before(async () => {
    pod = await startPod();
    port = Number(new URL(pod.url()).port);
    await until(async () => (await fetch(`${pod.url()}/gameserver`)).ok, 'the game server is known');
  });
  after(() => pod?.close());
  afterEach(async () => assert.equal((await fetch(`${pod.url()}/gameserver`)).status, 200, 'it goes on'));

  const put = async (path: string, body: unknown, method = 'PUT') => {
    const answer = await fetch(`${pod.url()}${path}`, { method, body: typeof body === 'string' ? body : JSON.stringify(body) });
    const said = (await answer.json()) as { code?: number; message?: string };
    return { status: answer.status, code: said.code, message: said.message ?? '' };
  };
  const grpc = async (path: string, message: Buffer) => {
    const client = new Client(`127.0.0.1:${pod.grpcPort()}`, credentials.createInsecure());
    const asIs = (bytes: Buffer): Buffer => bytes;
    const code = await new Promise<{ code: number; details: string }>((resolve) => {
      const done = (cause: ServiceError | null) => resolve({ code: cause?.code ?? 0, details: cause?.details ?? '' });
      client.makeUnaryRequest(path, asIs, asIs, message, { deadline: Date.now() + 60_000 }, done);
    });
    client.close();
    return code;
  };

  it('what would break the 64 KiB line of the watch, in every way to write it', async () => {
    const annotation = await put('/metadata/annotation', { key: 'large', value: LARGE });
    assert.deepEqual([annotation.status, annotation.code], [400, 3]);
    assert.match(annotation.message, /^too large: the game server would take 60\d{3} bytes in Agones' watch, which breaks at 65536/);
    assert.equal(
      (await put('/v1beta1/lists/players:addValue', { value: 'x' }, 'POST')).status,
      500,
      'a list that it does not have is for Agones',
    );
    const over = await grpc(SDK.setAnnotation, keyValue('large', LARGE));
    assert.equal(over.code, 3);
    assert.match(over.details, /^too large/);
    // Two that are fine each, and not together, though Agones has written neither.
    assert.equal((await put('/metadata/annotation', { key: 'half', value: LARGE.slice(0, 30_000) })).status, 200);
    assert.equal((await put('/metadata/annotation', { key: 'other', value: LARGE.slice(0, 30_000) })).status, 400);
    assert.equal((await put('/metadata/annotation', { key: 'half', value: '' })).status, 200, 'what shrinks passes');
  });

  it('bodies and messages that are too large for anything', async () => {
    const body = await put('/metadata/label', 'x'.repeat(300_000));
    assert.deepEqual([body.status, body.code], [413, 8]);
    assert.equal((await grpc(SDK.setLabel, Buffer.alloc(300_000))).code, 8);
  });

  it('messages that are none, on gRPC', async () => {
    assert.equal((await grpc(SDK.reserve, Buffer.from([0x0f]))).code, 13);
    assert.equal((await grpc(BETA.addListValue, Buffer.from([0x0a, 0xff]))).code, 13);
    assert.equal((await grpc('/agones.dev.sdk.SDK/Nothing', Buffer.alloc(0))).code, 12);
  });

  it('noise in place of HTTP, of a path and of an upgrade', async () => {
    const noises = [
      'GET // HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET /watch/gameserver HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      'POST /ready HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf',
      'POST /health HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\u0000\u0001\u0002',
    ];
    for (const to of [port, pod.grpcPort()]) {
      for (const noise of noises) {
        await new Promise<void>((resolve) => {
          const socket = connect(to, '127.0.0.1', () => socket.write(noise, () => setTimeout(() => socket.destroy(), 20)));
          socket.on('error', () => {});
          socket.on('close', () => resolve());
        });
      }
    }
  });

  it('a WebSocket as Unreal opens it: with an empty protocol; and cut in the middle', async () => {
    const headers = { 'Sec-WebSocket-Protocol': '', 'User-Agent': 'X-UnrealEngine-Agent' };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/watch/gameserver`, { headers });
    const first = await new Promise<string>((resolve, reject) => {
      socket.on('message', (data: Buffer) => resolve(data.toString()));
      socket.on('error', reject);
    });
    assert.match(first, /^\{"result":\{"object_meta"/);
    socket.terminate();
  });

  it('whoever is not on loopback', async () => {
    const outside = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    for (const { address, internal, family } of outside.filter((one) => !one.internal && one.family === 'IPv4')) {
      assert.ok(!internal && family === 'IPv4');
      for (const to of [port, pod.grpcPort()]) {
        const code = await new Promise<string | undefined>((resolve) => {
          const socket = connect({ port: to, host: address, timeout: 2_000 }, () => resolve(undefined));
          socket.on('timeout', () => resolve('ETIMEDOUT'));
          socket.on('error', (cause: NodeJS.ErrnoException) => resolve(cause.code));
          socket.on('close', () => socket.destroy());
        });
        assert.ok(code !== undefined, `${address}:${to} accepts from outside`);
      }
    }
    for (const to of [port, pod.grpcPort()]) {
      await new Promise<void>((resolve, reject) => {
        const socket = connect(to, '::1', () => (socket.destroy(), resolve()));
        socket.on('error', (cause: NodeJS.ErrnoException) => (cause.code === 'EADDRNOTAVAIL' ? resolve() : reject(cause)));
      });
    }
  });

  it('its sidecar being away: what is known is told, and what is not is refused in time', async () => {
    await pod.sidecar.stop();
    const [known, label, counter, rpc] = await Promise.all([
      fetch(`${pod.url()}/gameserver`),
      put('/metadata/label', { key: 'a', value: 'b' }),
      fetch(`${pod.url()}/v1beta1/counters/rooms`),
      grpc(SDK.setLabel, keyValue('a', 'b')),
    ]);
    assert.equal(known.status, 200);
    assert.deepEqual([label.status, label.code, label.message], [503, 14, "Agones' sidecar is away"]);
    assert.equal(counter.status, 503);
    assert.equal(rpc.code, 14);
    assert.equal((await put('/ready', {}, 'POST')).status, 200, 'Ready is taken, and told when it is back');
    await pod.sidecar.start();
    await until(() => pod.sidecar.state() === 'Ready', 'it is told');
  });
});
