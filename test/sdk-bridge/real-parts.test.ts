import assert from 'node:assert/strict';
import { savesApi } from '../../contracts/saves.ts';
import { savesHandlers } from '../../saves/api/saves-handlers.ts';
import { sharedStandIn, type ConformanceCluster } from '../conformance/agones/conformance-cluster.ts';
import { standNode, startSidecarBed, type SidecarBed } from '../conformance/agones/sidecar-bed.ts';
import { restoreAll, savesUnderTest, type SavesUnderTest } from '../saves/saves-under-test.ts';
import { serveForTest } from '../services/serve-for-test.ts';
import { UID } from './stand-in/backend.ts';
import { allocateByApi } from './stand-in/allocate-by-api.ts';
import { startPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

/** The SDK server on a real API server, an allocation through the aggregated API, and the saves service on its database. */
describe('the bridge on real parts', function () {
  this.timeout(300_000);
  const namespace = 'bridge';
  const holder = { uid: UID, attempt: 1 };
  let cluster: ConformanceCluster;
  let saves: SavesUnderTest;
  let served: Awaited<ReturnType<typeof serveForTest<(typeof savesApi)['endpoints']>>>;
  let bed: SidecarBed;
  let pod: Pod;

  before(async () => {
    cluster = await sharedStandIn();
    await standNode(cluster);
    saves = await savesUnderTest();
    served = await serveForTest(savesApi, savesHandlers(saves.parts), saves.trusted);
    const health = { initialDelaySeconds: 60, periodSeconds: 5, failureThreshold: 3 };
    const spec = { health, ports: [{ name: 'default', portPolicy: 'Dynamic', containerPort: 7777, protocol: 'UDP' }] };
    bed = await startSidecarBed({ cluster, namespace, name: 'gs-1', spec, writeDelayMs: 500 });
  });
  after(async () => {
    await pod?.close();
    bed?.stop();
    await served?.close();
    await saves?.close();
  });

  it('plays a session from Ready to Shutdown, and keeps its world', async () => {
    await saves.allocator.takeLease({ params: { kind: 'worlds', id: 'w1' }, body: { holder } });
    pod = await startPod({
      world: 'w1',
      env: { AGONES_SDK_GRPC_PORT: String(bed.grpcPort), AGONES_SDK_HTTP_PORT: String(bed.httpPort), SAVES_URL: served.url },
    });
    pod.backend.grant = await saves.tokenFor({ holder, world: 'w1', players: ['ann', 'bob'] });
    const state = async () => (await bed.stored()).status?.state;

    await pod.api.hello({ body: { build: 'b1', plugin: 'test' } });
    assert.equal((await fetch(`${pod.url()}/ready`, { method: 'POST' })).status, 200);
    await pod.api.warm({});
    await until(async () => (await state()) === 'Ready', 'Agones has it Ready');

    const answer = await allocateByApi(cluster, namespace);
    assert.match(JSON.stringify(answer), /"state":"Allocated"/);
    assert.equal((await pod.api.session({ query: { wait: 10, from: 'idle' } })).body.phase, 'claimed');
    await pod.api.accept({ body: { port: 7777, build: 'b1' } });
    const verdict = (await pod.api.admit({ body: { ticket: await pod.backend.ticket('ann') } })).body;
    assert.equal(verdict.admitted, true);
    assert.deepEqual((await saves.operator.getLease({ params: { kind: 'players', id: 'ann' } })).body.holder, holder);

    await pod.api.world({});
    const entries = Array.from({ length: 300 }, (_, at) => ({ seq: at + 1, data: { at } }));
    for (let from = 0; from < entries.length; from += 50) await pod.api.appendWorld({ body: { entries: entries.slice(from, from + 50) } });
    await pod.crash();
    assert.equal((await pod.api.worldAcks({ query: { wait: 20, after: 299 } })).body.durable, 300);
    await pod.api.putWorldSnapshot({ body: { seq: 120, data: 'state' } });
    const world = (await pod.api.world({})).body;
    assert.deepEqual([world.snapshot?.seq, world.entries.length, world.durableSeq], [120, 180, 300]);

    assert.equal((await pod.api.end({ body: { reason: 'played' } })).body.phase, 'ended');
    assert.equal(pod.backend.told.at(-1), 'end played');
    const stored = await restoreAll(saves.operator, 'worlds', 'w1');
    assert.deepEqual(stored.entries, entries.slice(120));
    await until(async () => ['Shutdown', undefined].includes(await state().catch(() => undefined)), 'the game server goes');
  });
});
