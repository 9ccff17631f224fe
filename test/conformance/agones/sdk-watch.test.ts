/** The SDK's watch and its queued writes: who hears what, and which of two quick wishes is kept. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { WebSocket } from 'ws';

import { stateOf } from '../../../local/agones/resources/game-server.ts';
import { GAME_SERVERS, objectPath } from '../../../local/agones/resources/resource.ts';
import { waitUntil } from '../../../local/processes/wait-until.ts';
import { sharedStandIn, type ConformanceCluster } from './conformance-cluster.ts';
import { standNode, startSidecarBed, type SidecarBed } from './sidecar-bed.ts';

const START_MS = 120_000;
const WRITE_DELAY_MS = 100;
const NAMESPACE = 'watch2';

describe('Agones conformance: the watch of the SDK', () => {
  let cluster: ConformanceCluster;
  const beds: SidecarBed[] = [];

  before(async function () {
    this.timeout(START_MS);
    cluster = await sharedStandIn();
    await standNode(cluster);
  });

  after(() => {
    for (const bed of beds) bed.stop();
  });

  const bedOf = async (name: string): Promise<SidecarBed> => {
    const spec = { health: { disabled: true }, ports: [{ name: 'default', containerPort: 7777 }] };
    const bed = await startSidecarBed({ cluster, namespace: NAMESPACE, name, spec, writeDelayMs: WRITE_DELAY_MS });
    beds.push(bed);
    return bed;
  };

  it('says the current state first, over a socket and in chunks', async () => {
    const bed = await bedOf('first');
    const frames: string[] = [];
    const socket = new WebSocket(`ws://127.0.0.1:${bed.httpPort}/watch/gameserver`);
    socket.on('message', (data: Buffer) => frames.push(data.toString()));
    await until('the first frame', () => frames.length === 1);
    assert.equal(stateIn(frames[0]), 'Scheduled');
    bed.sdk.ready();
    await until('Ready is heard of', () => frames.some((frame) => stateIn(frame) === 'Ready'));
    socket.terminate();
    assert.equal(stateIn(await firstChunk(bed.httpPort)), 'Ready');
  });

  it('drops the socket at an update of more than 64 KiB, and serves it in chunks', async () => {
    const bed = await bedOf('large');
    const socket = new WebSocket(`ws://127.0.0.1:${bed.httpPort}/watch/gameserver`);
    await once(socket, 'message');
    const closed = once(socket, 'close');
    await cluster.client.send({
      method: 'PATCH',
      path: objectPath(GAME_SERVERS, NAMESPACE, 'large'),
      contentType: 'application/merge-patch+json',
      body: { metadata: { annotations: { big: 'x'.repeat(70_000) } } },
    });
    const [code] = (await closed) as [number];
    assert.equal(code, 1006);
    assert.ok((await firstChunk(bed.httpPort)).length > 70_000);
  });

  it('opens a socket on any path, says the answer of a GET, and drops it', async () => {
    const bed = await bedOf('odd');
    const socket = new WebSocket(`ws://127.0.0.1:${bed.httpPort}/nope`);
    const message = once(socket, 'message');
    const closed = once(socket, 'close');
    assert.deepEqual(JSON.parse(String((await message)[0])), { code: 5, message: 'Not Found', details: [] });
    assert.equal((await closed)[0], 1006);
  });

  const races: readonly {
    readonly title: string;
    readonly name: string;
    readonly ask: (bed: SidecarBed) => void;
    readonly kept: string;
  }[] = [
    { title: 'shutdown then ready at once', name: 'r1', ask: ({ sdk }) => (sdk.shutdown(), sdk.ready()), kept: 'Ready' },
    { title: 'shutdown then reserve', name: 'r2', ask: ({ sdk }) => (sdk.shutdown(), sdk.reserve(0)), kept: 'Reserved' },
    { title: 'allocate, ready, allocate', name: 'r3', ask: ({ sdk }) => (sdk.allocate(), sdk.ready(), sdk.allocate()), kept: 'Allocated' },
    { title: 'ready then shutdown at once', name: 'r4', ask: ({ sdk }) => (sdk.ready(), sdk.shutdown()), kept: 'Shutdown' },
  ];

  for (const { title, name, ask, kept } of races) {
    it(`keeps the last of quick wishes: ${title}`, async () => {
      const bed = await bedOf(name);
      const heard: string[] = [];
      bed.sdk.watch((gameServer) => heard.push(gameServer.status?.state ?? ''));
      ask(bed);
      await until(`${kept} is stored`, () => heard.includes(kept));
      const others = heard.filter((state) => !['Scheduled', 'RequestReady', kept].includes(state));
      assert.deepEqual(others, []);
    });
  }

  it('never comes back from Unhealthy', async () => {
    const bed = await bedOf('sick');
    await cluster.client.send({
      method: 'PATCH',
      path: objectPath(GAME_SERVERS, NAMESPACE, 'sick'),
      contentType: 'application/merge-patch+json',
      body: { status: { state: 'Unhealthy' } },
    });
    await until('it is known', () => bed.sdk.gameServer.status?.state === 'Unhealthy');
    bed.sdk.ready();
    bed.sdk.setLabel('after', 'ready');
    await until('a later write is through', () => bed.sdk.gameServer.metadata.labels?.['agones.dev/sdk-after'] === 'ready');
    assert.equal(stateOf(await bed.stored()), 'Unhealthy');
  });
});

const until = (what: string, isSo: () => boolean): Promise<unknown> =>
  waitUntil(isSo, { what, deadlineMs: 60_000, everyMs: 20, signal: new AbortController().signal });

const stateIn = (frame: string | undefined): string => /"state":"([A-Za-z]+)"/.exec(frame ?? '')?.[1] ?? '';

/** The first line of the chunked watch. */
function firstChunk(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = get({ host: '127.0.0.1', port, path: '/watch/gameserver', timeout: 60_000 }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (!text.endsWith('\n')) return;
        resolve(text);
        sent.destroy();
      });
    });
    sent.on('error', reject);
  });
}
