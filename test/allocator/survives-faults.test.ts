import assert from 'node:assert/strict';
import { testRedis } from '../../local/testing.ts';
import { Redis } from 'ioredis';
import { allocatorUnderTest, anAllocation, EAST, letPass, until, type AllocatorUnderTest } from './allocator-under-test.ts';

const ASK_MS = 4_000;
/** Nothing is known of it when the ask is given up. */
const LATE_MS = 6_000;

describe('The allocator under faults', function () {
  this.timeout(600_000);
  let world: AllocatorUnderTest;
  before(async () => {
    world = await allocatorUnderTest({ env: { ASK_TIMEOUT_MS: String(ASK_MS) } });
  });
  afterEach(() => world.standIn.behave());
  after(() => world.stop());

  async function requestSome(fleet: string, count: number) {
    const matchmaker = await world.matchmaker();
    const asked = Array.from({ length: count }, () => anAllocation(fleet));
    const made = await Promise.all(asked.map(async (one) => (await matchmaker.requestAllocation({ body: one })).body));
    return made.map(({ id, uid }) => ({ id, uid }));
  }

  async function stateOf(id: string) {
    return (await (await world.matchmaker()).getAllocation({ params: { id } })).body;
  }

  /** Every allocation has exactly the one server that it knows of, and no server has a mark that nobody stands behind. */
  async function assertOneServerEach(fleet: string, made: readonly { id: string; uid: string }[]) {
    await until('superseded servers are released', async () => {
      const allocated = (await world.servers(EAST, fleet)).filter((server) => server.state === 'Allocated');
      return allocated.length === made.length;
    });
    for (const { id, uid } of made) {
      const { server, state } = await stateOf(id);
      assert.equal(state, 'allocated');
      const carriers = await world.carriersOf(uid);
      assert.deepEqual(
        carriers.map((carrier) => carrier.name),
        [server?.gameServer],
      );
    }
  }

  /** Each of them was given up, and it was looked what became of it, while the cluster was still at it. */
  const allGivenUp = (made: readonly { id: string }[]) =>
    until('all were given up', async () => {
      const matchmaker = await world.matchmaker();
      const traces = await Promise.all(made.map(({ id }) => matchmaker.traceAllocation({ params: { id } })));
      return traces.every(({ body }) => body.tries.length > 0);
    });

  const allAllocated = (made: readonly { id: string }[]) =>
    until('all are allocated', async () =>
      (await Promise.all(made.map(({ id }) => stateOf(id)))).every((one) => one.state === 'allocated'),
    );

  it('finds the server that it won when the cluster commits and then answers with an error', async () => {
    const fleet = await world.makeFleet(EAST, 3);
    await world.knows(EAST, fleet, 3);
    await world.standIn.misbehave({ failAfterCommit: 1 });
    const made = await requestSome(fleet, 1);
    await allAllocated(made);
    assert.equal((await stateOf(made[0]?.id ?? '')).attempt, 1);
    await assertOneServerEach(fleet, made);
  });

  it('finds the server that it won when the connection breaks after the commit', async () => {
    const fleet = await world.makeFleet(EAST, 3);
    await world.knows(EAST, fleet, 3);
    await world.standIn.misbehave({ dropAfterCommit: 1 });
    const made = await requestSome(fleet, 1);
    await allAllocated(made);
    await assertOneServerEach(fleet, made);
  });

  it('asks again when the cluster took nothing, be it by an error or by contention', async () => {
    const fleet = await world.makeFleet(EAST, 3);
    await world.knows(EAST, fleet, 3);
    await world.standIn.misbehave({ failBeforeCommit: 1, contention: 1 });
    const made = await requestSome(fleet, 1);
    await allAllocated(made);
    await assertOneServerEach(fleet, made);
  });

  it('gives back what the cluster takes only after we gave up', async () => {
    const fleet = await world.makeFleet(EAST, 4);
    await world.knows(EAST, fleet, 4);
    await world.standIn.misbehave({ commitLateMs: LATE_MS });
    const made = await requestSome(fleet, 1);
    await allGivenUp(made);
    await world.standIn.behave();
    await allAllocated(made);
    assert.ok((await stateOf(made[0]?.id ?? '')).attempt > 1, 'the first attempt was spent by doubt');
    await until('the late server is gone', async () => (await world.carriersOf(made[0]?.uid ?? '')).length === 1);
    await assertOneServerEach(fleet, made);
  });

  it('binds one server when the cluster answers only after we gave up', async () => {
    const fleet = await world.makeFleet(EAST, 4);
    await world.knows(EAST, fleet, 4);
    await world.standIn.misbehave({ answerLateMs: LATE_MS });
    const made = await requestSome(fleet, 2);
    await allGivenUp(made);
    await world.standIn.misbehave({ answerLateMs: 0 });
    await allAllocated(made);
    await assertOneServerEach(fleet, made);
  });

  it('neither loses nor doubles what is in flight when it is killed, again and again', async () => {
    const fleet = await world.makeFleet(EAST, 12);
    await world.knows(EAST, fleet, 12);
    await world.standIn.misbehave({ answerLateMs: 200 });
    const made = [];
    for (let round = 0; round < 4; round += 1) {
      made.push(...(await requestSome(fleet, 3)));
      await letPass(round * 70);
      await world.killAllocator();
    }
    await world.standIn.misbehave({ answerLateMs: 0 });
    await allAllocated(made);
    await assertOneServerEach(fleet, made);
  });

  it('shares the work with a second process that asks at the same time', async () => {
    const fleet = await world.makeFleet(EAST, 8);
    await world.knows(EAST, fleet, 8);
    const another = await world.startAnother();
    try {
      const made = await requestSome(fleet, 8);
      await allAllocated(made);
      await assertOneServerEach(fleet, made);
    } finally {
      await another.stop();
    }
  });

  it('finds out that a session has lost its server while there was no allocator', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    await world.knows(EAST, fleet, 1);
    const [made] = await requestSome(fleet, 1);
    assert.ok(made);
    await allAllocated([made]);
    const { uid, attempt, server } = await stateOf(made.id);
    assert.ok(server);
    const bridge = await world.bridgeOf(server);
    const params = { uid, attempt };
    await bridge.claimAttempt({ params, body: { gameServer: server.gameServer } });
    await bridge.acceptAttempt({ params, body: { gameServer: server.gameServer, build: 'dev', port: 7_777 } });
    assert.equal((await stateOf(made.id)).state, 'ready');

    await world.killAllocator(async () => {
      await world.deleteServer(EAST, server.gameServer);
      await until('the server is gone', async () => (await world.carriersOf(uid)).length === 0);
    });
    await until('the loss is told', async () => (await stateOf(made.id)).state === 'lost');
  });

  it('goes on when Redis is wiped', async () => {
    const fleet = await world.makeFleet(EAST, 0);
    const made = await requestSome(fleet, 3);
    const { url } = await testRedis();
    const redis = new Redis(url, { tls: { rejectUnauthorized: false } });
    await redis.flushall();
    redis.disconnect();
    await world.scale(EAST, fleet, 3);
    await allAllocated(made);
    await assertOneServerEach(fleet, made);
  });
});
