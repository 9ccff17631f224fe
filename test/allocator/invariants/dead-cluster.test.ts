import assert from 'node:assert/strict';
import { EAST, until, WEST } from '../allocator-under-test.ts';
import { ASK_MS, proxiedClusters, type ProxiedClusters } from '../proxied-clusters.ts';

describe('Invariant 4: a dead cluster costs only what is in flight to it', function () {
  this.timeout(600_000);
  let bed: ProxiedClusters;
  before(async () => {
    // A watch that was cut off without a word has to be found out before its cluster is well again.
    bed = await proxiedClusters({ CLUSTER_SILENT_MS: '5000' });
  });
  afterEach(() => bed.mend());
  after(() => bed.close());

  /** What it cost to try the one that is dead. */
  const eastOf = async (id: string) => {
    const { tries } = (await (await bed.world.matchmaker()).traceAllocation({ params: { id } })).body;
    return tries.filter(({ cluster }) => cluster === EAST);
  };

  it('goes on with the other cluster when one is cut off, and comes back to it by itself', async () => {
    const fleet = await bed.fleetInBoth(6);
    await bed.proxy.set({ mode: 'cut' });
    const made = await Promise.all(Array.from({ length: 4 }, () => bed.request(fleet)));
    for (const { id } of made) assert.equal(await bed.allocatedIn(id), WEST);
    for (const { id } of made) assert.ok((await eastOf(id)).length <= 1, 'each went to it once, at most');
    const view = await bed.viewOf(EAST);
    assert.deepEqual([view?.healthy, view?.state, view?.breaker === 'closed'], [false, 'unhealthy', false]);
    assert.ok(view?.lastError);
    await bed.proxy.set({ mode: 'pass' });
    await until('it is back', async () => (await bed.viewOf(EAST))?.healthy === true);
    assert.equal(await bed.allocatedIn((await bed.request(fleet)).id), EAST);
  });

  it('costs those in flight to a cluster that falls silent no more than the time of an ask, and those who come later nothing', async () => {
    const fleet = await bed.fleetInBoth(6);
    await bed.proxy.set({ mode: 'blackhole' });
    const made = await Promise.all(Array.from({ length: 3 }, () => bed.request(fleet)));
    for (const { id } of made) assert.equal(await bed.allocatedIn(id), WEST);
    await until('its breaker is open', async () => (await bed.viewOf(EAST))?.breaker !== 'closed');
    const later = await bed.request(fleet);
    assert.equal(await bed.allocatedIn(later.id), WEST);
    for (const { id } of made) {
      const inEast = await eastOf(id);
      assert.ok(inEast.length <= 1, 'each went to it once, at most');
      for (const { ms } of inEast) assert.ok(ms < ASK_MS * 10, `${ms} ms`);
    }
    assert.deepEqual(await eastOf(later.id), [], 'nobody asks a cluster that is left out');
  });

  it('takes an allocation to the other cluster, with the same attempt number, when its own certainly took nothing', async () => {
    const fleet = await bed.fleetInBoth(2);
    await bed.proxy.set({ mode: 'refuse' });
    const { id } = await bed.request(fleet);
    assert.equal(await bed.allocatedIn(id), WEST);
    assert.equal((await bed.get(id)).attempt, 1);
  });
});
