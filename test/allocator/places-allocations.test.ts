import assert from 'node:assert/strict';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { AppError } from '../../contracts/app-error.ts';
import { allocatorUnderTest, anAllocation, EAST, until, WEST, type AllocatorUnderTest } from './allocator-under-test.ts';
import { insist } from './invariants/insist.ts';

describe('The allocator', function () {
  this.timeout(450_000);
  let world: AllocatorUnderTest;
  before(async () => {
    world = await allocatorUnderTest();
  });
  after(() => world.stop());

  /** Claims and accepts as the bridge of the bound server would. */
  async function takeUp(id: string) {
    const matchmaker = await world.matchmaker();
    const look = async () => (await matchmaker.getAllocation({ params: { id }, query: { wait: 10, until: 'allocated' } })).body;
    await until(`${id} has a server`, async () => (await look()).server !== undefined);
    const placed = await look();
    assert.ok(placed.server, `no server, state ${placed.state}`);
    const bridge = await world.bridgeOf(placed.server);
    const params = { uid: placed.uid, attempt: placed.attempt };
    const { gameServer } = placed.server;
    const claim = (await bridge.claimAttempt({ params, body: { gameServer } })).body;
    await bridge.acceptAttempt({ params, body: { gameServer, build: 'dev', port: 7_777 } });
    return { bridge, params, gameServer, claim, server: placed.server };
  }

  it('takes a session from the request to joinable and to its end', async () => {
    const fleet = await world.makeFleet(EAST, 2);
    await world.knows(EAST, fleet, 2);
    const matchmaker = await world.matchmaker();
    const asked = anAllocation(fleet);
    const answer = await matchmaker.requestAllocation({ body: asked });
    assert.equal(answer.status, 202);
    const { bridge, params, gameServer, claim } = await takeUp(asked.id);
    assert.deepEqual(
      claim.players.map((player) => player.id),
      ['ada', 'bob'],
    );

    const ready = (await matchmaker.getAllocation({ params: { id: asked.id }, query: { wait: 30 } })).body;
    assert.equal(ready.state, 'ready');
    assert.deepEqual(ready.server?.address, { host: '127.0.0.1', port: 7_777 });
    assert.equal(ready.admissions.length, 2);
    const ticket = await jwtVerify(ready.admissions[0]?.joinTicket ?? '', createLocalJWKSet(claim.ticketKeys), {
      audience: 'lifeverse-join',
    });
    assert.equal(ticket.payload.sub, 'ada');
    assert.equal(ticket.payload['gameServer'], gameServer);
    assert.equal(ready.admissions[0]?.packetKey, claim.players[0]?.packetKey);

    assert.equal((await bridge.endAttempt({ params, body: { gameServer, reason: 'all left' } })).body.state, 'ended');
    const trace = (await matchmaker.traceAllocation({ params: { id: asked.id } })).body;
    assert.equal(trace.tries.at(-1)?.outcome, 'bound');
    assert.ok(trace.decisions.at(-1)?.considered.some((one) => one.cluster === WEST && one.rejected === 'fleet-missing'));
  });

  it('gives the same allocation for the same id, and refuses the id with other fields', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    const matchmaker = await world.matchmaker();
    const asked = anAllocation(fleet);
    const first = await matchmaker.requestAllocation({ body: asked });
    const again = await matchmaker.requestAllocation({ body: { ...asked, players: asked.players.map((player) => ({ ...player })) } });
    assert.equal(again.status, 200);
    assert.equal(again.body.uid, first.body.uid);
    await assert.rejects(
      matchmaker.requestAllocation({ body: { ...asked, priority: 6 } }),
      (error: AppError) => error.code === 'allocation_differs',
    );
  });

  it('binds one server to one id, however many ask at once', async () => {
    const fleet = await world.makeFleet(EAST, 5);
    await world.knows(EAST, fleet, 5);
    const matchmaker = await world.matchmaker();
    const asked = anAllocation(fleet);
    const answers = await Promise.all(Array.from({ length: 100 }, () => insist(() => matchmaker.requestAllocation({ body: asked }))));
    assert.equal(new Set(answers.map((answer) => answer.body.uid)).size, 1);
    const { params } = await takeUp(asked.id);
    assert.equal((await world.carriersOf(params.uid)).length, 1);
    assert.equal((await world.servers(EAST, fleet)).filter((server) => server.state === 'Allocated').length, 1);
  });

  it('waits in line for capacity, first come first served, and is woken by it', async () => {
    const matchmaker = await world.matchmaker();
    // Several rounds, since whoever overtakes does so within milliseconds.
    for (let round = 0; round < 5; round += 1) {
      const fleet = await world.makeFleet(EAST, 0);
      const asked = [anAllocation(fleet), anAllocation(fleet), anAllocation(fleet)];
      for (const one of asked) await matchmaker.requestAllocation({ body: one });
      await world.scale(EAST, fleet, 2);
      const stateOf = async (at: number) => (await matchmaker.getAllocation({ params: { id: asked[at]?.id ?? '' } })).body.state;
      await until('the first two have a server', async () => (await stateOf(0)) === 'allocated' && (await stateOf(1)) === 'allocated');
      const third = (await matchmaker.getAllocation({ params: { id: asked[2]?.id ?? '' } })).body;
      assert.equal(third.server, undefined);
      const trace = (await matchmaker.traceAllocation({ params: { id: asked[2]?.id ?? '' } })).body;
      assert.ok((trace.rejections['no-capacity'] ?? 0) > 0 || (trace.rejections['fleet-missing'] ?? 0) > 0);
      await matchmaker.cancelAllocation({ params: { id: asked[2]?.id ?? '' } });
      await until('the third is cancelled', async () => (await stateOf(2)) === 'cancelled');
    }
  });

  it('lets the oldest have the one server that comes, however many ask for it at once', async () => {
    const fleet = await world.makeFleet(EAST, 0);
    const matchmaker = await world.matchmaker();
    const first = anAllocation(fleet);
    await matchmaker.requestAllocation({ body: first });
    const younger = Array.from({ length: 20 }, () => anAllocation(fleet));
    await Promise.all(younger.map((one) => matchmaker.requestAllocation({ body: one })));
    const urgent = anAllocation(fleet, { priority: 9 });
    await matchmaker.requestAllocation({ body: urgent });
    const stateOf = async (id: string) => (await matchmaker.getAllocation({ params: { id } })).body.state;
    await world.scale(EAST, fleet, 1);
    await until('the urgent one has it', async () => (await stateOf(urgent.id)) === 'allocated');
    await world.scale(EAST, fleet, 2);
    await until('the oldest has the next one', async () => (await stateOf(first.id)) === 'allocated');
    for (const { id } of younger) assert.ok(['queued', 'placing'].includes(await stateOf(id)));
  });

  it('chooses the cluster that is near the worst player, and the other one when it is full', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    await world.copyFleet(WEST, fleet, 1);
    await world.knows(EAST, fleet, 1);
    await world.knows(WEST, fleet, 1);
    const matchmaker = await world.matchmaker();
    const first = anAllocation(fleet);
    const second = anAllocation(fleet);
    await matchmaker.requestAllocation({ body: first });
    assert.equal((await takeUp(first.id)).server.cluster, EAST);
    await matchmaker.requestAllocation({ body: second });
    assert.equal((await takeUp(second.id)).server.cluster, WEST);
  });

  it('refuses a claim by another pod, and of an attempt that is over', async () => {
    const fleet = await world.makeFleet(EAST, 2);
    const matchmaker = await world.matchmaker();
    const asked = anAllocation(fleet);
    await matchmaker.requestAllocation({ body: asked });
    const { params, gameServer, server } = await takeUp(asked.id);
    const stranger = await world.bridgeOf({ cluster: EAST, gameServer: 'somebody-else' });
    await assert.rejects(stranger.claimAttempt({ params, body: { gameServer } }), (error: AppError) => error.kind === 'forbidden');
    const bridge = await world.bridgeOf(server);
    await assert.rejects(
      bridge.claimAttempt({ params: { ...params, attempt: 2 }, body: { gameServer } }),
      (error: AppError) => error.kind === 'conflict',
    );
  });

  it('tries another server when the first one dies while loading, and gives up after the third', async () => {
    const fleet = await world.makeFleet(EAST, 4);
    await world.knows(EAST, fleet, 4);
    const matchmaker = await world.matchmaker();
    const asked = anAllocation(fleet);
    await matchmaker.requestAllocation({ body: asked });
    const seen = new Set<string>();
    for (const attempt of [1, 2, 3]) {
      let name = '';
      await until(`attempt ${attempt} has a server`, async () => {
        const found = (await matchmaker.getAllocation({ params: { id: asked.id } })).body;
        name = found.attempt === attempt ? (found.server?.gameServer ?? '') : '';
        return name !== '';
      });
      assert.ok(!seen.has(name));
      seen.add(name);
      await world.deleteServer(EAST, name);
    }
    await until('it has failed', async () => (await matchmaker.getAllocation({ params: { id: asked.id } })).body.state === 'failed');
  });

  it('tells that a session is lost when its server dies, and frees its world', async () => {
    const fleet = await world.makeFleet(EAST, 3);
    await world.knows(EAST, fleet, 3);
    const matchmaker = await world.matchmaker();
    const session = { map: 'island', world: `island-${Date.now()}`, capacity: 8, spectators: 0, data: {} };
    const asked = anAllocation(fleet, { session });
    await matchmaker.requestAllocation({ body: asked });
    const { server, claim } = await takeUp(asked.id);
    assert.equal(claim.saves.worldEpoch, 1);
    const joined = anAllocation(fleet, { session, players: [{ id: 'eve', role: 'player', latencies: {} }] });
    const alias = (await matchmaker.requestAllocation({ body: joined })).body;
    assert.equal(alias.aliasOf, asked.id);
    assert.deepEqual(
      alias.players.map((player) => player.id),
      ['ada', 'bob', 'eve'],
    );

    await world.deleteServer(EAST, server.gameServer);
    const present = async () => (await matchmaker.getAllocation({ params: { id: asked.id }, query: { wait: 20, from: 'ready' } })).body;
    await until('it is lost', async () => (await present()).state === 'lost');
    const resumed = anAllocation(fleet, { session });
    await matchmaker.requestAllocation({ body: resumed });
    assert.equal((await takeUp(resumed.id)).claim.saves.worldEpoch, 2);
  });

  it('expires what is not joinable by its deadline, and releases its server', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    await world.knows(EAST, fleet, 1);
    const matchmaker = await world.matchmaker();
    const asked = anAllocation(fleet, { deadlineSeconds: 3 });
    const { uid } = (await matchmaker.requestAllocation({ body: asked })).body;
    await until('it has expired', async () => (await matchmaker.getAllocation({ params: { id: asked.id } })).body.state === 'expired');
    await until('its server is gone', async () => (await world.carriersOf(uid)).length === 0);
  });

  it('tells a player of their own session only', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    const matchmaker = await world.matchmaker();
    const asked = anAllocation(fleet, { players: [{ id: 'zoe', role: 'player', latencies: {} }] });
    await matchmaker.requestAllocation({ body: asked });
    await takeUp(asked.id);
    const zoe = await world.as('zoe', ['player']);
    const found = (await zoe.playerSession({ params: { id: 'zoe' } })).body;
    assert.equal(found.allocationId, asked.id);
    await assert.rejects(zoe.playerSession({ params: { id: 'ada' } }), (error: AppError) => error.kind === 'forbidden');
  });
});
