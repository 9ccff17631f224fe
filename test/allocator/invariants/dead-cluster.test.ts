import assert from 'node:assert/strict';
import { EAST, until, WEST } from '../allocator-under-test.ts';
import { onThisMachine } from '../../on-this-machine.ts';
import { ASK_MS, proxiedClusters, type ProxiedClusters } from '../proxied-clusters.ts';

describe('Invariant 4: a dead cluster costs only what is in flight to it', function () {
  this.timeout(120_000);
  let bed: ProxiedClusters;
  before(async () => {
    bed = await proxiedClusters();
  });
  afterEach(() => bed.mend());
  after(() => bed.close());

  it('goes on with the other cluster when one is cut off, and comes back to it by itself', async () => {
    const fleet = await bed.fleetInBoth(6);
    await bed.proxy.set({ mode: 'cut' });
    const began = performance.now();
    const made = await Promise.all(Array.from({ length: 4 }, () => bed.request(fleet)));
    for (const { id } of made) assert.equal(await bed.allocatedIn(id), WEST);
    const tookMs = performance.now() - began;
    assert.ok(tookMs < onThisMachine(10_000), `${tookMs} ms`);
    const view = await bed.viewOf(EAST);
    assert.deepEqual([view?.healthy, view?.state, view?.breaker === 'closed'], [false, 'unhealthy', false]);
    assert.ok(view?.lastError);
    await bed.proxy.set({ mode: 'pass' });
    await until('it is back', async () => (await bed.viewOf(EAST))?.healthy === true, 10_000);
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
    for (const { id } of [...made, later]) {
      const { tries } = (await (await bed.world.matchmaker()).traceAllocation({ params: { id } })).body;
      const inEast = tries.filter((one) => one.cluster === EAST);
      for (const { ms } of inEast) assert.ok(ms < onThisMachine(ASK_MS * 2), `${ms} ms`);
      if (id === later.id) assert.equal(inEast.length, 0, 'nobody asks a cluster that is left out');
    }
  });

  it('takes an allocation to the other cluster, with the same attempt number, when its own certainly took nothing', async () => {
    const fleet = await bed.fleetInBoth(2);
    await bed.proxy.set({ mode: 'refuse' });
    const { id } = await bed.request(fleet);
    assert.equal(await bed.allocatedIn(id), WEST);
    assert.equal((await bed.get(id)).attempt, 1);
  });
});
