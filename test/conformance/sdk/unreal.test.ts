/**
 * The bridge against Agones' sidecar, answer by answer, with what Agones' Unreal plugin sends and with what is malformed. The sidecar is the
 * stand-in's, beside a game server of its own; with `AGONES_SDK_HTTP=host:port` it is a real one, whose game server has to have the counter
 * `rooms` (1 of 10) and the list `players` (`p0`, of 5).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket } from 'ws';

import { sharedStandIn } from '../agones/conformance-cluster.ts';
import { REST_SPEC } from '../agones/replay-rest.ts';
import { standNode, startSidecarBed, type SidecarBed } from '../agones/sidecar-bed.ts';
import { until } from '../../sdk-bridge/stand-in/until.ts';
import { startBridgedBed, type BridgedBed } from './bridged-bed.ts';
import { judgeAnswer, titleOf } from './deviations.ts';
import { answerDifferences, ask } from './side-by-side.ts';
import { MALFORMED_REQUESTS, PLUGIN_REQUESTS, type SdkRequest } from './unreal-requests.ts';

const WHERE = 'unreal';
const SETTLED_MS = 60_000;
const NAMESPACE = 'unreal';

const annotation = (bytes: number): string => JSON.stringify({ key: 'large', value: 'x'.repeat(bytes) });
const TOO_LARGE: readonly SdkRequest[] = [
  { name: 'SetAnnotation of 60,000 bytes', method: 'PUT', path: '/metadata/annotation', body: annotation(60_000) },
  { name: 'a body of 300,000 bytes', method: 'POST', path: '/health', body: JSON.stringify({ zz: 'x'.repeat(300_000) }) },
];

describe("The bridge answers Agones' Unreal plugin as Agones' sidecar does", function () {
  this.timeout(300_000);
  let bed: SidecarBed | undefined;
  let bridged: BridgedBed;
  let reference: string;
  let bridge: string;
  const watches: Awaited<ReturnType<typeof watching>>[] = [];

  before(async function () {
    this.timeout(300_000);
    const cluster = await sharedStandIn();
    await standNode(cluster);
    const options = { cluster, namespace: NAMESPACE, spec: REST_SPEC };
    const real = process.env['AGONES_SDK_HTTP'];
    if (real === undefined) bed = await startSidecarBed({ ...options, name: 'reference' });
    bridged = await startBridgedBed({ ...options, name: 'bridged' });
    reference = real ?? `127.0.0.1:${bed?.httpPort}`;
    bridge = `127.0.0.1:${bridged.httpPort}`;
  });
  after(async () => {
    for (const watch of watches) watch.cut();
    await bridged?.close();
    bed?.stop();
  });

  /** What waits in either sidecar; a real one writes by itself. */
  const write = () => {
    bed?.write();
    bridged.write();
  };

  /** Both are asked once; what both wrote a moment ago is looked at until it is there. */
  const compare = async (sent: SdkRequest) => {
    const isLook = sent.path.includes('gameserver') || sent.path.includes('game%73erver');
    const end = Date.now() + (isLook ? SETTLED_MS : 0);
    for (;;) {
      if (isLook) write();
      const [expected, actual] = await Promise.all([ask(reference, sent), ask(bridge, sent)]);
      const found = answerDifferences(expected, actual);
      const come = sent.state === undefined || JSON.stringify(expected.body).includes(`"state":"${sent.state}"`);
      if ((found.length === 0 && come) || Date.now() > end) return come ? found : [`the state is not ${sent.state}`, ...found];
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  for (const sent of [...PLUGIN_REQUESTS, ...MALFORMED_REQUESTS, ...TOO_LARGE]) {
    it(titleOf(WHERE, sent.name), async () => judgeAnswer(WHERE, sent.name, await compare(sent)));
  }

  it('and tells the watch the same, in sockets that close alike, and in chunks', async () => {
    const [one, other] = await Promise.all([watching(reference), watching(bridge)]);
    watches.push(one, other);
    for (const value of ['1', '2']) {
      const sent = { name: 'SetLabel', method: 'PUT', path: '/metadata/label', body: JSON.stringify({ key: 'watched', value }) };
      await Promise.all([ask(reference, sent), ask(bridge, sent)]);
      write();
      await until(() => [one, other].every(({ labels }) => labels().at(-1) === value), `the label ${value} is told`, SETTLED_MS);
    }
    assert.deepEqual(other.labels(), one.labels());
    assert.deepEqual(await other.close(), await one.close());
  });

  it(titleOf(WHERE, 'Shutdown, and Ready right behind it'), async function () {
    if (bed === undefined) return this.skip();
    for (const path of ['/shutdown', '/ready']) {
      const sent = { name: path, method: 'POST', path, body: '{}' };
      await Promise.all([ask(reference, sent), ask(bridge, sent)]);
    }
    write();
    const lost = bed;
    await until(async () => (await goes(bridged.bed)) !== (await goes(lost)), 'one goes, the other stays', SETTLED_MS);
    judgeAnswer(WHERE, 'Shutdown, and Ready right behind it', (await goes(bridged.bed)) ? ['the Shutdown is kept'] : []);
  });
});

async function goes(bed: SidecarBed): Promise<boolean> {
  const stored = await bed.stored().catch(() => undefined);
  return stored === undefined || stored.status?.state === 'Shutdown' || stored.metadata.deletionTimestamp !== undefined;
}

/** The plugin's socket: its header, its path; and whether a frame is one line that the plugin can read. */
async function watching(origin: string) {
  const frames: { result: { object_meta: { labels: Record<string, string> } } }[] = [];
  const socket = new WebSocket(`ws://${origin}/watch/gameserver`, { headers: { 'User-Agent': 'X-UnrealEngine-Agent' } });
  socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString()) as (typeof frames)[number]));
  await until(() => frames.length > 0, 'the present state comes first');
  return {
    /** Without those of other writes in between. */
    labels: () => [...new Set(frames.map(({ result }) => result.object_meta.labels['agones.dev/sdk-watched']))],
    cut: () => socket.terminate(),
    close: async () => {
      const closed = once(socket, 'close');
      socket.close(1000);
      return [(await closed)[0]];
    },
  };
}
