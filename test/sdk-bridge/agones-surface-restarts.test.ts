import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { request } from 'node:http';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { WebSocket } from 'ws';
import type { GameServer } from '../../local/agones/resources/game-server.ts';
import { GAME_SERVERS, objectPath } from '../../local/agones/resources/resource.ts';
import { SDK } from '../../sdk-bridge/agones/sdk-calls.ts';
import { parseGameServer } from '../../sdk-bridge/agones/game-server.ts';
import { sharedStandIn, type ConformanceCluster } from '../conformance/agones/conformance-cluster.ts';
import { makeGameServer, standNode } from '../conformance/agones/sidecar-bed.ts';
import { allocateByApi } from './stand-in/allocate-by-api.ts';
import { startPod, type Pod } from './stand-in/bridge-process.ts';
import { startSidecarProcess, type SidecarProcess } from './stand-in/sidecar-process.ts';
import { until } from './stand-in/until.ts';

const NAMESPACE = 'restarts';
const NAME = 'gs-1';
/** Health and watch are back two seconds after the sidecar answers; ten times as long on a machine that is busy with other things. */
const BACK_MS = 20_000;

/** One life of a game server. Agones' sidecar is a process, and killed with `kill -9` in every state of it. */
describe("A bridge whose Agones' sidecar dies", function () {
  this.timeout(300_000);
  const ending = new AbortController();
  let cluster: ConformanceCluster;
  let stored: () => Promise<GameServer>;
  let sidecar: SidecarProcess;
  let pod: Pod;
  let watches: { states(): string[]; labels(): Record<string, string>; close(): void }[] = [];

  before(async () => {
    cluster = await sharedStandIn();
    await standNode(cluster);
    const spec = {
      health: { initialDelaySeconds: 60, periodSeconds: 5, failureThreshold: 3 },
      ports: [{ name: 'default', portPolicy: 'Dynamic', containerPort: 7777, protocol: 'UDP' }],
      lists: { players: { capacity: 5, values: [] } },
    };
    stored = await makeGameServer({ cluster, namespace: NAMESPACE, name: NAME, spec }, ending.signal);
    sidecar = await startSidecarProcess({ kubeconfig: cluster.kubeconfig, namespace: NAMESPACE, name: NAME });
    pod = await startPod({
      env: { AGONES_SDK_GRPC_PORT: String(sidecar.grpcPort), AGONES_SDK_HTTP_PORT: String(sidecar.httpPort), POD_NAMESPACE: NAMESPACE },
    });
  });
  after(async () => {
    ending.abort();
    for (const watch of watches) watch.close();
    await pod?.close();
    await sidecar?.signal('SIGKILL');
  });

  const state = async () => (await stored()).status?.state;
  const call = async (method: string, path: string, body: unknown = {}) => {
    const answer = await fetch(`${pod.url()}${path}`, { method, body: JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  };
  const patch = (body: unknown) =>
    cluster.client.send({
      method: 'PATCH',
      path: objectPath(GAME_SERVERS, NAMESPACE, NAME),
      contentType: 'application/merge-patch+json',
      body,
    });
  const heardBeats = () => pod.log().split('"message":"Agones takes beats again"').length - 1;

  let returns = 0;
  /** The sidecar answers again: from now on the clock runs. What tells of the watch is a change that nobody but it can tell. */
  const isBackInTime = async (beats: number) => {
    const inTime = (test: () => boolean, what: string) => until(test, `${what} within ${BACK_MS} ms`, BACK_MS);
    const mark = `return-${++returns}`;
    const told = patch({ metadata: { labels: { mark } } });
    const heard = inTime(() => heardBeats() > beats, 'a beat is heard');
    await Promise.all([told, heard, ...watches.map((watch) => inTime(() => watch.labels()['mark'] === mark, 'a watch tells'))]);
  };

  it('before Ready: says Ready until it is so, though that was only queued', async () => {
    await pod.api.hello({ body: { build: 'b1', plugin: 'test' } });
    watches = [await overSocket(pod), await inChunks(pod), await overGrpc(pod)];
    await pod.api.warm({});
    await call('POST', '/ready');
    const beats = heardBeats();
    await sidecar.signal('SIGKILL');
    await sidecar.start();
    await isBackInTime(beats);
    await until(async () => (await state()) === 'Ready', 'the server is Ready');
  });

  it('Ready: keeps labels and list values that were only queued, and every watch that is open', async () => {
    await call('PUT', '/metadata/label', { key: 'queued', value: 'yes' });
    await call('PUT', '/metadata/annotation', { key: 'queued', value: 'also' });
    await call('POST', '/v1beta1/lists/players:addValue', { value: 'ann' });
    const beats = heardBeats();
    await sidecar.signal('SIGKILL');
    assert.equal(await grpcCode(pod), 14);
    // Told while nobody is there.
    const meanwhile = call('PUT', '/metadata/label', { key: 'meanwhile', value: 'yes' });
    await patch({ metadata: { labels: { outside: 'yes' } } });
    await sidecar.start();
    await isBackInTime(beats);
    const again = (await meanwhile).status === 200 ? undefined : await call('PUT', '/metadata/label', { key: 'meanwhile', value: 'yes' });
    assert.equal(again?.status ?? 200, 200);
    const written = async () => {
      const { metadata, status } = await stored();
      const { labels, annotations } = metadata;
      return [
        labels?.['agones.dev/sdk-queued'],
        annotations?.['agones.dev/sdk-queued'],
        labels?.['agones.dev/sdk-meanwhile'],
        status?.lists?.['players']?.values?.join(),
      ].join(' ');
    };
    await until(async () => (await written()) === 'yes also yes ann', 'nothing that was taken is lost');
    for (const watch of watches) {
      await until(() => watch.labels()['agones.dev/sdk-queued'] === 'yes', 'a watch tells what came after');
      assert.equal(watch.labels()['outside'], 'yes');
    }
    assert.equal(await state(), 'Ready');
  });

  it('Ready, and hanging: answers in time what it cannot know, and goes on afterwards', async () => {
    await sidecar.signal('SIGSTOP');
    const [rest, grpc, known] = await Promise.all([
      call('POST', '/v1beta1/lists/players:addValue', { value: 'bob' }),
      grpcCode(pod),
      fetch(`${pod.url()}/gameserver`),
    ]);
    await sidecar.signal('SIGCONT');
    assert.deepEqual(rest, { status: 504, body: { code: 4, message: "Agones' sidecar does not answer", details: [] } });
    assert.equal(grpc, 4);
    assert.equal(known.status, 200);
    await until(async () => (await call('PUT', '/metadata/label', { key: 'later', value: 'yes' })).status === 200, 'it goes on');
  });

  it('Allocated: keeps the session, and stays out of the pool', async () => {
    await allocateByApi(cluster, NAMESPACE);
    assert.equal((await pod.api.session({ query: { wait: 20, from: 'idle' } })).body.phase, 'claimed');
    await pod.api.accept({ body: { port: 7777, build: 'b1' } });
    const beats = heardBeats();
    await sidecar.signal('SIGKILL');
    await call('POST', '/ready');
    await sidecar.start();
    await isBackInTime(beats);
    assert.equal(await state(), 'Allocated');
    assert.equal((await pod.api.session({ query: {} })).body.phase, 'joinable');
  });

  it('shutting down: ends, though the Shutdown was only queued, and a Ready was said behind it', async () => {
    const told = () => pod.log().includes('"message":"the session ends"') && pod.backend.told.some((line) => line.startsWith('end'));
    await call('POST', '/shutdown');
    await call('POST', '/ready');
    await until(told, 'the end is told');
    await sidecar.signal('SIGKILL');
    const going = sidecar.start();
    const goes = async () => {
      const gameServer = await stored().catch(() => undefined);
      return gameServer === undefined || gameServer.status?.state === 'Shutdown' || gameServer.metadata.deletionTimestamp !== undefined;
    };
    await until(goes, 'the game server goes');
    await going;
    for (const watch of watches) assert.ok(watch.states().includes('Allocated'), 'no watch was cut in the whole life');
  });
});

/** As Unreal's plugin has it. */
async function overSocket(pod: Pod) {
  const frames: string[] = [];
  const socket = new WebSocket(`${pod.url().replace('http', 'ws')}/watch/gameserver`);
  socket.on('message', (data: Buffer) => frames.push(data.toString()));
  await until(() => frames.length > 0, 'the present state');
  return told(frames, () => socket.terminate());
}

async function inChunks(pod: Pod) {
  let text = '';
  const lines = () => text.split('\n').slice(0, -1);
  const sent = request(`${pod.url()}/watch/gameserver`, (answer) => answer.on('data', (chunk: Buffer) => (text += chunk.toString())));
  sent.on('error', () => {});
  sent.end();
  await until(() => lines().length > 0, 'the present state');
  return told(lines, () => sent.destroy());
}

interface Line {
  readonly result: { readonly object_meta: { readonly labels: Record<string, string> }; readonly status: { readonly state: string } };
}

function told(lines: string[] | (() => string[]), close: () => void) {
  const results = () => (typeof lines === 'function' ? lines() : lines).map((line) => (JSON.parse(line) as Line).result);
  return {
    states: () => results().map(({ status }) => status.state),
    labels: () => results().at(-1)?.object_meta.labels ?? {},
    close,
  };
}

/** As any other SDK has it. */
async function overGrpc(pod: Pod) {
  const seen: ReturnType<typeof parseGameServer>[] = [];
  const client = new Client(`127.0.0.1:${pod.grpcPort()}`, credentials.createInsecure());
  const asIs = (bytes: Buffer): Buffer => bytes;
  const stream = client.makeServerStreamRequest(SDK.watchGameServer, asIs, asIs, Buffer.alloc(0));
  stream.on('data', (bytes: Buffer) => seen.push(parseGameServer(bytes)));
  stream.on('error', () => {});
  await until(() => seen.length > 0, 'the present state');
  return {
    states: () => seen.map(({ status }) => status.state),
    labels: () => Object.fromEntries(seen.at(-1)?.objectMeta.labelsMap ?? []),
    close: () => {
      stream.cancel();
      client.close();
    },
  };
}

const require = createRequire(import.meta.url);
interface Stock {
  setLabel(key: string, value: string): Promise<unknown>;
  close(): void;
}

/** What the published SDK meets, which sets no deadline itself. */
async function grpcCode(pod: Pod): Promise<number> {
  const AgonesSDK = require('@google-cloud/agones-sdk') as new () => Stock;
  process.env['AGONES_SDK_GRPC_PORT'] = String(pod.grpcPort());
  const sdk = new AgonesSDK();
  delete process.env['AGONES_SDK_GRPC_PORT'];
  const code = await sdk.setLabel('a', 'b').then(
    () => 0,
    (cause: ServiceError) => cause.code,
  );
  sdk.close();
  return code;
}
