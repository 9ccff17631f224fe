import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { testCluster } from '../../local/testing.ts';
import { EAST, until, WEST } from './allocator-under-test.ts';
import { startGoogleMetadata, type GoogleMetadata } from '../runtime/google-metadata.ts';
import { startTokenRedis, type TokenRedis } from '../runtime/token-redis.ts';
import { proxiedClusters, type ProxiedClusters } from './proxied-clusters.ts';

/** The ready session of a game that needs no pod. */
const PORT = 7_777;

describe('The clusters of the allocator', function () {
  this.timeout(600_000);
  let bed: ProxiedClusters;
  let metadata: GoogleMetadata;
  let redis: TokenRedis;
  before(async () => {
    const { token } = await testCluster();
    // So near its end that it is asked for each time.
    metadata = await startGoogleMetadata({ token, expiresIn: 1 });
    redis = await startTokenRedis(token);
    bed = await proxiedClusters({ GCE_METADATA_HOST: metadata.host, REDIS_URL: redis.url, REDIS_CREDENTIALS: 'google' });
  });
  afterEach(() => bed.mend());
  after(async () => {
    await bed.close();
    await metadata.kill();
    await redis.stop();
  });

  it('drains a cluster by an edit: nothing new goes there, and the trace says why', async () => {
    const fleet = await bed.fleetInBoth(2);
    assert.equal(await bed.allocatedIn((await bed.request(fleet)).id), EAST);
    await bed.list({ ...bed.east, drain: true }, bed.west);
    await until('it drains', async () => (await bed.viewOf(EAST))?.draining === true);
    const { id } = await bed.request(fleet);
    assert.equal(await bed.allocatedIn(id), WEST);
    const trace = (await (await bed.world.matchmaker()).traceAllocation({ params: { id } })).body;
    assert.equal(trace.decisions.at(-1)?.considered.find((one) => one.cluster === EAST)?.rejected, 'draining');
  });

  it('wakes those who wait when a cluster is drained no more, and when one is added', async () => {
    const fleet = await bed.fleetInBoth(1);
    await bed.list({ ...bed.east, drain: true });
    await until('the other has left', async () => (await bed.viewOf(WEST)) === undefined && (await bed.viewOf(EAST))?.draining === true);
    const first = await bed.request(fleet);
    const second = await bed.request(fleet);
    await until('it waits', async () => (await bed.get(second.id)).state === 'queued');
    await bed.list(bed.east);
    const served = await Promise.any([bed.allocatedIn(first.id), bed.allocatedIn(second.id)]);
    assert.equal(served, EAST);
    await bed.list(bed.east, bed.west);
    assert.deepEqual([await bed.allocatedIn(first.id), await bed.allocatedIn(second.id)].toSorted(), [EAST, WEST]);
  });

  it('places only the fleets that a cluster is listed with', async () => {
    const fleet = await bed.fleetInBoth(1);
    await bed.list({ ...bed.east, fleets: ['another'] }, bed.west);
    await until('it is taken up', async () => (await bed.viewOf(EAST))?.allowedFleets !== undefined);
    assert.equal(await bed.allocatedIn((await bed.request(fleet)).id), WEST);
  });

  it('lets a session go on and end when its cluster is removed, and never calls it lost', async () => {
    const fleet = await bed.fleetInBoth(1);
    const { id, uid } = await bed.request(fleet);
    assert.equal(await bed.allocatedIn(id), EAST);
    const { server, attempt } = await bed.get(id);
    assert.ok(server);
    await bed.list(bed.west);
    await until('it has left', async () => (await bed.viewOf(EAST)) === undefined);
    const bridge = await bed.world.bridgeOf(server);
    const params = { uid, attempt };
    const { gameServer } = server;
    await bridge.claimAttempt({ params, body: { gameServer } });
    await bridge.acceptAttempt({ params, body: { gameServer, build: 'dev', port: PORT } });
    assert.equal((await bed.get(id)).state, 'ready');
    assert.equal((await (await bed.world.matchmaker()).cancelAllocation({ params: { id } })).body.state, 'ended');
    const kept = await bed.world.database.db.collection<{ _id: string; nextActionAt: Date | null }>('allocations').findOne({ _id: uid });
    assert.ok(kept?.nextActionAt, 'nobody has claimed that its server is gone');
    await bed.list(bed.east, bed.west);
    await until('it is released when its cluster is back', async () => (await bed.world.carriersOf(uid)).length === 0);
  });

  it('refuses a faulty edit as a whole, names every fault in one line, and goes on with what was good', async () => {
    await bed.list({ ...bed.east, weight: -1, namespace: 'other' }, { ...bed.west, wieght: 3 });
    await until('it is refused', async () => (await bed.log()).includes('the clusters file has faults'));
    const line = (await bed.log()).split('\n').findLast((one) => one.includes('the clusters file has faults')) ?? '';
    assert.match(line, /"level":"error"/);
    for (const word of ['weight', 'wieght']) assert.ok(line.includes(word), word);
    await bed.list({ ...bed.east, namespace: 'other' }, bed.west);
    await until('the moved namespace is refused', async () =>
      (await bed.log()).includes('cannot change, since game servers are bound there'),
    );
    assert.deepEqual([(await bed.viewOf(EAST))?.weight, (await bed.viewOf(EAST))?.namespace], [1, EAST]);
  });

  it('reaches a control plane as the Google identity of its pod; without a metadata server that cluster is away, and no other', async () => {
    const { url, caFile } = await testCluster();
    const { kubeconfig: _, ...west } = bed.west;
    const ca = (await readFile(caFile)).toString('base64');
    const fleet = await bed.fleetInBoth(1);
    await metadata.kill();
    await bed.list(bed.east, { ...west, endpoint: url, credentials: 'google', ca });
    await until('it is away', async () => (await bed.viewOf(WEST))?.healthy === false);
    assert.match((await bed.viewOf(WEST))?.lastError?.message ?? '', /the Google identity of this pod gives no credentials/);
    assert.equal(await bed.allocatedIn((await bed.request(fleet)).id), EAST);
    await metadata.restart();
    await until('it is there', async () => (await bed.viewOf(WEST))?.healthy === true);
    assert.equal(await bed.allocatedIn((await bed.request(fleet)).id), WEST);
  });

  it('takes turns from a Redis by the token of the same identity, and places without while it is not let in', async () => {
    const connections = async () => (await redis.inside()) >= 4;
    await until('queue, worker, who waits for it and board are in', connections, 60_000);
    const fleet = await bed.fleetInBoth(2);
    await redis.take('another');
    const refused = await redis.refused();
    await redis.cut();
    await until('it is refused', async () => (await redis.refused()) > refused, 60_000);
    assert.equal(await bed.allocatedIn((await bed.request(fleet)).id), EAST);
    const { token } = await testCluster();
    await redis.take(token);
    await until('all are in again', connections, 60_000);
    assert.equal(await bed.allocatedIn((await bed.request(fleet)).id), EAST);
    const log = await bed.log();
    assert.match(log, /Redis refuses the token/);
    assert.ok(!log.includes(token), 'the token is in the log');
  });
});
