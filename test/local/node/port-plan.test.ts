import assert from 'node:assert/strict';
import { PODS } from '../../../local/node/pod.ts';
import type { Pod } from '../../../local/node/pod.ts';
import { planPorts, portsWithoutHostPort, probePort, rewriteArgs, rewriteEnv } from '../../../local/node/port-plan.ts';

/** As Agones makes it, with the bridge in it. */
const pod: Pod = PODS.parse({
  metadata: { name: 'duel-1', namespace: 'lifeverse', uid: 'u', resourceVersion: '1' },
  spec: {
    initContainers: [
      {
        name: 'agones-gameserver-sidecar',
        args: ['--grpc-port=9457', '--http-port=9458', '--health-port=8080'],
        livenessProbe: { httpGet: { path: '/healthz', port: 8080 } },
      },
      {
        name: 'bridge',
        ports: [{ containerPort: 9357 }, { name: 'http', containerPort: 9358 }],
        readinessProbe: { httpGet: { port: 'http' } },
      },
    ],
    containers: [
      {
        name: 'game',
        args: ['--port', '7777', '--bridge=http://127.0.0.1:9358/lifeverse/v1'],
        ports: [{ containerPort: 7777, hostPort: 7123, protocol: 'UDP' }],
        livenessProbe: { httpGet: { path: '/gshealthz', port: 8080 } },
      },
    ],
  },
});
const containers = [...pod.spec.initContainers, ...pod.spec.containers];

describe('the ports of a pod', () => {
  it('that need a free one are those declared, probed, or given as a flag, without those with a host port', () => {
    assert.deepEqual(portsWithoutHostPort(containers), [8080, 9357, 9358, 9457, 9458]);
  });

  it('are the same for every container of the pod, and the host port where there is one', () => {
    const plan = planPorts(containers, [20_001, 20_002, 20_003, 20_004, 20_005]);
    assert.deepEqual(Object.fromEntries(plan), { 7777: 7123, 8080: 20_001, 9357: 20_002, 9358: 20_003, 9457: 20_004, 9458: 20_005 });
  });

  it('cannot be planned with too few free ones', () => {
    assert.throws(() => planPorts(containers, [20_001]), /Fewer free ports/);
  });

  const plan = new Map([
    [7777, 7123],
    [8080, 20_001],
    [9358, 20_003],
    [80, 20_080],
  ]);
  const argCases: readonly [readonly string[], readonly string[]][] = [
    [['--health-port=8080'], ['--health-port=20001']],
    [['-port=7777'], ['-port=7123']],
    [
      ['--port', '7777'],
      ['--port', '7123'],
    ],
    [
      ['--port', '7778'],
      ['--port', '7778'],
    ],
    [['--capacity=8080'], ['--capacity=8080']],
    [
      ['--capacity', '8080'],
      ['--capacity', '8080'],
    ],
    [['--url=http://localhost:9358'], ['--url=http://localhost:20003']],
    [['ws://[::1]:9358/watch/gameserver'], ['ws://[::1]:20003/watch/gameserver']],
    [['0.0.0.0:8080,127.0.0.1:9358'], ['0.0.0.0:20001,127.0.0.1:20003']],
    [['https://saves.example:8080/'], ['https://saves.example:8080/']],
    [['http://notlocalhost:8080/'], ['http://notlocalhost:8080/']],
    [['http://localhost:80801/'], ['http://localhost:80801/']],
    [['at 2026-01-01T12:80:00'], ['at 2026-01-01T12:80:00']],
  ];
  for (const [given, expected] of argCases) {
    it(`make ${JSON.stringify(given)} ${JSON.stringify(expected)}`, () => assert.deepEqual(rewriteArgs(given, plan), expected));
  }

  const envCases: readonly [Record<string, string>, Record<string, string>][] = [
    [{ AGONES_SDK_HTTP_PORT: '9358' }, { AGONES_SDK_HTTP_PORT: '20003' }],
    [{ port: '7777' }, { port: '7123' }],
    [{ MAX_PLAYERS: '80' }, { MAX_PLAYERS: '80' }],
    [{ PORTAL: '80' }, { PORTAL: '80' }],
    [{ BRIDGE_URL: 'http://127.0.0.1:9358/' }, { BRIDGE_URL: 'http://127.0.0.1:20003/' }],
    [{ ALLOCATOR_URL: 'https://10.0.0.1:8080' }, { ALLOCATOR_URL: 'https://10.0.0.1:8080' }],
  ];
  for (const [given, expected] of envCases) {
    it(`make ${JSON.stringify(given)} ${JSON.stringify(expected)}`, () => assert.deepEqual(rewriteEnv(given, plan), expected));
  }

  it('are found behind a probe by number and by name', () => {
    const bridge = containers[1];
    assert.ok(bridge !== undefined);
    assert.equal(probePort(8080, bridge, plan), 20_001);
    assert.equal(probePort('http', bridge, plan), 20_003);
    assert.equal(probePort('nobody', bridge, plan), undefined);
  });
});
