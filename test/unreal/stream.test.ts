import assert from 'node:assert/strict';
import { startPod } from '../sdk-bridge/stand-in/bridge-process.ts';
import { until } from '../sdk-bridge/stand-in/until.ts';
import { buildSampleServer, SampleServerProcess } from './sample-server-process.ts';
import { StreamRelay } from './stream-relay.ts';

interface Line {
  readonly message: string;
  readonly reasons?: readonly string[];
}

describe('the sample server on the stream of the real bridge', function () {
  this.timeout(300_000);

  const opened: (() => unknown)[] = [];

  before(async function () {
    this.timeout(600_000);
    await buildSampleServer();
  });

  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  it('hears each notice once and in order, over cuts and refusals of the stream and a kill of the bridge', async () => {
    const pod = await startPod({ world: 'world-1' });
    opened.push(() => pod.close());
    const relay = await StreamRelay.open(Number(new URL(pod.url()).port));
    opened.push(() => relay.close());
    const server = await SampleServerProcess.start(relay.port, ['--build=b1', '--no-show-seconds=3600']);
    opened.push(() => server.kill());
    const lines: Line[] = [];
    let rest = '';
    server.child.stdout?.on('data', (text: string) => {
      const whole = (rest + text).split('\n');
      rest = whole.pop() ?? '';
      lines.push(...whole.map((line) => JSON.parse(line) as Line));
    });
    const heard = () => lines.flatMap(({ message, reasons }) => (message === 'notices' && reasons !== undefined ? [reasons.join('')] : []));
    const ways = () => lines.flatMap(({ message }) => (message.startsWith('news ') ? [message] : []));
    const tell = (reasons: string) =>
      pod.sidecar.annotate({
        'lifeverse.dev/notice': JSON.stringify(
          reasons.split('').map((reason) => ({
            kind: 'maintenance',
            reason,
            startsAt: '2036-12-01T10:00:00.000Z',
            endsAt: '2036-12-01T11:00:00.000Z',
            end: 'let-finish',
            window: reason,
          })),
        ),
      });
    const hears = (reasons: string) => until(() => heard().at(-1) === reasons, `${reasons} is heard`);
    const streams = (times: number) =>
      until(() => ways().filter((way) => way === 'news come by the stream').length >= times, `the stream is open, ${times}`);

    await until(() => pod.sidecar.calls.includes('RequestReady'), 'Ready is earned');
    await streams(1);
    pod.allocate();
    await until(() => pod.backend.told.some((line) => line.startsWith('accept ')), 'the session is told by the stream, and accepted');
    tell('a');
    await hears('a');

    relay.refusing = true;
    relay.cut();
    tell('ab');
    await hears('ab');
    assert.equal(ways().at(-1), 'news are asked for');
    assert.ok(relay.asked.some((request) => /^GET \/lifeverse\/v1\/notices\?wait=20&from=\w+$/.test(request)));

    relay.refusing = false;
    await streams(2);
    tell('abc');
    await hears('abc');

    const crashed = pod.crash();
    tell('abcd');
    await crashed;
    await hears('abcd');
    await streams(3);
    const before = relay.asked.length;
    tell('abcde');
    await hears('abcde');
    assert.deepEqual(
      relay.asked.slice(before).filter((request) => /\/(session|notices|acks)\?/.test(request)),
      [],
    );
    assert.deepEqual(heard(), ['', 'a', 'ab', 'abc', 'abcd', 'abcde']);
    assert.ok(relay.asked.some((request) => /^GET \/lifeverse\/v1\/stream\?since=joinable\.\w+\.[\w-]+$/.test(request)));
  });
});
