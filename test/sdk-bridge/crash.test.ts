import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GameConnection } from '../../local/demo/udp-client.ts';
import { buildSampleServer } from '../unreal/sample-server-process.ts';
import { startPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

const RUN_SERVER = join(import.meta.dirname, '../../unreal/run-server.sh');
const WAIT_MS = 90_000;

/** The real sample server, started as its image starts it, beside the real bridge. */
describe('a game server that dies beside its bridge', function () {
  this.timeout(300_000);
  const packetKey = randomBytes(32).toString('base64url');
  const opened: (() => Promise<void>)[] = [];

  before(async function () {
    this.timeout(600_000);
    await buildSampleServer();
  });
  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  /** Ann plays, and has moved three times. */
  async function played(): Promise<{ pod: Pod; gamePid: number; starter: ChildProcess }> {
    const game: { folder?: string } = {};
    // The bridge is told of folders before they are there, as in a pod.
    const pod = await startPod({
      world: 'world-1',
      files: (folder) => {
        game.folder = join(folder, 'game');
        return { GAME_LOG_FILE: join(game.folder, 'server.log'), GAME_CRASH_DIR: join(game.folder, 'crashes'), GAME_LOOK_MS: '50' };
      },
    });
    opened.push(() => pod.close());
    pod.backend.players = [{ id: 'ann', role: 'player', packetKey }];
    const flags = ['--bind=127.0.0.1', '--build=b1', `--bridge-port=${new URL(pod.url()).port}`];
    const files = [`--crash-dir=${game.folder}/crashes`, `--log-file=${game.folder}/server.log`];
    const starter = spawn('/bin/sh', [RUN_SERVER, await buildSampleServer(), ...flags, ...files], { stdio: 'ignore', detached: true });
    opened.push(async () => {
      try {
        process.kill(-(starter.pid ?? 0), 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    });
    await until(() => pod.sidecar.calls.includes('RequestReady'), 'Ready is earned by warm', WAIT_MS);
    pod.allocate();
    const accepted = () => pod.backend.told.find((line) => line.startsWith('accept '));
    await until(() => accepted() !== undefined && pod.log().includes('"joinable"'), 'the session is accepted', WAIT_MS);
    const address = { host: '127.0.0.1', port: Number(accepted()?.slice('accept '.length)) };
    const admission = { joinTicket: await pod.backend.ticket('ann'), packetKey };
    const connection = await GameConnection.connect({ address, playerId: 'ann', admission, timeoutMs: WAIT_MS });
    opened.push(async () => connection.close());
    for (const n of [1, 2, 3]) await connection.move(n, n);
    const [gamePid = 0] = await childrenOf(starter.pid ?? 0);
    assert.notEqual(gamePid, 0);
    return { pod, gamePid, starter };
  }

  const failure = (pod: Pod) => pod.backend.told.find((line) => line.startsWith('fail '));
  const kept = async (pod: Pod) => {
    const folder = join(pod.folder, 'spool', 'crashes');
    const [when = ''] = await readdir(folder);
    return join(folder, when);
  };

  it('by kill -9: the allocator learns the signal, the world is durable, the player is away, the log is kept', async () => {
    const { pod, gamePid } = await played();
    process.kill(gamePid, 'SIGKILL');
    await until(() => failure(pod) !== undefined, 'the allocator is told', WAIT_MS);
    assert.equal(failure(pod), 'fail the process of the game server was ended by SIGKILL');
    const [crash] = pod.backend.crashes;
    assert.deepEqual([crash?.exitCode, crash?.signal, crash?.dump], [137, 'SIGKILL', undefined]);
    assert.match(crash?.lastLines.join('\n') ?? '', /"message":"player joined"/);
    assert.deepEqual(
      pod.backend.stored.map(({ seq }) => seq),
      [1, 2, 3],
    );
    const { seats } = (await pod.api.roster({})).body;
    assert.deepEqual(
      seats.map(({ playerId, state }) => [playerId, state]),
      [['ann', 'away']],
    );
    assert.match(await readFile(join(await kept(pod), 'log-tail.txt'), 'utf8'), /map loaded/);
    await until(() => pod.sidecar.calls.includes('Shutdown'), 'Agones is asked for its Shutdown', WAIT_MS);
  });

  it('by a segmentation fault: its dump is named and kept', async () => {
    const { pod, gamePid } = await played();
    process.kill(gamePid, 'SIGSEGV');
    await until(() => failure(pod) !== undefined, 'the allocator is told', WAIT_MS);
    const dump = `crash-${gamePid}.txt`;
    assert.equal(failure(pod), `fail the process of the game server was ended by SIGSEGV; it left the dump ${dump}`);
    assert.equal(pod.backend.crashes[0]?.dump?.name, dump);
    assert.match(await readFile(join(await kept(pod), 'dump', dump), 'utf8'), /^signal 11\n/);
  });

  it('together with its bridge: the next bridge tells of it', async () => {
    const { pod, gamePid } = await played();
    pod.backend.allocatorAway = true;
    await pod.kill('SIGKILL');
    process.kill(gamePid, 'SIGKILL');
    pod.backend.allocatorAway = false;
    await pod.crash();
    await until(() => failure(pod) !== undefined, 'the allocator is told', WAIT_MS);
    assert.equal(pod.backend.crashes[0]?.signal, 'SIGKILL');
  });

  it('and whose bridge is told to stop at once, as Kubernetes does: it is told before the bridge goes', async () => {
    const { pod, gamePid, starter } = await played();
    const gone = new Promise((resolve) => starter.once('exit', resolve));
    pod.backend.allocatorAway = true;
    process.kill(gamePid, 'SIGKILL');
    await gone;
    const stopped = pod.kill('SIGTERM');
    await until(() => pod.log().includes('"message":"the session ends"'), 'the end is under way', WAIT_MS);
    // The pod is deleted while it ends.
    process.kill(pod.pid(), 'SIGTERM');
    pod.backend.allocatorAway = false;
    assert.equal(await stopped, 0);
    assert.match(failure(pod) ?? '', /SIGKILL/);
    assert.deepEqual(
      pod.backend.stored.map(({ seq }) => seq),
      [1, 2, 3],
    );
  });
});

async function childrenOf(pid: number): Promise<number[]> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'))
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
}
