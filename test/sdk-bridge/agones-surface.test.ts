import assert from 'node:assert/strict';
import { request } from 'node:http';
import { WebSocket } from 'ws';
import { startPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

function send(
  url: string,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      { method, headers: { ...headers, ...(text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }) } },
      (answer) => {
        let got = '';
        answer.on('data', (chunk: Buffer) => (got += chunk.toString()));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: got }));
      },
    );
    call.on('error', reject);
    call.end(text);
  });
}

describe("Agones' surface on the bridge", function () {
  this.timeout(300_000);
  let pod: Pod;
  afterEach(() => pod.close());

  it('writes a game server as the recording has it', async () => {
    pod = await startPod();
    await until(async () => (await send(`${pod.url()}/gameserver`, 'GET')).status === 200, 'the game server is known');
    const { body } = await send(`${pod.url()}/gameserver`, 'GET');
    const { object_meta: meta, status } = JSON.parse(body) as { object_meta: Record<string, unknown>; status: Record<string, unknown> };
    assert.deepEqual(Object.keys(meta), [
      'name',
      'namespace',
      'uid',
      'resource_version',
      'generation',
      'creation_timestamp',
      'deletion_timestamp',
      'annotations',
      'labels',
    ]);
    assert.deepEqual([meta['name'], meta['generation'], meta['deletion_timestamp']], ['gs-1', '1', '0']);
    assert.deepEqual(status, {
      state: 'Scheduled',
      address: '127.0.0.1',
      addresses: [],
      ports: [],
      players: null,
      counters: {},
      lists: {},
    });
  });

  it("passes on Agones' refusal of a label", async () => {
    pod = await startPod();
    const got = await send(`${pod.url()}/metadata/label`, 'PUT', { key: 'bad key!', value: 'v' });
    assert.equal(got.status, 400);
    assert.match((JSON.parse(got.body) as { message: string }).message, /^invalid label key "bad key!": name part must consist of/);
    await send(`${pod.url()}/metadata/label`, 'PUT', { key: 'a', value: 'b' });
    await until(() => pod.sidecar.labels()['agones.dev/sdk-a'] === 'b', 'the label is written');
  });

  it("serves Unreal's plugin, which says Ready 5 s after start and pings every 10 s, without the LifeVerse plugin", async () => {
    pod = await startPod();
    assert.equal((await send(`${pod.url()}/ready`, 'POST', {})).status, 200);
    await until(() => pod.sidecar.state() === 'Ready', 'Ready reached Agones');
    assert.equal(pod.sidecar.beats.length, 0, 'nobody vouches for a server that gave no sign');
    await send(`${pod.url()}/health`, 'POST', {});
    await until(() => pod.sidecar.beats.length >= 5, 'the bridge beats between two pings');
    // After travel the plugin says Ready again; nothing is to be said then.
    await send(`${pod.url()}/ready`, 'POST', {});
    assert.deepEqual(pod.sidecar.calls, ['RequestReady']);
  });

  it("stops beating when a plain server's pings stop", async () => {
    pod = await startPod({ env: { HEALTH_PING_MS: '500' } });
    await send(`${pod.url()}/health`, 'POST', {});
    await until(() => pod.log().includes('the game server hangs'), 'the hang is told');
    // Ten beats are left out; one may still have been on its way.
    await until(() => Date.now() - (pod.sidecar.beats.at(-1) ?? 0) > 1_000, 'no more beats');
  });

  it('holds the early Ready of Unreal back until warm, and keeps an occupied server out of the pool', async () => {
    pod = await startPod();
    await pod.api.hello({ body: { build: 'b1', plugin: 'test' } });
    await send(`${pod.url()}/ready`, 'POST', {});
    await until(() => pod.log().includes('"verdict":"hold"'), 'it is held');
    assert.deepEqual(pod.sidecar.calls, []);
    await pod.api.warm({});
    await until(() => pod.sidecar.state() === 'Ready', 'warm earns it');
    pod.allocate();
    await pod.api.session({ query: { wait: 10, from: 'idle' } });
    assert.equal((await send(`${pod.url()}/ready`, 'POST', {})).status, 200);
    assert.equal((await send(`${pod.url()}/reserve`, 'POST', { seconds: '5' })).status, 200);
    assert.deepEqual(pod.sidecar.calls, ['RequestReady']);
    assert.equal(pod.sidecar.state(), 'Allocated');
  });

  it('says Ready and Shutdown until Agones has made them so, though its sidecar dies with them in its queue', async () => {
    pod = await startPod();
    await until(() => pod.log().includes('listening'), 'it is up');
    const write = pod.sidecar.hold();
    await send(`${pod.url()}/ready`, 'POST', {});
    await until(() => pod.sidecar.calls.length === 1, 'it is queued');
    await pod.sidecar.stop();
    write();
    await pod.sidecar.start();
    await until(() => pod.sidecar.state() === 'Ready', 'it is said again');
    await send(`${pod.url()}/shutdown`, 'POST', {});
    await send(`${pod.url()}/ready`, 'POST', {});
    await until(() => pod.sidecar.state() === 'Shutdown', 'a Ready right behind does not undo it');
  });

  it('knows the last of quick wishes, though Agones has written none of them yet', async () => {
    pod = await startPod();
    await send(`${pod.url()}/ready`, 'POST', {});
    await until(() => pod.sidecar.state() === 'Ready', 'it is Ready');
    const write = pod.sidecar.hold();
    for (const call of ['reserve', 'allocate', 'ready']) await send(`${pod.url()}/${call}`, 'POST', {});
    await until(() => pod.sidecar.calls.length === 4, 'every one of them is passed on');
    await send(`${pod.url()}/metadata/label`, 'PUT', { key: 'written', value: 'behind' });
    write();
    await until(() => pod.sidecar.labels()['agones.dev/sdk-written'] === 'behind', 'what was queued is written');
    assert.equal(pod.sidecar.state(), 'Ready');
  });

  it('keeps watch sockets and the heartbeat across a restart of the sidecar', async () => {
    pod = await startPod();
    const states: string[] = [];
    const socket = new WebSocket(`${pod.url().replace('http', 'ws')}/watch/gameserver`);
    socket.on('message', (data: Buffer) =>
      states.push((JSON.parse(data.toString()) as { result: { status: { state: string } } }).result.status.state),
    );
    await until(() => states.length > 0, 'the present state comes first');
    assert.equal(states[0], 'Scheduled');
    await send(`${pod.url()}/health`, 'POST', {});
    await until(() => pod.sidecar.beats.length > 0, 'it beats');
    await pod.sidecar.stop();
    await pod.sidecar.start();
    const before = pod.sidecar.beats.length;
    pod.sidecar.become('Reserved');
    await until(() => states.at(-1) === 'Reserved', 'the same socket tells what came after the restart');
    await until(() => pod.sidecar.beats.length > before, 'it beats again');
    socket.terminate();
  });

  it('upgrades any path, says what it is in one frame and cuts the connection, as recorded', async () => {
    pod = await startPod();
    const heard = await new Promise<{ frame: unknown; code: number }>((resolve) => {
      const socket = new WebSocket(`${pod.url().replace('http', 'ws')}/nope`);
      let frame: unknown;
      socket.on('message', (data: Buffer) => (frame = JSON.parse(data.toString())));
      socket.on('close', (code) => resolve({ frame, code }));
    });
    assert.deepEqual(heard, { frame: { code: 5, message: 'Not Found', details: [] }, code: 1006 });
  });

  it('streams the watch also as chunks', async () => {
    pod = await startPod();
    const lines: string[] = [];
    const call = request(`${pod.url()}/watch/gameserver`, (answer) =>
      answer.on('data', (chunk: Buffer) => lines.push(...chunk.toString().split('\n').filter(Boolean))),
    );
    call.end();
    await until(() => lines.length === 1, 'the present state');
    pod.sidecar.become('Ready');
    await until(() => lines.length === 2, 'the update');
    assert.match(lines[1] ?? '', /^\{"result":\{"object_meta".*"state":"Ready"/);
    call.destroy();
  });
});
