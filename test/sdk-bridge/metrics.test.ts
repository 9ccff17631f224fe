import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { testStack } from '../../local/testing.ts';
import { startPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

/** `name{label="value"}` → value, and only the labels that are asked for. */
async function read(pod: Pod): Promise<(name: string, labels?: Record<string, string>) => number | undefined> {
  const response = await fetch(`${pod.opsUrl()}/metrics`);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n');
  return (name, labels = {}) => {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const found = lines.filter((line) => line.startsWith(`${name}{`) && wanted.every((text) => line.includes(text)));
    assert.ok(found.length <= 1, `${name} ${wanted.join()}: ${found.length}`);
    return found[0] === undefined ? undefined : Number(found[0].split('} ')[1]);
  };
}

describe('the metrics of a game server', function () {
  this.timeout(300_000);
  const opened: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  it('tell of its session, its frames, its journal and its process', async () => {
    const pod = await startPod({ world: 'w1' });
    opened.push(() => pod.close());
    const before = await read(pod);
    assert.equal(before('lifeverse_session_phase', { phase: 'idle' }), 1);
    for (const name of ['lifeverse_game_cpu_seconds_total', 'lifeverse_world_durable_seq', 'lifeverse_game_frame_mean_seconds'])
      assert.equal(before(name), undefined, `${name} is not known yet`);

    // A process that uses its processor for a while.
    const game = spawn(process.execPath, ['-e', 'while (process.cpuUsage().user < 300_000); setInterval(() => {}, 1_000)']);
    opened.push(async () => void game.kill('SIGKILL'));
    await pod.play();
    await pod.api.hello({ body: { build: 'b1', plugin: 'test', pid: game.pid } });
    await pod.api.admit({ body: { ticket: await pod.backend.ticket('ann') } });
    await pod.api.present({ params: { player: 'ann' } });
    await pod.api.admit({ body: { ticket: await pod.backend.ticket('bob', { exp: 1 }) } });
    await pod.api.frame({ body: { frames: 30, longestMs: 40, meanMs: 20, p99Ms: 35, hitches: 0 } });
    await pod.api.frame({ body: { frames: 10, longestMs: 900, meanMs: 100, p99Ms: 900, hitches: 2 } });
    await until(async () => (await pod.api.worldAcks({})).status === 200, 'the world is open');
    pod.backend.savesAway = true;
    await pod.api.appendWorld({ body: { entries: [1, 2, 3].map((seq) => ({ seq, data: {} })) } });

    const metric = await read(pod);
    assert.equal(metric('lifeverse_players', { game_server: 'gs-1' }), 1);
    assert.deepEqual(
      ['held', 'admitted', 'present', 'away', 'left'].map((state) => metric('lifeverse_seats', { state })),
      [1, 0, 1, 0, 0],
    );
    assert.equal(metric('lifeverse_session_phase', { phase: 'joinable' }), 1);
    assert.equal(metric('lifeverse_session_phase', { phase: 'idle' }), 0);
    assert.equal(metric('lifeverse_tickets_refused_total', { refusal: 'expired' }), 1);
    assert.equal(metric('lifeverse_game_healthy'), 1);
    assert.equal(metric('lifeverse_game_frames_total'), 40);
    assert.equal(metric('lifeverse_game_hitches_total'), 2);
    assert.equal(metric('lifeverse_game_frame_mean_seconds'), 0.04);
    assert.equal(metric('lifeverse_game_frame_p99_seconds'), 0.9);
    assert.equal(metric('lifeverse_game_frame_longest_seconds'), 0.9);
    assert.equal(metric('lifeverse_world_accepted_seq'), 3);
    assert.equal(metric('lifeverse_world_durable_seq'), 0);
    assert.equal(metric('lifeverse_spool_entries'), 3);
    assert.ok((metric('lifeverse_spool_bytes') ?? 0) > 0);
    assert.ok((metric('process_resident_memory_bytes') ?? 0) > 1e7);
    if (process.platform === 'linux') {
      await until(async () => ((await read(pod))('lifeverse_game_cpu_seconds_total') ?? 0) >= 0.1, 'its processor time counts');
      assert.ok((metric('lifeverse_game_resident_bytes') ?? 0) > 1e6);
      assert.ok(metric('lifeverse_game_disk_written_bytes_total') !== undefined);
      assert.ok(metric('lifeverse_pod_network_receive_bytes_total') !== undefined);
    }

    pod.backend.savesAway = false;
    await pod.api.worldAcks({ query: { wait: 10, after: 2 } });
    assert.equal((await read(pod))('lifeverse_world_durable_seq'), 3);
    game.kill('SIGKILL');
    await until(async () => (await read(pod))('lifeverse_game_died') === 1, 'its death is told');
    assert.equal((await read(pod))('lifeverse_players'), 0);
  });

  it('are told on other addresses than loopback by TLS only', async () => {
    const open = await startPod({ env: { OPS_HOST: '0.0.0.0', OPS_TLS_DIR: '/nowhere' } });
    opened.push(() => open.close());
    assert.match(open.log(), /it is open on loopback only/);
    assert.equal((await fetch(`${open.opsUrl()}/metrics`)).status, 200);
    assert.equal((await fetch(`${open.opsUrl()}/lifeverse/v1/session`)).status, 404);

    const { authority, folder } = await testStack();
    const tls = await authority.issue({ name: 'bridge-ops', commonName: 'bridge-ops', use: 'server' });
    const certificates = path.join(folder, 'bridge-ops');
    await mkdir(certificates);
    await writeFile(path.join(certificates, 'tls.crt'), await readFile(tls.certFile));
    await writeFile(path.join(certificates, 'tls.key'), await readFile(tls.keyFile));
    const secure = await startPod({ env: { OPS_HOST: '0.0.0.0', OPS_TLS_DIR: certificates } });
    opened.push(() => secure.close());
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const url = `${secure.opsUrl().replace('http:', 'https:')}/metrics`;
      readFile(authority.caFile).then(
        (ca) => https.get(url, { ca }, (answer) => resolve(answer.resume().statusCode)).on('error', reject),
        reject,
      );
    });
    assert.equal(status, 200);
    await assert.rejects(fetch(`${secure.opsUrl()}/metrics`));
  });
});
