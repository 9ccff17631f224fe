import assert from 'node:assert/strict';
import type { Allocation } from '../../../contracts/allocator.ts';
import { allocatorUnderTest, anAllocation, EAST, until, WEST, type AllocatorUnderTest } from '../allocator-under-test.ts';
import { NOTHING_WRONG, startChecker, type Checker } from './checker.ts';
import { closeLane } from './kill-at-each.ts';
import { ask, endOf, inState, look } from './lives.ts';

/** Later than anything here: who is served was woken by capacity. */
const NO_BACKSTOP = { LINE_BACKSTOP_MS: '600000' };

describe('Invariant 5: oldest first, woken by capacity, no region blocks another', function () {
  this.timeout(600_000);
  let world: AllocatorUnderTest;
  let checker: Checker;
  before(async () => {
    world = await allocatorUnderTest({ env: NO_BACKSTOP });
    checker = await startChecker(world);
  });
  after(() => closeLane({ world, checker }));

  const asks = (fleet: string, changes = {}) => ask({ world, checker }, anAllocation(fleet, { deadlineSeconds: 600, ...changes }));
  const endAll = (made: readonly Allocation[]) => Promise.all(made.map(({ id }) => endOf({ world, checker }, id)));

  it('wakes the one whom the free cluster may serve, behind however many who wait for another region', async () => {
    const fleet = await world.makeFleet(EAST, 0);
    await world.copyFleet(WEST, fleet, 0);
    const elsewhere = await Promise.all(Array.from({ length: 150 }, () => asks(fleet, { regions: [WEST] })));
    const here = await asks(fleet, { regions: [EAST] });
    // It has looked, and waits.
    await until(
      'it waits',
      async () => (await (await world.matchmaker()).traceAllocation({ params: { id: here.id } })).body.decisions.length > 0,
    );
    // Nor does it look for itself, as those who wait do every 30 s: whatever serves it was woken by its server.
    const never = new Date(Date.now() + 3_600_000);
    await world.database.db
      .collection<{ _id: string }>('allocations')
      .updateOne({ _id: here.uid, state: 'queued' }, { $set: { nextActionAt: never } });
    await world.scale(EAST, fleet, 1);
    await inState({ world }, here.id, ['allocated']);
    await endAll([...elsewhere, here]);
  });

  it('lets the oldest have what comes, though it is killed between, and asks for nobody else', async () => {
    const fleet = await world.makeFleet(EAST, 0);
    const line: Allocation[] = [];
    for (let at = 0; at < 6; at += 1) line.push(await asks(fleet));
    const urgent = await asks(fleet, { priority: 9 });
    const young = await Promise.all(Array.from({ length: 40 }, () => asks(fleet)));
    const first = [urgent, ...line.slice(0, 3)];
    await world.scale(EAST, fleet, 2);
    for (const { id } of first.slice(0, 2)) await inState({ world }, id, ['allocated']);
    await world.killAllocator(() => world.scale(EAST, fleet, 4));
    for (const { id } of first) await inState({ world }, id, ['allocated']);
    for (const { id } of [...line.slice(3), ...young]) assert.equal((await look({ world }, id)).server, undefined);
    const tries = await Promise.all(
      [...line, urgent, ...young].map(
        async ({ id }) => (await (await world.matchmaker()).traceAllocation({ params: { id } })).body.tries.length,
      ),
    );
    // As many as there were servers, and what a kill or a lagging watch may make of it.
    const asked = tries.reduce((sum, one) => sum + one, 0);
    assert.ok(asked <= 8, `${asked} asks for 4 servers: a herd`);
    await endAll([...line, urgent, ...young]);
  });

  it('wakes at one process those who asked at another', async () => {
    const fleet = await world.makeFleet(EAST, 0);
    const waits = await asks(fleet);
    const another = await world.startAnother();
    try {
      await world.allocator.stop();
      await world.scale(EAST, fleet, 1);
      const uid = waits.uid;
      await until('it is bound', async () => checker.staysOf(uid).length === 1);
      await world.killAllocator();
      await inState({ world }, waits.id, ['allocated']);
      await endAll([waits]);
    } finally {
      await another.stop();
    }
  });

  it('and nothing was lost, doubled or left behind', async () => {
    await checker.allOver();
    assert.deepEqual(await checker.verdict(), NOTHING_WRONG);
  });
});
