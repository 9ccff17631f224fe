import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { STREAM_PATH, STREAM_PROTOCOL, StreamMessage } from '../../contracts/bridge-api/stream.ts';
import type { Notice } from '../../contracts/notices.ts';
import { startPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

class Reader {
  readonly messages: StreamMessage[] = [];
  readonly socket: WebSocket;

  constructor(pod: Pod, since?: string) {
    const query = since === undefined ? '' : `?since=${since}`;
    this.socket = new WebSocket(`${pod.url().replace('http:', 'ws:')}${STREAM_PATH}${query}`, STREAM_PROTOCOL);
    this.socket.on('message', (data: Buffer) => this.messages.push(StreamMessage.parse(JSON.parse(data.toString()))));
    this.socket.on('error', () => {});
  }

  of<T extends StreamMessage['type']>(type: T): Extract<StreamMessage, { type: T }>[] {
    return this.messages.filter((message): message is Extract<StreamMessage, { type: T }> => message.type === type);
  }

  /** Of the last message that has one. */
  get position(): string {
    return this.messages.flatMap((message) => ('position' in message ? [message.position] : [])).at(-1) ?? '';
  }

  async leave(): Promise<void> {
    this.socket.close();
    await once(this.socket, 'close');
  }
}

describe('the stream of the bridge', function () {
  this.timeout(300_000);
  let pod: Pod;
  afterEach(() => pod.close());

  const drainless = (window: string): Notice => ({
    kind: 'maintenance',
    reason: 'new kernel',
    startsAt: '2026-12-01T10:00:00.000Z',
    endsAt: '2026-12-01T11:00:00.000Z',
    end: 'let-finish',
    window,
  });
  const annotate = (...windows: string[]) =>
    pod.sidecar.annotate({ 'lifeverse.dev/notice': JSON.stringify(windows.map((window) => drainless(window))) });
  const windows = (reader: Reader) =>
    reader.of('notices').map(({ notices }) => notices.notices.map((notice) => ('window' in notice ? notice.window : notice.kind)));

  it('tells what the held calls tell, as it happens, and after a break only what is news', async () => {
    pod = await startPod({ world: 'w1' });
    const reader = new Reader(pod);
    await until(() => reader.of('session').length === 1 && reader.of('notices').length === 1, 'the present state');
    assert.deepEqual(reader.messages[0], { type: 'welcome', gameServer: 'gs-1', aliveSeconds: 10 });
    await pod.play();
    await until(() => reader.of('session').length === 3, 'claimed and joinable are told');
    assert.deepEqual(
      reader.of('session').map(({ session }) => session.phase),
      ['idle', 'claimed', 'joinable'],
    );
    assert.deepEqual(reader.of('session').at(-1)?.session, (await pod.api.session({})).body);

    await pod.api.world({});
    await pod.api.appendWorld({ body: { entries: [{ seq: 1, data: {} }] } });
    await until(() => reader.of('acks').at(-1)?.acks.world?.durable === 1, 'the entry is durable');
    assert.deepEqual(reader.of('acks').at(-1)?.acks, (await pod.api.acks({})).body);
    annotate('a');
    await until(() => windows(reader).at(-1)?.[0] === 'a', 'the notice is told');
    assert.deepEqual(reader.of('notices').at(-1)?.notices, (await pod.api.notices({})).body);
    assert.ok(pod.log().includes('the stream is open'));
    await reader.leave();
    annotate('a', 'b');

    const again = new Reader(pod, reader.position);
    await until(() => again.of('notices').length === 1, 'what was missed');
    await pod.api.drain({ body: { reason: 'node upgrade' } });
    await until(() => again.of('notices').length === 2, 'what is new');
    assert.deepEqual(windows(again), [
      ['a', 'b'],
      ['a', 'b', 'drain'],
    ]);
    assert.deepEqual([again.of('session'), again.of('acks')], [[], []]);
  });

  it('resumes over a kill of the bridge: nothing is told twice, and no notice is taken back meanwhile', async () => {
    pod = await startPod({ world: 'w1' });
    await pod.play();
    annotate('a');
    const reader = new Reader(pod);
    await until(() => windows(reader).at(-1)?.[0] === 'a' && reader.of('acks').length > 0, 'the present state');
    const cut = once(reader.socket, 'close');
    await pod.crash();
    await cut;
    annotate('a', 'b');
    const again = new Reader(pod, reader.position);
    await until(() => windows(again).length > 0, 'what was missed');
    await pod.api.drain({ body: { reason: 'node upgrade' } });
    await until(() => windows(again).at(-1)?.at(-1) === 'drain', 'what is new');
    assert.deepEqual(windows(again), [
      ['a', 'b'],
      ['a', 'b', 'drain'],
    ]);
    assert.deepEqual(again.of('session'), []);
  });
});
