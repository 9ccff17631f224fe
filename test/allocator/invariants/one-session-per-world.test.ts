import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AllocationRequest } from '../../../contracts/allocator.ts';
import { allocatorUnderTest, anAllocation, EAST, until, type AllocatorUnderTest } from '../allocator-under-test.ts';
import { NOTHING_WRONG, startChecker, type Checker } from './checker.ts';
import { insist } from './insist.ts';
import { armedAt, closeLane, newPointLog } from './kill-at-each.ts';
import { ask, endOf, inState, look, takeUp } from './lives.ts';
import { pausedAt } from './paused.ts';

describe('Invariant 6: a world has at most one live allocation', function () {
  this.timeout(600_000);
  let world: AllocatorUnderTest;
  let checker: Checker;
  let fleet: string;
  before(async () => {
    world = await allocatorUnderTest({ env: { ASK_TIMEOUT_MS: '4000' } });
    checker = await startChecker(world);
    fleet = await world.makeFleet(EAST, 6);
    await world.knows(EAST, fleet, 6);
  });
  after(() => closeLane({ world, checker }));

  const played = (name: string, player = `p-${randomUUID()}`): AllocationRequest =>
    anAllocation(fleet, {
      session: { map: 'island', world: name, capacity: 60, spectators: 0, data: {} },
      players: [{ id: player, role: 'player', latencies: {} }],
    });
  const liveOf = async (name: string): Promise<string[]> => {
    const allocations = world.database.db.collection<{ _id: string; state: string }>('allocations');
    const live = { state: { $in: ['queued', 'placing', 'allocated', 'ready', 'cancelling'] } };
    return (await allocations.find({ 'request.session.world': name, ...live }).toArray()).map(({ _id }) => _id);
  };

  it('though forty ids race for it at two processes, of which one is killed', async () => {
    const name = `w-${randomUUID()}`;
    const another = await world.startAnother();
    try {
      const asked = Array.from({ length: 40 }, () => played(name));
      const token = await world.token('service:matchmaker', ['matchmaker']);
      const racing = asked.map((body, at) =>
        insist(async () => {
          const client = at % 2 === 0 ? another.client(token) : world.allocator.client(token);
          return (await client.requestAllocation({ body })).body;
        }),
      );
      await world.killAllocator();
      const answers = await Promise.all(racing);
      assert.equal(new Set(answers.map(({ uid }) => uid)).size, 1, 'all are in one session');
      assert.equal((await liveOf(name)).length, 1);
      const own = answers.find(({ aliasOf }) => aliasOf === undefined) ?? assert.fail('one of them is the session');
      assert.deepEqual([...new Set(answers.flatMap(({ aliasOf }) => aliasOf ?? []))], [own.id]);
      const { players } = await look({ world }, own.id);
      assert.deepEqual(
        players.map(({ id }) => id).toSorted(),
        asked.flatMap((one) => one.players.map(({ id }) => id)).toSorted(),
        'everybody has one seat',
      );
      // An alias stands for the session, and its end frees its own seats only.
      const alias = asked.find(({ id }) => id !== own.id) ?? assert.fail();
      assert.equal((await ask({ world, checker }, alias)).uid, own.uid);
      await insist(async () => (await world.matchmaker()).cancelAllocation({ params: { id: alias.id } }));
      const left = await look({ world }, own.id);
      assert.equal(left.players.length, asked.length - 1);
      assert.ok(!['ended', 'cancelled', 'cancelling'].includes(left.state));
      await endOf({ world, checker }, own.id);
    } finally {
      await another.stop();
    }
  });

  it('though it is killed between the seats of an alias and the alias, or while the next session follows', async () => {
    for (const at of ['aliases:insertOne:before:1', 'aliases:insertOne:after:1', 'allocations:insertOne:after:1']) {
      const name = `w-${randomUUID()}`;
      const [first, second] = [played(name), played(name)];
      const endsBefore = at.startsWith('allocations');
      await ask({ world, checker }, first);
      if (endsBefore) await endOf({ world, checker }, first.id);
      const log = await newPointLog();
      await world.killAllocator(undefined, armedAt(at, second.id, log));
      const doomed = world.allocator.process;
      const asking = ask({ world, checker }, second);
      await until(`${at} is reached`, async () => doomed.end !== undefined);
      await world.killAllocator(undefined, armedAt('', '', log));
      const joined = await asking;
      assert.equal(joined.aliasOf, endsBefore ? undefined : first.id, at);
      assert.equal((await liveOf(name)).length, 1, at);
      assert.equal(joined.players.filter(({ id }) => id === second.players[0]?.id).length, 1, at);
      await endOf({ world, checker }, endsBefore ? second.id : first.id);
    }
  });

  it('and one writer: a process that wakes in an earlier session does not fence the present one', async () => {
    const name = `w-${randomUUID()}`;
    const [first, second] = [played(name), played(name)];
    const stage = { world, checker };
    let held: Awaited<ReturnType<typeof pausedAt>> | undefined;
    await world.killAllocator(async () => {
      held = await pausedAt(world, 'allocations:placing:after:1', first);
    });
    assert.ok(held);
    try {
      await ask(stage, first);
      await takeUp(stage, first);
      await endOf(stage, first.id);
      await ask(stage, second);
      await takeUp(stage, second);
      const { uid, attempt } = await look(stage, second.id);
      held.goOn();
      const lease = async () => (await (await world.saves()).getLease({ params: { kind: 'worlds', id: name } })).body;
      // A late lease comes at once, if it comes.
      await until('the late lease has come', async () => (await lease()).holder.uid !== uid, 3_000).catch(() => {});
      assert.deepEqual((await lease()).holder, { uid, attempt });
      await inState(stage, second.id, ['ready']);
      await endOf(stage, second.id);
    } finally {
      await held.end();
    }
  });

  it('and nothing was lost, doubled or left behind', async () => {
    await checker.allOver();
    assert.deepEqual(await checker.verdict(), NOTHING_WRONG);
  });
});
