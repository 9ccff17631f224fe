import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AllocationRequest, SessionPlayer } from '../../contracts/allocator.ts';
import type { AppError } from '../../contracts/app-error.ts';
import { openAliases } from '../../allocator/store/aliases.ts';
import { openAllocations } from '../../allocator/store/allocations.ts';
import { allocatorUnderTest, anAllocation, EAST, letPass, until, type AllocatorUnderTest } from './allocator-under-test.ts';
import { insist } from './invariants/insist.ts';

const player = (id: string): SessionPlayer => ({ id, role: 'player', latencies: {} });
const spectator = (id: string): SessionPlayer => ({ id, role: 'spectator', latencies: {} });
const sized = (capacity: number, spectators = 0) => ({ map: 'arena', capacity, spectators, data: {} });
const withCode = (code: string) => (error: AppError) => error.code === code;

describe('The allocator seats players', function () {
  this.timeout(300_000);
  let world: AllocatorUnderTest;
  let fleet: string;
  before(async () => {
    world = await allocatorUnderTest({ env: { RESIZE_LOOK_MS: '500' } });
    fleet = await world.makeFleet(EAST, 6);
    await world.knows(EAST, fleet, 6);
  });
  after(() => world.stop());

  /** Nothing is ever Ready in this fleet: its allocations wait. */
  const EMPTY = 'nobody-home';

  async function asked(changes: Partial<AllocationRequest>, inFleet = EMPTY) {
    const body = anAllocation(inFleet, changes);
    const made = (await (await world.matchmaker()).requestAllocation({ body })).body;
    return { id: body.id, uid: made.uid, body };
  }

  async function played(changes: Partial<AllocationRequest>) {
    const made = await asked(changes, fleet);
    const matchmaker = await world.matchmaker();
    await until('it is allocated', async () => (await matchmaker.getAllocation({ params: { id: made.id } })).body.state === 'allocated');
    const { server } = (await matchmaker.getAllocation({ params: { id: made.id } })).body;
    assert.ok(server);
    const { gameServer } = server;
    const bridge = await world.bridgeOf(server);
    const params = { uid: made.uid, attempt: 1 };
    const claim = async () => (await bridge.claimAttempt({ params, body: { gameServer } })).body;
    await claim();
    await bridge.acceptAttempt({ params, body: { gameServer, build: 'dev', port: 7_777 } });
    return { ...made, claim, end: () => bridge.endAttempt({ params, body: { gameServer, reason: 'played' } }) };
  }

  async function playersOf(id: string): Promise<string[]> {
    return (await (await world.matchmaker()).getAllocation({ params: { id } })).body.players.map((one) => one.id);
  }

  async function seatEvents(uid: string): Promise<{ joined: string[]; left: string[] }[]> {
    const allocations = await openAllocations(world.database.db);
    const told = ((await allocations.find(uid))?.outbox ?? []).map(({ id, kind, data }) => ({ id, kind, data }));
    const log = await world.database.db.collection('events').find({ 'allocation.uid': uid }).sort({ seq: 1 }).toArray();
    const copied = new Set(log.map(({ eventId }) => eventId));
    // What is in the log may still be on its way out of the outbox.
    const all = [...log.map(({ kind, data }) => ({ kind, data })), ...told.filter(({ id }) => !copied.has(id))];
    return all.filter(({ kind }) => kind === 'seats').map(({ data: { joined, left } }) => ({ joined, left }));
  }

  it('fills the last seats exactly, however many parties race for them through two processes', async () => {
    const another = await world.startAnother();
    try {
      const { id, uid } = await asked({ session: sized(21), players: [player('host')] });
      const one = await world.matchmaker();
      const two = await world.matchmakerOf(another);
      const parties = Array.from({ length: 50 }, (_, at) => [player(`a${at}`), player(`b${at}`)]);
      const outcomes = await Promise.all(
        parties.map((players, at) =>
          insist(() => (at % 2 === 0 ? one : two).takeSeats({ params: { id }, body: { players } })).then(
            () => 'seated',
            (error: AppError) => error.code,
          ),
        ),
      );
      assert.equal(outcomes.filter((outcome) => outcome === 'seated').length, 10);
      assert.equal(outcomes.filter((outcome) => outcome === 'session_full').length, 40);
      const seated = outcomes.flatMap((outcome, at) => (outcome === 'seated' ? [`a${at}`, `b${at}`] : []));
      assert.deepEqual((await playersOf(id)).toSorted(), ['host', ...seated].toSorted());
      assert.deepEqual((await seatEvents(uid)).flatMap(({ joined }) => joined).toSorted(), seated.toSorted());
    } finally {
      await another.stop();
    }
  });

  it('never refuses a party while seats come free as fast as they are taken', async () => {
    const { id } = await asked({ session: sized(2), players: [] });
    const matchmaker = await world.matchmaker();
    const comeAndGo = async (name: string) => {
      for (let round = 0; round < 10; round += 1) {
        await matchmaker.takeSeats({ params: { id }, body: { players: [player(name)] } });
        await matchmaker.leaveSeat({ params: { id, player: name } });
      }
    };
    await Promise.all([comeAndGo('ann'), comeAndGo('ben')]);
    assert.deepEqual(await playersOf(id), []);
  });

  it('seats all of a party or none, players and spectators apart, and keeps who has a seat', async () => {
    const { id, uid } = await asked({ session: sized(3, 1), players: [player('ann')] });
    const matchmaker = await world.matchmaker();
    const take = (players: SessionPlayer[]) => matchmaker.takeSeats({ params: { id }, body: { players } });
    await assert.rejects(take([player('b'), player('c'), player('d')]), withCode('session_full'));
    await assert.rejects(take([player('b'), spectator('s1'), spectator('s2')]), (error: AppError) =>
      /0|1 of 1 spectator/.test(error.message),
    );
    assert.deepEqual(await playersOf(id), ['ann']);
    const party = [player('ann'), player('bob'), spectator('sue')];
    const first = (await take(party)).body;
    assert.deepEqual(first.players, [
      { id: 'ann', role: 'player' },
      { id: 'bob', role: 'player' },
      { id: 'sue', role: 'spectator' },
    ]);
    assert.deepEqual((await take(party)).body, first);
    await matchmaker.leaveSeat({ params: { id, player: 'bob' } });
    await matchmaker.leaveSeat({ params: { id, player: 'bob' } });
    assert.deepEqual(await seatEvents(uid), [
      { joined: ['bob', 'sue'], left: [] },
      { joined: [], left: ['bob'] },
    ]);
  });

  it('gives the new players of a played session their way in, the bridge their keys, and nobody anything when it is over', async () => {
    const { id, claim, end } = await played({ session: sized(3), players: [player('ann')] });
    const matchmaker = await world.matchmaker();
    const { admissions } = (await matchmaker.takeSeats({ params: { id }, body: { players: [player('bob')] } })).body;
    assert.deepEqual(
      admissions.map((one) => one.playerId),
      ['bob'],
    );
    const known = await claim();
    assert.equal(known.players.find((one) => one.id === 'bob')?.packetKey, admissions[0]?.packetKey);

    const fresh = (await matchmaker.issueTicket({ params: { id }, body: { playerId: 'bob' } })).body;
    assert.equal(fresh.packetKey, admissions[0]?.packetKey);
    assert.notEqual(fresh.joinTicket, admissions[0]?.joinTicket);
    await assert.rejects(matchmaker.issueTicket({ params: { id }, body: { playerId: 'eve' } }), withCode('seat_unknown'));
    await matchmaker.leaveSeat({ params: { id, player: 'bob' } });
    await assert.rejects(matchmaker.issueTicket({ params: { id }, body: { playerId: 'bob' } }), withCode('seat_unknown'));
    assert.deepEqual(
      (await claim()).players.map((one) => one.id),
      ['ann'],
    );

    await end();
    await assert.rejects(matchmaker.takeSeats({ params: { id }, body: { players: [player('bob')] } }), withCode('session_over'));
    await assert.rejects(matchmaker.issueTicket({ params: { id }, body: { playerId: 'ann' } }), withCode('session_over'));
    assert.equal((await matchmaker.leaveSeat({ params: { id, player: 'ann' } })).body.state, 'ended');
    const waiting = await asked({ session: sized(2), players: [player('ann')] });
    await assert.rejects(matchmaker.issueTicket({ params: { id: waiting.id }, body: { playerId: 'ann' } }), withCode('session_not_ready'));
  });

  it('tells a player the session that they play, before those that they watch, and waits for one that is not there yet', async () => {
    const zoe = `zoe-${randomUUID().slice(0, 8)}`;
    const client = await world.as(zoe, ['player']);
    const call = (wait: number) => client.playerSession({ params: { id: zoe }, query: { wait } });
    await assert.rejects(call(0), withCode('no_session'));
    const early = call(20);
    const first = await played({ session: sized(2), players: [player(zoe)] });
    assert.equal((await early).body.allocationId, first.id);
    const watched = await played({ session: sized(1, 1), players: [spectator(zoe)] });
    assert.equal((await call(0)).body.allocationId, first.id);
    const matchmaker = await world.matchmaker();
    await matchmaker.leaveSeat({ params: { id: first.id, player: zoe } });
    const seen = (await call(0)).body;
    assert.deepEqual([seen.allocationId, seen.role], [watched.id, 'spectator']);
    await matchmaker.takeSeats({ params: { id: first.id }, body: { players: [player(zoe)] } });
    assert.equal((await call(0)).body.allocationId, first.id);
    await Promise.all([first.end(), watched.end()]);
  });

  describe('an id that joins a live world', () => {
    const island = () => ({ ...sized(4), world: `island-${randomUUID().slice(0, 8)}` });

    it('frees what it alone brought when it is deleted, and shows its caller nobody else’s way in', async () => {
      const session = island();
      const host = await asked({ session, players: [player('ann')] });
      const one = await asked({ session, players: [player('ann'), player('bob'), player('cid')] });
      const two = await asked({ session, players: [player('cid')] });
      assert.deepEqual(await playersOf(host.id), ['ann', 'bob', 'cid']);
      const matchmaker = await world.matchmaker();
      await matchmaker.takeSeats({ params: { id: one.id }, body: { players: [player('dan')] } });
      for (let again = 0; again < 2; again += 1) await matchmaker.cancelAllocation({ params: { id: one.id } });
      assert.deepEqual(await playersOf(host.id), ['ann', 'cid']);
      const repeated = (await matchmaker.requestAllocation({ body: one.body })).body;
      assert.deepEqual([repeated.aliasOf, repeated.players.length], [host.id, 2]);
      await assert.rejects(matchmaker.takeSeats({ params: { id: one.id }, body: { players: [player('eve')] } }), withCode('session_over'));
      await matchmaker.cancelAllocation({ params: { id: two.id } });
      assert.deepEqual(await playersOf(host.id), ['ann']);
      assert.equal((await matchmaker.getAllocation({ params: { id: host.id } })).body.state, 'queued');
    });

    it('has its seats exactly once when the allocator is killed between its two writes, wherever that falls', async () => {
      const session = { ...island(), capacity: 100 };
      const host = await asked({ session, players: [player('host')] });
      const aliases = await openAliases(world.database.db);
      const bodies: AllocationRequest[] = [];
      for (let round = 0; round < 4; round += 1) {
        const matchmaker = await world.matchmaker();
        const some = Array.from({ length: 6 }, (_, at) =>
          anAllocation(EMPTY, { session, players: [player(`p${round}-${at}`), player(`q${round}-${at}`)] }),
        );
        bodies.push(...some);
        const answers = some.map((body) => matchmaker.requestAllocation({ body }).catch(() => undefined));
        await letPass(round * 5);
        await world.killAllocator();
        await Promise.all(answers);
      }
      const matchmaker = await world.matchmaker();
      const brought = new Set(await playersOf(host.id));
      for (const { players } of bodies) assert.equal(new Set(players.map((one) => brought.has(one.id))).size, 1, 'all of a party or none');
      for (const body of [...bodies, ...bodies]) assert.equal((await matchmaker.requestAllocation({ body })).body.aliasOf, host.id);
      const all = ['host', ...bodies.flatMap((body) => body.players.map((one) => one.id))];
      assert.deepEqual((await playersOf(host.id)).toSorted(), all.toSorted());
      for (const { id } of bodies) assert.equal((await aliases.findById(id))?.state, 'joined');
      assert.deepEqual((await seatEvents(host.uid)).flatMap(({ joined }) => joined).toSorted(), all.slice(1).toSorted());
    });

    it('goes on from each point at which its process can die', async () => {
      const session = island();
      const host = await asked({ session, players: [] });
      const matchmaker = await world.matchmaker();
      const aliases = await openAliases(world.database.db);
      const joiner = await asked({ session, players: [player('ann')] });
      const kept = await aliases.findById(joiner.id);
      assert.ok(kept);
      const { raw } = (await openAllocations(world.database.db)).documents;
      const rewind = async (seatsToo: boolean) => {
        await world.database.db.collection<{ _id: string }>('aliases').updateOne({ _id: kept._id }, { $set: { state: 'joining' } });
        if (seatsToo) await raw.updateOne({ _id: host.uid }, { $set: { seats: [] }, $inc: { version: 1 } });
      };
      for (const seatsToo of [false, true]) {
        await rewind(seatsToo);
        if (seatsToo) await assert.rejects(matchmaker.getAllocation({ params: { id: joiner.id } }), withCode('allocation_unknown'));
        assert.equal((await matchmaker.requestAllocation({ body: joiner.body })).body.aliasOf, host.id);
        assert.deepEqual(await playersOf(host.id), ['ann']);
        assert.equal((await aliases.findById(joiner.id))?.state, 'joined');
      }
      await rewind(false);
      await matchmaker.cancelAllocation({ params: { id: joiner.id } });
      assert.deepEqual(await playersOf(host.id), []);
      // Its session has ended without it: the id gets the world's next one.
      await rewind(true);
      await matchmaker.cancelAllocation({ params: { id: host.id } });
      const next = (await matchmaker.requestAllocation({ body: joiner.body })).body;
      assert.deepEqual([next.aliasOf, next.players.length], [undefined, 1]);
    });

    it('is one allocation when it is sent by many at once, and refused when there is no room, until there is', async () => {
      const session = { ...island(), capacity: 2 };
      const host = await asked({ session, players: [player('ann')] });
      const matchmaker = await world.matchmaker();
      const body = anAllocation(EMPTY, { session, players: [player('bob'), player('cid')] });
      await assert.rejects(matchmaker.requestAllocation({ body }), withCode('world_full'));
      await assert.rejects(matchmaker.getAllocation({ params: { id: body.id } }), withCode('allocation_unknown'));
      await matchmaker.leaveSeat({ params: { id: host.id, player: 'ann' } });
      const answers = await Promise.all(Array.from({ length: 20 }, () => matchmaker.requestAllocation({ body })));
      for (const { body: answer } of answers) assert.equal(answer.aliasOf, host.id);
      assert.deepEqual(await playersOf(host.id), ['bob', 'cid']);
    });
  });

  it('and their game server grows and shrinks with its session and with the seats that are taken', async () => {
    const cores = { idle: '100m', allocated: '500m', full: '1' };
    const level = (cpu: string) => ({ requests: { cpu } });
    const profile = { idle: level(cores.idle), allocated: level(cores.allocated), full: level(cores.full), holdSeconds: 0 };
    const own = await world.makeFleet(EAST, 1);
    const send = (method: 'GET' | 'POST' | 'PATCH', path: string, body?: object) =>
      world.kube.send({ method, path, timeoutMs: 60_000, ...(body === undefined ? {} : { body }) });
    const annotations = { 'lifeverse.dev/resize': JSON.stringify(profile) };
    await send('PATCH', `/apis/agones.dev/v1/namespaces/${EAST}/fleets/${own}`, { metadata: { annotations } });
    const [server] = await world.servers(EAST, own);
    assert.ok(server);
    // The game server of the test needs no pod; its size is that of one.
    const { name, uid } = server;
    const ownerReferences = [{ apiVersion: 'agones.dev/v1', kind: 'GameServer', name, uid }];
    const container = { name: 'game', image: 'none', resources: { requests: { cpu: '2' } } };
    const metadata = { name, ownerReferences, annotations: { 'agones.dev/container': 'game' } };
    await send('POST', `/api/v1/namespaces/${EAST}/pods`, { metadata, spec: { containers: [container] } });
    const becomes = (size: keyof typeof cores) =>
      until(`it is ${size}`, async () => {
        const { body } = await send('GET', `/api/v1/namespaces/${EAST}/pods/${name}`);
        return (body as { spec: { containers: [typeof container] } }).spec.containers[0].resources.requests.cpu === cores[size];
      });
    await becomes('idle');
    const { id } = await asked({ session: sized(2), players: [player('ada')] }, own);
    await becomes('allocated');
    const matchmaker = await world.matchmaker();
    await matchmaker.takeSeats({ params: { id }, body: { players: [player('bob')] } });
    await becomes('full');
    await matchmaker.leaveSeat({ params: { id, player: 'bob' }, query: {} });
    await becomes('allocated');
  });
});
