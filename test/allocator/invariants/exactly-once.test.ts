import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Allocation } from '../../../contracts/allocator.ts';
import { allocatorUnderTest, anAllocation, EAST, letPass, until, type AllocatorUnderTest } from '../allocator-under-test.ts';
import { NOTHING_WRONG, startChecker, type Checker } from './checker.ts';
import { assertEventsWhole } from './events-whole.ts';
import { insist } from './insist.ts';
import { closeLane, findPoints, killAtAll, openLane, type Kill, type Lane } from './kill-at-each.ts';
import {
  ask,
  cancelledAtOnce,
  cancelledInLoading,
  endOf,
  inState,
  joinedByAnother,
  look,
  playedOut,
  refusedOnce,
  takeUp,
} from './lives.ts';
import { pausedAt, type Paused } from './paused.ts';
import { textOf } from './points.ts';

const LANES = 3;
/** Points that these lives pass: where they are not found, nothing is tested. */
const MOVES = [
  ['allocations:insertOne', 'allocations:placing', 'call:POST lease', 'call:allocate', 'allocations:allocated'],
  ['allocations:ready', 'allocations:queued', 'allocations:ended'],
].flat();

describe('Invariant 1: one id binds at most one game server', function () {
  this.timeout(1_800_000);

  describe('when the allocator is killed', () => {
    const lanes: Lane[] = [];
    before(async () => {
      for (let lane = 0; lane < LANES; lane += 1) lanes.push(await openLane());
    });
    after(() => Promise.all(lanes.map(closeLane)));

    it('at any point of any life: nothing is lost, doubled or left behind', async () => {
      const kills = await findPoints(lanes, [
        { life: playedOut, withWorld: true },
        { life: refusedOnce, withWorld: true },
        { life: cancelledAtOnce, withWorld: false },
        { life: cancelledInLoading, withWorld: false },
        { life: joinedByAnother, withWorld: true },
      ]);
      const names = new Set(kills.map(({ point }) => point.name));
      for (const known of [...MOVES, 'call:look', 'call:release']) assert.ok(names.has(known), `there is no point ${known} any more`);
      const missed = await killAtAll(lanes, kills);
      assert.deepEqual(
        missed
          .map(({ point }) => point)
          .filter(({ name }) => MOVES.includes(name))
          .map(textOf),
        [],
      );
      // What a life passes may differ by a look or a copy more or less: where all of a name were missed, once more.
      const namesLeft = (of: readonly Kill[], left: readonly Kill[]) => {
        const reached = new Set(of.filter((kill) => !left.includes(kill)).map(({ point }) => point.name));
        return left.filter(({ point }) => !reached.has(point.name));
      };
      const again = namesLeft(kills, missed);
      const never = namesLeft(again, await killAtAll(lanes, again));
      assert.deepEqual(
        never.map(({ point }) => textOf(point)),
        [],
      );
      for (const { checker, world } of lanes) {
        await checker.allOver();
        assert.deepEqual(await checker.verdict(), NOTHING_WRONG);
        await assertEventsWhole(world);
      }
    });
  });

  describe('when nobody is killed', () => {
    let world: AllocatorUnderTest;
    let checker: Checker;
    before(async () => {
      world = await allocatorUnderTest({ env: { ASK_TIMEOUT_MS: '3000' } });
      checker = await startChecker(world);
    });
    afterEach(() => world.standIn.misbehave({ answerLateMs: 0, failAfterCommit: 0, commitLateMs: 0, watchLagMs: 0 }));
    after(() => closeLane({ world, checker }));

    async function assertOneServerEach(made: readonly Pick<Allocation, 'id' | 'uid'>[]): Promise<void> {
      for (const { id } of made) await inState({ world }, id, ['allocated']);
      await until('each has its one server', async () => {
        const carriers = await Promise.all(made.map(({ uid }) => world.carriersOf(uid)));
        return carriers.every((ofOne) => ofOne.length === 1);
      });
      for (const { id, uid } of made) {
        const [carrier] = await world.carriersOf(uid);
        assert.equal((await look({ world }, id)).server?.gameServer, carrier?.name);
      }
      const { lost, doubled } = await checker.verdict();
      assert.deepEqual({ lost, doubled }, { lost: [], doubled: 0 });
    }

    it('though a thousand clients race with one id, at two processes', async () => {
      const fleet = await world.makeFleet(EAST, 5);
      await world.knows(EAST, fleet, 5);
      const another = await world.startAnother();
      try {
        const asked = anAllocation(fleet);
        const token = await world.token('service:matchmaker', ['matchmaker']);
        const clients = [world.allocator.client(token), another.client(token)];
        const answers = await Promise.all(
          Array.from({ length: 500 }, () => clients.map((client) => insist(() => client.requestAllocation({ body: asked })))).flat(),
        );
        assert.equal(new Set(answers.map(({ body }) => body.uid)).size, 1);
        assert.ok(answers.filter(({ status }) => status !== 200).length <= 1, 'one of them made it, and the others knew');
        const [{ body }] = [answers[0] ?? assert.fail()];
        await assertOneServerEach([body]);
        assert.equal((await world.servers(EAST, fleet)).filter(({ state }) => state === 'Allocated').length, 1);
        assert.equal(checker.staysOf(body.uid).length, 1, 'no other server ever carried it');
      } finally {
        await another.stop();
      }
    });

    it('and none in the end, where it is cancelled while it is being placed', async () => {
      const fleet = await world.makeFleet(EAST, 12);
      await world.knows(EAST, fleet, 12);
      const made = await Promise.all(
        Array.from({ length: 12 }, async (_, at) => {
          const kept = await ask({ world, checker }, anAllocation(fleet));
          // Before, during and after the ask.
          await letPass(at * 8);
          await endOf({ world, checker }, kept.id);
          return kept;
        }),
      );
      await until('their servers are gone', async () =>
        (await Promise.all(made.map(({ uid }) => world.carriersOf(uid)))).every((ofOne) => ofOne.length === 0),
      );
    });

    it('though the cluster commits after it was given up, or fails after it committed', async () => {
      const fleet = await world.makeFleet(EAST, 8);
      await world.knows(EAST, fleet, 8);
      await world.standIn.misbehave({ failAfterCommit: 2 });
      const failing = [anAllocation(fleet), anAllocation(fleet)];
      const made = [];
      for (const one of failing) made.push(await ask({ world, checker }, one));
      await assertOneServerEach(made);
      await world.standIn.misbehave({ failAfterCommit: 0, commitLateMs: 4_500 });
      const late = await ask({ world, checker }, anAllocation(fleet));
      await until('the late commit has come', async () => checker.staysOf(late.uid).length > 0);
      await world.standIn.misbehave({ commitLateMs: 0 });
      await assertOneServerEach([...made, late]);
    });
  });

  describe('when a process is paused', () => {
    let world: AllocatorUnderTest;
    let checker: Checker;
    const paused: Paused[] = [];
    before(async () => {
      world = await allocatorUnderTest({ env: { ASK_TIMEOUT_MS: '4000' } });
      checker = await startChecker(world);
    });
    after(async () => {
      await Promise.all(paused.map((one) => one.end()));
      await closeLane({ world, checker });
    });

    it('for ten seconds at any step of placing: others take over, and it does no harm when it wakes', async () => {
      const fleet = await world.makeFleet(EAST, 14);
      await world.knows(EAST, fleet, 14);
      await world.killAllocator(async () => {
        for (const at of [
          ['allocations:insertOne:before', 'allocations:placing:before', 'allocations:placing:after'],
          ['call:POST lease:before', 'call:allocate:before', 'call:allocate:after', 'allocations:allocated:before'],
        ].flat()) {
          const session = { map: 'arena', world: `w-${randomUUID()}`, capacity: 4, spectators: 0, data: {} };
          paused.push(await pausedAt(world, `${at}:1`, anAllocation(fleet, { session })));
        }
      });
      const pausedSince = performance.now();
      const stage = { world, checker };
      const taken = new Map<string, Allocation>();
      await Promise.all(
        paused.map(async ({ asked }) => {
          await ask(stage, asked);
          await takeUp(stage, asked);
          taken.set(asked.id, await look(stage, asked.id));
        }),
      );
      await letPass(Math.max(0, 10_000 - (performance.now() - pausedSince)));
      for (const one of paused) one.goOn();
      const isQuiet = async () => (await world.servers(EAST, fleet)).filter(({ state }) => state === 'Allocated').length === paused.length;
      // What a late ask still wins is there for a moment, and gone within 30 s.
      await until('late asks have won their servers, if they do', async () => !(await isQuiet()), 3_000).catch(() => {});
      await until('what they won is released', isQuiet);
      for (const { at, asked } of paused) {
        const { state, server, attempt, uid } = await look(stage, asked.id);
        const before = taken.get(asked.id);
        assert.deepEqual({ at, state, server, attempt }, { at, state: 'ready', server: before?.server, attempt: before?.attempt });
        const lease = (await (await world.saves()).getLease({ params: { kind: 'worlds', id: asked.session.world ?? '' } })).body;
        assert.deepEqual({ at, holder: lease.holder }, { at, holder: { uid, attempt } });
      }
      await Promise.all(paused.map(({ asked }) => endOf(stage, asked.id)));
      await checker.allOver();
      assert.deepEqual(await checker.verdict(), NOTHING_WRONG);
    });
  });
});
