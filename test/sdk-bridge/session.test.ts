import assert from 'node:assert/strict';
import { startPod, type Pod } from './stand-in/bridge-process.ts';
import { until } from './stand-in/until.ts';

describe('a session on the bridge', function () {
  this.timeout(30_000);
  let pod: Pod;
  afterEach(async function () {
    if (this.currentTest?.state === 'failed' && process.env['SHOW_LOG']) process.stderr.write(pod.log());
    await pod.close();
  });

  const joinable = async () => {
    await pod.api.hello({ body: { build: 'b1', plugin: 'test' } });
    await pod.api.warm({});
    await until(() => pod.sidecar.state() === 'Ready', 'Agones knows Ready');
    pod.allocate();
    const claimed = (await pod.api.session({ query: { wait: 10, from: 'idle' } })).body;
    assert.equal(claimed.phase, 'claimed');
    return (await pod.api.accept({ body: { port: 7777, build: 'b1' } })).body;
  };

  it('goes from allocated to joinable, takes entries of the world and ends in order', async () => {
    pod = await startPod({ world: 'w1' });
    const state = await joinable();
    assert.equal(state.phase, 'joinable');
    assert.deepEqual(
      state.session?.seats.map((seat) => [seat.playerId, seat.state]),
      [
        ['ann', 'held'],
        ['bob', 'held'],
      ],
    );
    assert.deepEqual(pod.backend.told, ['claim', 'accept 7777']);

    const verdict = (await pod.api.admit({ body: { ticket: await pod.backend.ticket('ann') } })).body;
    assert.deepEqual(verdict, { admitted: true, seat: { playerId: 'ann', role: 'player', state: 'admitted' }, packetKey: 'key-ann' });
    assert.deepEqual(pod.backend.leases, ['ann']);
    assert.equal((await pod.api.present({ params: { player: 'ann' } })).body.state, 'present');

    const world = (await pod.api.world({})).body;
    assert.deepEqual(world, { world: 'w1', durableSeq: 0, entries: [] });
    const acks = (await pod.api.appendWorld({ body: { entries: [1, 2, 3].map((seq) => ({ seq, data: { n: seq } })) } })).body;
    assert.equal(acks.accepted, 3);
    assert.equal((await pod.api.worldAcks({ query: { wait: 5, after: 2 } })).body.durable, 3);
    await pod.api.putWorldSnapshot({ body: { seq: 1, data: 'snap' } });
    const again = (await pod.api.world({})).body;
    assert.deepEqual(again.snapshot, { seq: 1, data: 'snap' });
    assert.deepEqual(
      again.entries.map(({ seq }) => seq),
      [2, 3],
    );

    const ended = (await pod.api.end({ body: { reason: 'played' } })).body;
    assert.equal(ended.phase, 'ended');
    assert.equal(pod.backend.told.at(-1), 'end played');
    assert.equal(pod.sidecar.state(), 'Shutdown');
  });

  it('lets a player wait who comes before the answer to the accept', async () => {
    pod = await startPod({});
    await pod.api.hello({ body: { build: 'b1', plugin: 'test' } });
    await pod.api.warm({});
    await until(() => pod.sidecar.state() === 'Ready', 'Agones knows Ready');
    pod.allocate();
    await pod.api.session({ query: { wait: 10, from: 'idle' } });
    const early = pod.api.admit({ body: { ticket: await pod.backend.ticket('ann') } });
    await pod.api.accept({ body: { port: 7777, build: 'b1' } });
    assert.equal((await early).body.admitted, true);
  });

  it('takes a player back who had left for good, by a fresh ticket', async () => {
    pod = await startPod({});
    await joinable();
    await pod.api.admit({ body: { ticket: await pod.backend.ticket('ann') } });
    await pod.api.leave({ params: { player: 'ann' }, body: { forGood: true } });
    assert.equal((await pod.api.packetKey({ params: { player: 'ann' } })).body.packetKey, 'key-ann');
    assert.equal((await pod.api.admit({ body: { ticket: await pod.backend.ticket('ann') } })).body.admitted, true);
  });
});
