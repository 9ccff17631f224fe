import assert from 'node:assert/strict';
import type { Allocation } from '../../../contracts/allocator.ts';
import { anAllocation, EAST, until } from '../allocator-under-test.ts';
import { proxiedClusters, type ProxiedClusters } from '../proxied-clusters.ts';
import { NOTHING_WRONG, startChecker, type Checker } from './checker.ts';
import { insist } from './insist.ts';
import { endOf, inState } from './lives.ts';

/** Longer than an ask takes, and than it takes to be told of a server that is free. */
const LAG_MS = 1_500;

type Matchmaker = Awaited<ReturnType<ProxiedClusters['world']['matchmaker']>>;

describe('Invariants 1, 2 and 5: whatever watches tell late', function () {
  this.timeout(900_000);
  let bed: ProxiedClusters;
  let checker: Checker;
  before(async () => {
    bed = await proxiedClusters();
    checker = await startChecker(bed.world);
  });
  after(async () => {
    await bed.world.standIn.misbehave({ watchLagMs: 0 });
    await checker.stop();
    await bed.close();
  });

  const ask = async (fleet: string, clients: readonly Matchmaker[]): Promise<Allocation> => {
    const asked = anAllocation(fleet, { deadlineSeconds: 600, regions: [EAST] });
    // The same id from everywhere at once.
    const answers = await Promise.all(clients.map((client) => insist(() => client.requestAllocation({ body: asked }))));
    const [first] = answers;
    assert.ok(first);
    assert.equal(new Set(answers.map(({ body }) => body.uid)).size, 1);
    checker.promised({ id: asked.id, deadlineAt: Date.parse(first.body.deadlineAt) });
    return first.body;
  };

  it('two processes that race for the last servers, again and again, bind each once, and nobody is overlooked', async () => {
    const { world } = bed;
    const fleet = await world.makeFleet(EAST, 6);
    await world.knows(EAST, fleet, 6);
    // The allocator sees the cluster late, and the cluster's own allocator sees it late, too.
    await bed.proxy.rewrite({ authority: 'other' });
    await bed.proxy.set({ mode: 'other-certificate', watchDelayMs: LAG_MS });
    await world.standIn.misbehave({ watchLagMs: LAG_MS });
    await until('the cluster is well, behind its late watch', async () => (await bed.viewOf(EAST))?.healthy === true);
    const another = await world.startAnother();
    try {
      const clients = [await world.matchmaker(), await world.matchmakerOf(another)];
      const first = await Promise.all(Array.from({ length: 6 }, () => ask(fleet, clients)));
      for (const { id } of first) await inState({ world }, id, ['allocated']);
      // Gone for the cluster, and still Ready for whoever is told late; those who come now have to wait.
      const second = await Promise.all(Array.from({ length: 6 }, () => ask(fleet, clients)));
      // Its controllers have to make servers now, at their usual speed; the allocator still hears of each late.
      await world.standIn.misbehave({ watchLagMs: 0 });
      await Promise.all(first.slice(0, 3).map(({ id }) => endOf({ world, checker }, id)));
      await world.scale(EAST, fleet, 9);
      for (const { id } of second) await inState({ world }, id, ['allocated']);
      for (const { uid } of [...first, ...second]) {
        const stays = checker.staysOf(uid);
        assert.equal(new Set(stays.map(({ gameServer }) => gameServer)).size, 1, 'one server ever carried it');
      }
      await Promise.all([...first, ...second].map(({ id }) => endOf({ world, checker }, id)));
    } finally {
      await another.stop();
    }
    await checker.allOver();
    assert.deepEqual(await checker.verdict(), NOTHING_WRONG);
  });
});
