import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { SessionPlayer } from '../../contracts/allocator.ts';
import { startPod, type Pod } from '../sdk-bridge/stand-in/bridge-process.ts';
import { allocatorUnderTest, anAllocation, EAST, until, type AllocatorUnderTest } from './allocator-under-test.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const player = (id: string): SessionPlayer => ({ id, role: 'player', latencies: {} });

/** The allocator, saves and the bridge are the real ones; in the pod Agones' sidecar is a stand-in. */
describe('A session behind a bridge', function () {
  this.timeout(900_000);
  let world: AllocatorUnderTest;
  let pod: Pod;
  let session: { id: string; uid: string; world: string; gameServer: string; firstKid: string };

  before(async () => {
    // A key signs for 6 s and is published 1.5 s before.
    world = await allocatorUnderTest({ env: { TICKET_KEY_DAYS: String(6 / 86_400), TICKET_KEY_LEAD_SECONDS: '1.5' } });
    const fleet = await world.makeFleet(EAST, 1);
    await world.knows(EAST, fleet, 1);
    const island = `island-${randomUUID().slice(0, 8)}`;
    const body = anAllocation(fleet, {
      session: { map: 'island', world: island, capacity: 4, spectators: 0, data: {} },
      players: [player('ann'), player('bob')],
    });
    const matchmaker = await world.matchmaker();
    const headers = { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` };
    const { uid } = (await matchmaker.requestAllocation({ body }, { headers })).body;
    await until('it is allocated', async () => (await get(body.id)).state === 'allocated');
    const { server } = await get(body.id);
    assert.ok(server);

    pod = await startPod({
      env: {
        ...(await world.bridgeEnv(server)),
        // A busy machine may keep the database from answering for long.
        FLUSH_MS: '60000',
      },
    });
    await pod.api.hello({ body: { build: 'dev', plugin: 'test' } });
    await pod.api.warm({});
    await until('it is Ready', async () => pod.sidecar.state() === 'Ready');
    const marks = await marksOf(server.gameServer);
    pod.sidecar.annotate(marks.annotations);
    pod.sidecar.allocate(marks.labels);
    await until('it has a session', async () => (await pod.api.session({ query: { wait: 10, from: 'idle' } })).body.phase !== 'idle');
    await pod.api.accept({ body: { port: 7_777, build: 'dev' } });
    session = {
      id: body.id,
      uid,
      world: island,
      gameServer: server.gameServer,
      firstKid: kidOf((await ticketOf(body.id, 'ann')).joinTicket),
    };
  });
  after(async () => {
    await pod?.close();
    await world?.stop();
  });

  const get = async (id: string) => (await (await world.matchmaker()).getAllocation({ params: { id } })).body;
  const ticketOf = async (id: string, playerId: string) =>
    (await (await world.matchmaker()).issueTicket({ params: { id }, body: { playerId } })).body;
  const admit = async (ticket: string) => (await pod.api.admit({ body: { ticket } })).body;
  const kidOf = (token: string) => decodeProtectedHeader(token).kid ?? '';
  const leaseOf = async (id: string) => (await (await world.saves()).getLease({ params: { kind: 'players', id } })).body.holder;

  const marksOf = (gameServer: string) => world.marksOn({ cluster: EAST, gameServer });

  it('carries the trace of its request to the game server, the claim, the join ticket and the bridge', async () => {
    const traced = (traceparent: string | undefined) => assert.equal(traceparent?.split('-')[1], TRACE_ID);
    traced((await marksOf(session.gameServer)).annotations['lifeverse.dev/traceparent']);
    const bridge = await world.bridgeOf({ cluster: EAST, gameServer: session.gameServer });
    const claim = await bridge.claimAttempt({ params: { uid: session.uid, attempt: 1 }, body: { gameServer: session.gameServer } });
    traced(claim.body.traceparent);
    assert.equal(decodeJwt((await ticketOf(session.id, 'ann')).joinTicket)['trace'], TRACE_ID);
    const lines = (text: string, message: string) => text.split('\n').filter((line) => line.includes(`"message":"${message}"`));
    for (const message of ['claimed', 'joinable'])
      assert.match(lines(pod.log(), message).join('\n'), new RegExp(`"traceId":"${TRACE_ID}"`));
    const log = await world.allocatorLog();
    for (const message of ['queued', 'allocated', 'ready']) {
      const [line = ''] = lines(log, message).filter((one) => one.includes(session.id));
      assert.ok(line.includes(`"traceId":"${TRACE_ID}"`), `${message}: ${line}`);
    }
  });

  it('goes on while the signing keys rotate under it: at the door, and at saves with the old grant and a new one', async () => {
    const { joinTicket } = await ticketOf(session.id, 'ann');
    assert.equal((await admit(joinTicket)).admitted, true);
    const kids = new Set([session.firstKid]);
    await until('two keys have followed', async () => {
      kids.add(kidOf((await ticketOf(session.id, 'bob')).joinTicket));
      return kids.size === 3;
    });
    const fresh = await ticketOf(session.id, 'bob');
    assert.notEqual(kidOf(fresh.joinTicket), session.firstKid);
    const verdict = await admit(fresh.joinTicket);
    assert.equal(verdict.admitted && verdict.packetKey, fresh.packetKey);
    // By the grant of its first claim, which the first key has signed.
    assert.deepEqual(await leaseOf('bob'), { uid: session.uid, attempt: 1 });
    const bridge = await world.bridgeOf({ cluster: EAST, gameServer: session.gameServer });
    const claim = await bridge.claimAttempt({ params: { uid: session.uid, attempt: 1 }, body: { gameServer: session.gameServer } });
    const grant = claim.body.saves.token;
    assert.notEqual(kidOf(grant), session.firstKid);
    assert.ok((await world.savesBy(grant).getLease({ params: { kind: 'worlds', id: session.world } })).body.epoch >= 1);
    assert.ok(claim.body.ticketKeys.keys.some((key) => key['kid'] === session.firstKid));
  });

  it('admits who was backfilled, and not who has left, once it has asked again', async () => {
    const matchmaker = await world.matchmaker();
    const { id } = session;
    const [cid] = (await matchmaker.takeSeats({ params: { id }, body: { players: [player('cid')] } })).body.admissions;
    assert.ok(cid);
    await matchmaker.leaveSeat({ params: { id, player: 'cid' } });
    const [dan] = (await matchmaker.takeSeats({ params: { id }, body: { players: [player('dan')] } })).body.admissions;
    const verdict = await admit(dan?.joinTicket ?? '');
    assert.equal(verdict.admitted && verdict.packetKey, dan?.packetKey);
    assert.deepEqual(await leaseOf('dan'), { uid: session.uid, attempt: 1 });
    assert.equal((await admit(cid.joinTicket)).admitted, false);

    await pod.api.leave({ params: { player: 'dan' }, body: { forGood: true } });
    await matchmaker.leaveSeat({ params: { id, player: 'dan' } });
    const [again] = (await matchmaker.takeSeats({ params: { id }, body: { players: [player('dan')] } })).body.admissions;
    assert.notEqual(again?.packetKey, dan?.packetKey);
    const second = await admit(again?.joinTicket ?? '');
    assert.equal(second.admitted && second.packetKey, again?.packetKey);
  });

  /** What Agones' own sidecar does: the game server's marks, as they are now. */
  const mirror = async () => pod.sidecar.annotate((await marksOf(session.gameServer)).annotations);
  const seatOf = async (playerId: string) => (await pod.api.roster({})).body.seats.find((seat) => seat.playerId === playerId)?.state;

  it('sends away whom an operator kicks, and lets them in again once they are given a seat anew', async () => {
    const matchmaker = await world.matchmaker();
    const { id } = session;
    const [eve] = (await matchmaker.takeSeats({ params: { id }, body: { players: [player('eve')] } })).body.admissions;
    assert.equal((await admit(eve?.joinTicket ?? '')).admitted, true);
    await pod.api.present({ params: { player: 'eve' } });
    const { version } = (await pod.api.notices({ query: {} })).body;
    const kicked = (await matchmaker.leaveSeat({ params: { id, player: 'eve' }, query: { kick: 'banned' } })).body;
    assert.ok(!kicked.players.some((one) => one.id === 'eve'));
    await until('the game server carries the order', async () =>
      JSON.stringify((await marksOf(session.gameServer)).annotations).includes('banned'),
    );
    await mirror();
    const present = async () => (await pod.api.notices({ query: { wait: 10, from: version } })).body;
    await until('the game server is told', async () => (await present()).version !== version);
    const { notices } = await present();
    assert.deepEqual(
      notices.map((notice) => notice.kind === 'kick' && [notice.playerId, notice.reason]),
      [['eve', 'banned']],
    );
    const verdict = await admit(eve?.joinTicket ?? '');
    assert.equal(!verdict.admitted && verdict.refusal, 'kicked');
    await pod.api.leave({ params: { player: 'eve' }, body: {} });
    const [again] = (await matchmaker.takeSeats({ params: { id }, body: { players: [player('eve')] } })).body.admissions;
    assert.equal((await admit(again?.joinTicket ?? '')).admitted, true);
    await until('the order is taken back', async () => !JSON.stringify((await marksOf(session.gameServer)).annotations).includes('banned'));
    await mirror();
  });

  it('frees the seat of whom the game kicks', async () => {
    await pod.api.kick({ params: { player: 'eve' }, body: { reason: 'vote' } });
    await until('the allocator has freed the seat', async () => !(await get(session.id)).players.some((one) => one.id === 'eve'));
    await pod.api.leave({ params: { player: 'eve' }, body: {} });
    assert.equal(await seatOf('eve'), 'left');
  });

  it('goes on when bridge, allocator and saves are killed together, time and again, and loses nothing', async () => {
    const { joinTicket } = await ticketOf(session.id, 'ann');
    const verdict = await admit(joinTicket);
    assert.equal(verdict.admitted, true);
    await pod.api.world({});
    const { durableSeq } = (await pod.api.inventory({ params: { player: 'ann' } })).body;
    let [seq, share] = [0, durableSeq];
    /** A pickup: one entry of the world, and one of the inventory. */
    const pickup = async () => {
      const inventories = [{ playerId: 'ann', seq: share + 1, data: { from: seq + 1 } }];
      await pod.api.appendWorld({ body: { entries: [{ seq: seq + 1, data: { n: seq + 1 }, inventories }] } });
      seq += 1;
      share += 1;
    };
    const killAll = async () => {
      const back = Promise.all([world.killAllocator(), world.killSaves()]);
      await pod.crash();
      // Its game server goes on meanwhile.
      await pickup();
      await back;
    };
    const states: [string, () => Promise<unknown>][] = [
      ['present', () => pod.api.present({ params: { player: 'ann' } })],
      ['away', () => pod.api.leave({ params: { player: 'ann' }, body: {} })],
    ];
    for (const [state, enter] of states) {
      await enter();
      for (let count = 0; count < 5; count += 1) await pickup();
      await killAll();
      assert.equal(await seatOf('ann'), state);
      assert.equal((await pod.api.session({})).body.phase, 'joinable');
    }
    await until('all of it is durable', async () => (await pod.api.worldAcks({})).body.durable === seq);
    await pickup();
    assert.equal((await admit(joinTicket)).admitted, true, 'within the grace the used ticket opens the same seat');
    // Whoever gets no answer says it again, as the game server does.
    const end = () => pod.api.end({ body: { reason: 'played' } });
    const ending = end().catch(() => undefined);
    await until('the end has begun', async () => (await pod.api.session({})).body.phase === 'ended');
    const back = Promise.all([world.killAllocator(), world.killSaves()]);
    await pod.crash();
    await Promise.all([ending, back]);
    await until('the end is carried out', async () => (await end().catch(() => undefined))?.body.phase === 'ended');
    assert.equal(pod.sidecar.state(), 'Shutdown');
    assert.equal((await get(session.id)).state, 'ended');
    const saves = await world.saves();
    const ofWorld = (await saves.restore({ params: { kind: 'worlds', id: session.world } })).body.entries;
    const ofAnn = (await saves.restore({ params: { kind: 'players', id: 'ann' } })).body.entries;
    const numbers = Array.from({ length: seq }, (_, at) => at + 1);
    assert.deepEqual(
      ofWorld.map((entry) => [entry.seq, entry.inventories?.[0]?.refused]),
      numbers.map((n) => [n, undefined]),
    );
    assert.deepEqual(
      ofAnn.map(({ data }) => data['from']),
      numbers,
    );
  });
});
