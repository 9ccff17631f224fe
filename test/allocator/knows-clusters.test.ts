import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { testCluster, testStack } from '../../local/testing.ts';
import { allocatorUnderTest, anAllocation, EAST, until, WEST, type AllocatorUnderTest } from './allocator-under-test.ts';
import { startClusterProxy, type ClusterProxy } from './cluster-proxy.ts';

const ASK_MS = 1_000;
/** The ready session of a game that needs no pod. */
const PORT = 7_777;

describe('The clusters of the allocator', function () {
  this.timeout(120_000);
  let world: AllocatorUnderTest;
  let proxy: ClusterProxy;
  let file: string;
  let east: object;
  let west: object;
  before(async () => {
    const cluster = await testCluster();
    proxy = await startClusterProxy(cluster);
    file = path.join((await testStack()).folder, `clusters-${randomUUID()}.yaml`);
    east = { name: EAST, region: EAST, kubeconfig: proxy.kubeconfig, namespace: EAST };
    west = { name: WEST, region: WEST, kubeconfig: cluster.kubeconfig, namespace: WEST };
    await list(east, west);
    const env = {
      CLUSTERS_FILE: file,
      ASK_TIMEOUT_MS: String(ASK_MS),
      CLUSTER_LEAVE_MS: '300',
      CLUSTER_PROBE_MS: '500',
      CLUSTER_SILENT_MS: '2000',
    };
    world = await allocatorUnderTest({ env });
  });
  afterEach(async () => {
    await proxy.set({ mode: 'pass' });
    await list(east, west);
    await until('both clusters are well', async () => {
      const both = await Promise.all([viewOf(EAST), viewOf(WEST)]);
      return both.every((one) => one?.healthy === true && !one.draining);
    });
  });
  after(async () => {
    await proxy.close();
    await world.stop();
  });

  async function list(...clusters: readonly object[]): Promise<void> {
    await writeFile(`${file}.new`, JSON.stringify(clusters));
    await rename(`${file}.new`, file);
  }
  async function viewOf(name: string) {
    const operator = await world.as('operator', ['operator']);
    return (await operator.listClusters({})).body.clusters.find((one) => one.name === name);
  }
  async function request(fleet: string, changes: Parameters<typeof anAllocation>[1] = {}) {
    return (await (await world.matchmaker()).requestAllocation({ body: anAllocation(fleet, changes) })).body;
  }
  const get = async (id: string) => (await (await world.matchmaker()).getAllocation({ params: { id } })).body;
  async function allocatedIn(id: string, deadlineMs = 20_000): Promise<string> {
    await until(`${id} is allocated`, async () => (await get(id)).server !== undefined, deadlineMs);
    return (await get(id)).server?.cluster ?? '';
  }
  /** Near the east for these players. */
  async function fleetInBoth(replicas: number): Promise<string> {
    const fleet = await world.makeFleet(EAST, replicas);
    await world.copyFleet(WEST, fleet, replicas);
    await world.knows(EAST, fleet, replicas);
    await world.knows(WEST, fleet, replicas);
    return fleet;
  }
  const log = () => readFile(world.allocator.process.logFile, 'utf8');

  it('drains a cluster by an edit: nothing new goes there, and the trace says why', async () => {
    const fleet = await fleetInBoth(2);
    assert.equal(await allocatedIn((await request(fleet)).id), EAST);
    await list({ ...east, drain: true }, west);
    await until('it drains', async () => (await viewOf(EAST))?.draining === true);
    const { id } = await request(fleet);
    assert.equal(await allocatedIn(id), WEST);
    const trace = (await (await world.matchmaker()).traceAllocation({ params: { id } })).body;
    assert.equal(trace.decisions.at(-1)?.considered.find((one) => one.cluster === EAST)?.rejected, 'draining');
  });

  it('wakes those who wait when a cluster is drained no more, and when one is added', async () => {
    const fleet = await fleetInBoth(1);
    await list({ ...east, drain: true });
    await until('the other has left', async () => (await viewOf(WEST)) === undefined && (await viewOf(EAST))?.draining === true);
    const first = await request(fleet);
    const second = await request(fleet);
    await until('it waits', async () => (await get(second.id)).state === 'queued');
    await list(east);
    const served = await Promise.any([allocatedIn(first.id, 5_000), allocatedIn(second.id, 5_000)]);
    assert.equal(served, EAST);
    await list(east, west);
    assert.deepEqual([await allocatedIn(first.id, 5_000), await allocatedIn(second.id, 5_000)].toSorted(), [EAST, WEST]);
  });

  it('places only the fleets that a cluster is listed with', async () => {
    const fleet = await fleetInBoth(1);
    await list({ ...east, fleets: ['another'] }, west);
    await until('it is taken up', async () => (await viewOf(EAST))?.allowedFleets !== undefined);
    assert.equal(await allocatedIn((await request(fleet)).id), WEST);
  });

  it('lets a session go on and end when its cluster is removed, and never calls it lost', async () => {
    const fleet = await fleetInBoth(1);
    const { id, uid } = await request(fleet);
    assert.equal(await allocatedIn(id), EAST);
    const { server, attempt } = await get(id);
    assert.ok(server);
    await list(west);
    await until('it has left', async () => (await viewOf(EAST)) === undefined);
    const bridge = await world.bridgeOf(server);
    const params = { uid, attempt };
    const { gameServer } = server;
    await bridge.claimAttempt({ params, body: { gameServer } });
    await bridge.acceptAttempt({ params, body: { gameServer, build: 'dev', port: PORT } });
    assert.equal((await get(id)).state, 'ready');
    assert.equal((await (await world.matchmaker()).cancelAllocation({ params: { id } })).body.state, 'ended');
    const kept = await world.database.db.collection<{ _id: string; nextActionAt: Date | null }>('allocations').findOne({ _id: uid });
    assert.ok(kept?.nextActionAt, 'nobody has claimed that its server is gone');
    await list(east, west);
    await until('it is released when its cluster is back', async () => (await world.carriersOf(uid)).length === 0, 30_000);
  });

  it('refuses a faulty edit as a whole, names every fault in one line, and goes on with what was good', async () => {
    await list({ ...east, weight: -1, namespace: 'other' }, { ...west, wieght: 3 });
    await until('it is refused', async () => (await log()).includes('the clusters file has faults'));
    const line = (await log()).split('\n').findLast((one) => one.includes('the clusters file has faults')) ?? '';
    assert.match(line, /"level":"error"/);
    for (const word of ['weight', 'wieght']) assert.ok(line.includes(word), word);
    await list({ ...east, namespace: 'other' }, west);
    await until('the moved namespace is refused', async () => (await log()).includes('cannot change, since game servers are bound there'));
    assert.deepEqual([(await viewOf(EAST))?.weight, (await viewOf(EAST))?.namespace], [1, EAST]);
  });

  it('goes on with the other cluster when one is cut off, and comes back to it by itself', async () => {
    const fleet = await fleetInBoth(6);
    await proxy.set({ mode: 'cut' });
    const began = performance.now();
    const made = await Promise.all(Array.from({ length: 4 }, () => request(fleet)));
    for (const { id } of made) assert.equal(await allocatedIn(id), WEST);
    const tookMs = performance.now() - began;
    assert.ok(tookMs < 10_000, `${tookMs} ms`);
    const view = await viewOf(EAST);
    assert.deepEqual([view?.healthy, view?.state, view?.breaker === 'closed'], [false, 'unhealthy', false]);
    assert.ok(view?.lastError);
    await proxy.set({ mode: 'pass' });
    await until('it is back', async () => (await viewOf(EAST))?.healthy === true, 10_000);
    assert.equal(await allocatedIn((await request(fleet)).id), EAST);
  });

  it('costs those in flight to a cluster that falls silent no more than the time of an ask, and those who come later nothing', async () => {
    const fleet = await fleetInBoth(6);
    await proxy.set({ mode: 'blackhole' });
    const made = await Promise.all(Array.from({ length: 3 }, () => request(fleet)));
    for (const { id } of made) assert.equal(await allocatedIn(id), WEST);
    await until('its breaker is open', async () => (await viewOf(EAST))?.breaker !== 'closed');
    const later = await request(fleet);
    assert.equal(await allocatedIn(later.id), WEST);
    for (const { id } of [...made, later]) {
      const { tries } = (await (await world.matchmaker()).traceAllocation({ params: { id } })).body;
      const inEast = tries.filter((one) => one.cluster === EAST);
      for (const { ms } of inEast) assert.ok(ms < ASK_MS * 2, `${ms} ms`);
      if (id === later.id) assert.equal(inEast.length, 0, 'nobody asks a cluster that is left out');
    }
  });

  it('takes an allocation to the other cluster, with the same attempt number, when its own certainly took nothing', async () => {
    const fleet = await fleetInBoth(2);
    await proxy.set({ mode: 'refuse' });
    const { id } = await request(fleet);
    assert.equal(await allocatedIn(id), WEST);
    assert.equal((await get(id)).attempt, 1);
  });
});
