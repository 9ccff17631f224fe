import assert from 'node:assert/strict';
import { cgroupPathsOf, readCgroup } from '../../sdk-bridge/telemetry/cgroup-readings.ts';
import { counter, expose, gauge } from '../../sdk-bridge/telemetry/exposition.ts';
import { createFrameBook } from '../../sdk-bridge/telemetry/frame-book.ts';
import { networkReadingOf, processReadingOf } from '../../sdk-bridge/telemetry/proc-readings.ts';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

describe('the text that Prometheus reads', () => {
  it('has help, type and escaped labels, and leaves out what is not known', () => {
    const families = [
      gauge('a', 'first\nsecond \\', 1.5),
      gauge('unknown', 'not there', undefined),
      counter('b_total', 'b', Number.POSITIVE_INFINITY),
      { name: 'c', help: 'c', type: 'gauge' as const, samples: [{ labels: { x: 'say "no"\n\\' }, value: 0 }] },
    ];
    assert.equal(
      expose(families, { game_server: 'gs' }),
      [
        '# HELP a first\\nsecond \\\\',
        '# TYPE a gauge',
        'a{game_server="gs"} 1.5',
        '# HELP b_total b',
        '# TYPE b_total counter',
        'b_total{game_server="gs"} +Inf',
        '# HELP c c',
        '# TYPE c gauge',
        'c{game_server="gs",x="say \\"no\\"\\n\\\\"} 0',
        '',
      ].join('\n'),
    );
    assert.equal(expose([gauge('a', 'a', 1)], {}), '# HELP a a\n# TYPE a gauge\na 1\n');
  });
});

describe('frames', () => {
  it('count for ever, and are otherwise of the last minute', () => {
    let now = 0;
    const book = createFrameBook(() => now);
    assert.deepEqual(book.figures(), {
      frames: 0,
      hitches: undefined,
      mean: undefined,
      p99: undefined,
      longest: undefined,
      lastAge: undefined,
    });
    book.report({ frames: 60, longestMs: 500, meanMs: 20, p99Ms: 100, hitches: 1 });
    now = 30_000;
    book.report({ frames: 20, longestMs: 50, meanMs: 40, p99Ms: 45, hitches: 0 });
    now = 31_000;
    assert.deepEqual(book.figures(), { frames: 80, hitches: 1, mean: 0.025, p99: 0.1, longest: 0.5, lastAge: 1 });
    now = 80_000;
    assert.deepEqual(book.figures(), { frames: 80, hitches: 1, mean: 0.04, p99: 0.045, longest: 0.05, lastAge: 50 });
  });

  it('of a game server that reports only their number leave the rest out', () => {
    const book = createFrameBook(() => 0);
    book.report({ frames: 30, longestMs: 40 });
    assert.deepEqual(book.figures(), { frames: 30, hitches: undefined, mean: undefined, p99: undefined, longest: 0.04, lastAge: 0 });
  });

  it('do not fill the memory, however often they are reported', () => {
    const book = createFrameBook(() => 0);
    for (let nth = 0; nth < 5_000; nth += 1) book.report({ frames: 1, longestMs: nth });
    assert.equal(book.figures().frames, 5_000);
    assert.equal(book.figures().longest, 4.999);
  });
});

describe('what Linux says of a process', () => {
  it('is read whatever its name is', () => {
    const stat = `7 (a) b (c) S 1 ${Array.from({ length: 9 }, () => '0').join(' ')} 250 50 0 0 20 0 9 0 12345 0`;
    const reading = processReadingOf(
      stat,
      'Name:\ta\nVmRSS:\t    2048 kB\nThreads:\t9\n',
      'rchar: 1\nread_bytes: 4096\nwrite_bytes: 8192\n',
    );
    assert.deepEqual(reading, { cpuSeconds: 3, residentBytes: 2_097_152, threads: 9, diskReadBytes: 4_096, diskWriteBytes: 8_192 });
  });

  it('is absent where it is not there', () => {
    const none = {
      cpuSeconds: undefined,
      residentBytes: undefined,
      threads: undefined,
      diskReadBytes: undefined,
      diskWriteBytes: undefined,
    };
    assert.deepEqual(processReadingOf(undefined, undefined, undefined), none);
    assert.deepEqual(networkReadingOf(undefined, undefined), {
      receiveBytes: undefined,
      transmitBytes: undefined,
      udpReceiveErrors: undefined,
    });
  });

  it('sums the network without loopback', () => {
    const dev = [
      'Inter-|   Receive                                                |  Transmit',
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
      '    lo:  999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0',
      '  eth0: 1000 2 0 0 0 0 0 0 300 4 0 0 0 0 0 0',
      '  eth1:   10 2 0 0 0 0 0 0   5 4 0 0 0 0 0 0',
    ].join('\n');
    const snmp = 'Udp: InDatagrams NoPorts InErrors OutDatagrams\nUdp: 10 0 3 20\nUdpLite: InErrors\nUdpLite: 9\n';
    assert.deepEqual(networkReadingOf(dev, snmp), { receiveBytes: 1_010, transmitBytes: 305, udpReceiveErrors: 3 });
  });
});

describe('the control group of a process', () => {
  it('is found in both versions, and not where it lies outside of what is mounted', () => {
    assert.equal(cgroupPathsOf('0::/kubepods/pod1/game\n').unified, '/kubepods/pod1/game');
    const one = cgroupPathsOf('9:name=systemd:/\n4:memory:/a:b\n2:cpu,cpuacct:/c\n0::/\n');
    assert.deepEqual([one.controllers.get('memory'), one.controllers.get('cpu'), one.unified], ['/a:b', '/c', '/']);
    assert.equal(cgroupPathsOf('0::/../game\n').unified, undefined);
    assert.deepEqual(cgroupPathsOf(''), { unified: undefined, controllers: new Map() });
  });

  it('is read from its files, of either version', async function () {
    if (process.platform !== 'linux') return this.skip();
    const { unified, controllers } = cgroupPathsOf(await readFile(`/proc/${process.pid}/cgroup`, 'utf8'));
    const root = await mkdtemp(path.join(tmpdir(), 'cgroup-'));
    try {
      const none = { memoryBytes: undefined, memoryLimitBytes: undefined, throttledSeconds: undefined, outOfMemoryKills: undefined };
      assert.deepEqual(await readCgroup(root, process.pid), none);
      if (unified !== undefined) {
        const folder = path.join(root, unified);
        await mkdir(folder, { recursive: true });
        await writeFile(path.join(folder, 'memory.current'), '1000\n');
        await writeFile(path.join(folder, 'memory.max'), 'max\n');
        await writeFile(path.join(folder, 'memory.events'), 'low 0\noom 2\noom_kill 1\n');
        await writeFile(path.join(folder, 'cpu.stat'), 'usage_usec 5\nthrottled_usec 2500000\n');
        const read = { memoryBytes: 1_000, memoryLimitBytes: undefined, throttledSeconds: 2.5, outOfMemoryKills: 1 };
        assert.deepEqual(await readCgroup(root, process.pid), read);
        await rm(folder, { recursive: true });
      }
      const memory = controllers.get('memory');
      if (memory !== undefined) {
        const folder = path.join(root, 'memory', memory);
        await mkdir(folder, { recursive: true });
        await writeFile(path.join(folder, 'memory.usage_in_bytes'), '2000\n');
        await writeFile(path.join(folder, 'memory.limit_in_bytes'), '9223372036854771712\n');
        assert.deepEqual(await readCgroup(root, process.pid), { ...none, memoryBytes: 2_000 });
      }
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});
