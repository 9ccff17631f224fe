import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { GAME_SERVER_MARKS } from '../../../contracts/allocator.ts';
import { KubeClient } from '../../../local/agones/kube/kube-client.ts';
import { readKubeConnection } from '../../../local/agones/kube/kube-connection.ts';
import { testCluster } from '../../../local/testing.ts';
import { allocatorUnderTest, anAllocation, EAST, until, type AllocatorUnderTest } from '../allocator-under-test.ts';
import { startChecker, type Checker } from './checker.ts';
import { armedAt, closeLane, newPointLog } from './kill-at-each.ts';
import { ask, endOf, inState, look, takeUp } from './lives.ts';

const PATH = `/apis/agones.dev/v1/namespaces/${EAST}/gameservers`;

describe('Invariant 2: no orphans, and no massacre', function () {
  this.timeout(600_000);
  let world: AllocatorUnderTest;
  let checker: Checker;
  let client: KubeClient;
  before(async () => {
    world = await allocatorUnderTest({ env: { ASK_TIMEOUT_MS: '4000', ADOPT_AFTER_SECONDS: '1' } });
    checker = await startChecker(world);
    client = new KubeClient(await readKubeConnection((await testCluster()).kubeconfig));
  });
  after(async () => {
    client.close();
    await closeLane({ world, checker });
  });

  /** Allocated, with these marks, by nobody. */
  async function plant(marks: Record<string, string>): Promise<string> {
    const name = `planted-${randomUUID().slice(0, 8)}`;
    await client.send({
      method: 'POST',
      path: PATH,
      body: {
        apiVersion: 'agones.dev/v1',
        kind: 'GameServer',
        metadata: { name, labels: marks, annotations: { 'agones.dev/dev-address': '127.0.0.1' } },
        spec: {
          ports: [{ name: 'game', portPolicy: 'Static', hostPort: 7_777, containerPort: 7_777 }],
          template: { spec: { containers: [{ name: 'game', image: 'none' }] } },
        },
      },
    });
    await until(`${name} is Ready`, async () => (await stateOf(name)) === 'Ready');
    await patch(name, { status: { state: 'Allocated' } });
    return name;
  }
  const patch = (name: string, body: object) =>
    client.send({ method: 'PATCH', path: `${PATH}/${name}`, contentType: 'application/merge-patch+json', body });
  async function stateOf(name: string): Promise<string> {
    const answer = await world.kube.send({ method: 'GET', path: `${PATH}/${name}`, timeoutMs: 60_000 });
    if (answer.status === 404) return 'gone';
    return (answer.body as { status?: { state?: string } }).status?.state ?? '';
  }
  const marksOf = (owner: string, uid: string, attempt: number) => ({
    [GAME_SERVER_MARKS.owner]: owner,
    [GAME_SERVER_MARKS.uid]: uid,
    [GAME_SERVER_MARKS.attempt]: String(attempt),
  });

  it('takes away what an attempt that is over still holds, and nothing of other owners, nor what nobody marked', async () => {
    const fleet = await world.makeFleet(EAST, 3);
    const asked = anAllocation(fleet);
    const stage = { world, checker };
    const { uid } = await ask(stage, asked);
    await takeUp(stage, asked);
    const { server } = await look(stage, asked.id);
    await world.database.db
      .collection<{ _id: string }>('allocations')
      .updateOne({ _id: uid }, { $set: { attempt: 2, 'server.attempt': 2 } });
    await patch(server?.gameServer ?? '', { metadata: { labels: { [GAME_SERVER_MARKS.attempt]: '2' } } });
    const foreign = await plant(marksOf('somebody-else', uid, 1));
    const unmarked = await plant({});
    const halfMarked = await plant({ [GAME_SERVER_MARKS.owner]: world.owner });
    const unknown = await plant(marksOf(world.owner, 'not-a-uid', 1));
    // The round that finds this one has looked at the others, too.
    const superseded = await plant(marksOf(world.owner, uid, 1));
    await until('the superseded one is released', async () => (await stateOf(superseded)) === 'gone');
    const superseded2 = await plant(marksOf(world.owner, uid, 1));
    await until('in the next round, too', async () => (await stateOf(superseded2)) === 'gone');
    for (const kept of [foreign, unmarked, halfMarked, unknown, server?.gameServer ?? ''])
      assert.equal(await stateOf(kept), 'Allocated', `${kept} is left alone`);
    assert.equal((await look(stage, asked.id)).state, 'ready');
    for (const name of [foreign, unmarked, halfMarked, unknown]) await client.send({ method: 'DELETE', path: `${PATH}/${name}` });
    await endOf(stage, asked.id);
  });

  it('deletes what it has seen and nothing else: a server that changed since is looked at again', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    const asked = anAllocation(fleet);
    const stage = { world, checker };
    const { uid } = await ask(stage, asked);
    await takeUp(stage, asked);
    const name = (await look(stage, asked.id)).server?.gameServer ?? '';
    const log = await newPointLog();
    // Stopped between its look and its deletion, which it was told of by the cancellation.
    let doomed: Awaited<ReturnType<typeof world.startAnother>> | undefined;
    await world.killAllocator(async () => {
      const armed = armedAt('call:release:before:1', name, log, 'SIGSTOP');
      doomed = await world.startAnother(armed);
      const token = await world.token('service:matchmaker', ['matchmaker']);
      // It may stop before it answers.
      doomed
        .client(token)
        .cancelAllocation({ params: { id: asked.id } })
        .catch(() => {});
      await until('it is about to delete', async () => (await readFile(log, 'utf8')).includes('call:release'));
      // Meanwhile its owner label is taken from it: it is another's now.
      await patch(name, { metadata: { labels: { [GAME_SERVER_MARKS.owner]: 'somebody-else' } } });
    });
    assert.ok(doomed);
    try {
      process.kill(doomed.process.pid, 'SIGCONT');
      await until('it has gone on', async () => {
        const found = await world.database.db.collection<{ _id: string; nextActionAt: Date | null }>('allocations').findOne({ _id: uid });
        return found?.nextActionAt === null;
      });
      assert.equal(await stateOf(name), 'Allocated');
    } finally {
      await doomed.stop();
      await client.send({ method: 'DELETE', path: `${PATH}/${name}` });
    }
  });

  it('adopts what the store has forgotten, and kills none of it, though it is killed while it adopts', async () => {
    const fleet = await world.makeFleet(EAST, 2);
    const stage = { world, checker };
    const asked = anAllocation(fleet);
    const { uid } = await ask(stage, asked);
    await takeUp(stage, asked);
    const name = (await look(stage, asked.id)).server?.gameServer ?? '';
    const log = await newPointLog();
    await world.killAllocator(
      async () => void (await world.database.db.collection<{ _id: string }>('allocations').deleteOne({ _id: uid })),
      armedAt('allocations:insertOne:after:1', asked.id, log),
    );
    const adopting = world.allocator.process;
    await until('it is killed as it adopts', async () => adopting.end !== undefined, 200_000);
    await world.killAllocator(undefined, armedAt('', '', log));
    await inState(stage, asked.id, ['ready', 'allocated']);
    assert.equal(await stateOf(name), 'Allocated');
    await endOf(stage, asked.id);
  });
});
