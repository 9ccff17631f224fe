import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { testStack } from '../../local/testing.ts';
import { startPod } from '../sdk-bridge/stand-in/bridge-process.ts';
import { allocatorUnderTest, anAllocation, EAST, until, type AllocatorUnderTest } from './allocator-under-test.ts';

/** The allocator and the bridge are the real ones, and so is the process that dies; in the pod Agones' sidecar is a stand-in. */
describe('A session whose game server dies', function () {
  this.timeout(300_000);
  let world: AllocatorUnderTest;
  const opened: (() => Promise<void>)[] = [];

  before(async () => {
    world = await allocatorUnderTest();
  });
  after(() => world?.stop());
  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  const get = async (id: string) => (await (await world.matchmaker()).getAllocation({ params: { id } })).body;
  const crashesOf = async (id: string) => (await (await world.matchmaker()).traceAllocation({ params: { id } })).body.crashes;

  it('says in reason, trace and event how', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    await world.knows(EAST, fleet, 1);
    const body = anAllocation(fleet);
    const matchmaker = await world.matchmaker();
    await matchmaker.requestAllocation({ body });
    await until('it is allocated', async () => (await get(body.id)).state === 'allocated');
    const { server } = await get(body.id);
    assert.ok(server);
    const { game, crashes } = await played(server);

    await writeFile(path.join(crashes, 'exit-code'), '139\n');
    await writeFile(path.join(crashes, 'crash-1.txt'), 'signal 11\n');
    game.kill('SIGSEGV');
    await until('it is lost', async () => (await get(body.id)).state === 'lost');
    assert.equal((await get(body.id)).reason, 'the process of the game server was ended by SIGSEGV; it left the dump crash-1.txt');
    const [crash, ...more] = await crashesOf(body.id);
    assert.deepEqual(more, []);
    const dump = { name: 'crash-1.txt', bytes: 10 };
    const where = { attempt: 1, cluster: EAST, gameServer: server.gameServer };
    assert.deepEqual({ ...crash, at: '' }, { exitCode: 139, signal: 'SIGSEGV', lastLines: ['the last line'], dump, at: '', ...where });
    await until('its event is in the log', async () => {
      const { events } = (await matchmaker.listEventsOfAllocation({ params: { id: body.id } })).body;
      const lost = events.find(({ kind }) => kind === 'lost');
      if (lost === undefined) return false;
      assert.deepEqual(lost.data['crash'], { exitCode: 139, signal: 'SIGSEGV', dump });
      return true;
    });

    // As where its bridge did not hear the answer, and where the cluster had told of the death before.
    const bridge = await world.bridgeOf({ cluster: EAST, gameServer: server.gameServer });
    const { uid } = await get(body.id);
    const again = { gameServer: server.gameServer, reason: 'again', crash: { lastLines: [] } };
    assert.equal((await bridge.failAttempt({ params: { uid, attempt: 1 }, body: again })).body.state, 'lost');
    assert.deepEqual(await crashesOf(body.id), [crash]);
  });

  /** Until players may come. */
  async function played(server: {
    gameServer: string;
    cluster: string;
    namespace: string;
  }): Promise<{ game: ChildProcess; crashes: string }> {
    const { folder } = await testStack();
    const crashes = path.join(folder, `crashes-${randomUUID()}`);
    await mkdir(crashes);
    await writeFile(path.join(crashes, 'server.log'), 'the last line\n');
    const pod = await startPod({
      env: {
        ...(await world.bridgeEnv(server)),
        GAME_CRASH_DIR: crashes,
        GAME_LOG_FILE: path.join(crashes, 'server.log'),
      },
    });
    opened.push(() => pod.close());
    const game = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)'], { stdio: 'ignore' });
    opened.push(async () => void game.kill('SIGKILL'));
    await pod.api.hello({ body: { build: 'dev', plugin: 'test', pid: game.pid } });
    await pod.api.warm({});
    await until('it is Ready', async () => pod.sidecar.state() === 'Ready');
    const { labels, annotations } = await world.marksOn(server);
    pod.sidecar.annotate(annotations);
    pod.sidecar.allocate(labels);
    await until('it has a session', async () => (await pod.api.session({ query: { wait: 10, from: 'idle' } })).body.phase !== 'idle');
    await pod.api.accept({ body: { port: 7_777, build: 'dev' } });
    return { game, crashes };
  }
});
