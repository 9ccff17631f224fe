import assert from 'node:assert/strict';
import { runningMatchmaker, ticketOf, until, type MatchmakerUnderTest } from './matchmaker-under-test.ts';

describe('the matchmaker places players', function () {
  this.timeout(300_000);
  let mm: MatchmakerUnderTest;
  before(async () => (mm = await runningMatchmaker()));
  after(() => mm.close());

  it('brings two players together and gives each their own admission, at once when it is ready', async () => {
    const [ann, bob] = [await mm.player('ann'), await mm.player('bob')];
    assert.equal((await ann.createTicket({ body: ticketOf('ann') })).status, 201);
    await bob.createTicket({ body: ticketOf('bob') });
    const ticket = await until('ann is placed', async () => {
      const { body } = await ann.getTicket({ params: { id: 't-ann' }, query: { wait: 15 } });
      return body.state === 'placed' ? body : undefined;
    });
    assert.deepEqual(ticket.connection?.address, { host: '203.0.113.5', port: 7_777 });
    assert.deepEqual(
      ticket.connection?.admissions.map((admission) => admission.playerId),
      ['ann'],
    );
    assert.equal(ticket.connection?.allocationId, ticket.matchId);
    assert.deepEqual(mm.allocator.allocations.get(ticket.matchId ?? '')?.request.session.data, { $odd: 1 });
    await assert.rejects(bob.getTicket({ params: { id: 't-ann' }, query: {} }), { kind: 'not-found' });
    await assert.rejects(bob.cancelTicket({ params: { id: 't-ann' } }), { kind: 'not-found' });
  });

  it("shows a player who is named in a backend's party ticket only their own admission", async () => {
    const players = ['eve', 'fay'].map((id) => ({ id, skill: 1, latencies: { eu: 1 } }));
    await mm.backend.createTicket({ body: ticketOf('party', { players }) });
    await until('they are placed', async () => (await mm.ticket('t-party')).state === 'placed');
    const seen = (await (await mm.player('fay')).getTicket({ params: { id: 't-party' }, query: {} })).body;
    assert.deepEqual([seen.state, seen.connection?.admissions.map((one) => one.playerId)], ['placed', ['fay']]);
    assert.equal((await mm.ticket('t-party')).connection?.admissions.length, 2);
  });

  it('keeps a ticket once, however often and however much at once it is sent', async () => {
    const gus = await mm.player('gus');
    const answers = await Promise.all(Array.from({ length: 20 }, () => gus.createTicket({ body: ticketOf('gus', { build: 'lonely' }) })));
    assert.deepEqual(
      answers.map((answer) => answer.status).toSorted((a, b) => a - b),
      [...Array.from({ length: 19 }, () => 200), 201],
    );
    const other = ticketOf('gus', { build: 'another' });
    await assert.rejects(gus.createTicket({ body: other }), { kind: 'conflict', code: 'ticket_differs' });
    await assert.rejects(mm.backend.createTicket({ body: ticketOf('gus', { build: 'lonely' }) }), { kind: 'conflict' });
  });

  it('lets a waiting ticket go, and leaves a placed one as it is', async () => {
    const hal = await mm.player('hal');
    await hal.createTicket({ body: ticketOf('hal', { build: 'lonely' }) });
    assert.equal((await hal.cancelTicket({ params: { id: 't-hal' } })).body.state, 'cancelled');
    assert.equal((await hal.createTicket({ body: ticketOf('hal', { build: 'lonely' }) })).body.state, 'cancelled');
    assert.equal((await mm.backend.cancelTicket({ params: { id: 't-ann' } })).body.state, 'placed');
  });

  it('queues tickets whose placement failed again, with their age, until one succeeds', async () => {
    const { script, allocations } = mm.allocator;
    let left = 2;
    script.onRequest = () => (left-- > 0 ? 'failed' : 'ready');
    for (const id of ['ida', 'jon']) await mm.backend.createTicket({ body: ticketOf(id, { build: 'flaky' }) });
    const { createdAt } = await mm.ticket('t-ida');
    const ticket = await until('ida is placed', async () =>
      (await mm.ticket('t-ida')).state === 'placed' ? mm.ticket('t-ida') : undefined,
    );
    assert.equal(ticket.createdAt, createdAt);
    const asked = [...allocations.values()].filter((one) => one.request.build === 'flaky');
    assert.deepEqual(
      asked.map((one) => one.state),
      ['failed', 'failed', 'ready'],
    );
    script.onRequest = () => 'ready';
  });

  it('waits out an allocator that is away', async () => {
    mm.allocator.script.away = true;
    for (const id of ['kim', 'leo']) await mm.backend.createTicket({ body: ticketOf(id, { build: 'away' }) });
    await until('kim is matched', async () => (await mm.ticket('t-kim')).state === 'matched');
    assert.equal((await mm.backend.queueStatus({})).body.queues.find((queue) => queue.mode === 'duel')?.matchesPlacing, 1);
    mm.allocator.script.away = false;
    await until('kim is placed', async () => (await mm.ticket('t-kim')).state === 'placed');
  });

  it('asks again for a world that was lost, in the same words under the next id, and tells its players', async () => {
    for (const id of ['mia', 'ned']) await mm.backend.createTicket({ body: ticketOf(id, { mode: 'realm' }) });
    await until('mia is placed', async () => (await mm.ticket('t-mia')).state === 'placed');
    const { connection, matchId = '' } = await mm.ticket('t-mia');
    assert.equal(connection?.world, 'realm-1');
    for (const id of ['ola', 'pia']) await mm.backend.createTicket({ body: ticketOf(id, { mode: 'realm' }) });
    await until('ola is placed', async () => (await mm.ticket('t-ola')).state === 'placed');
    assert.equal((await mm.ticket('t-ola')).connection?.allocationId, matchId, 'a live world is joined');

    const first = mm.allocator.allocations.get(matchId);
    assert.ok(first);
    first.state = 'lost';
    const second = await until('it is asked for again', () => mm.allocator.allocations.get(`${matchId}.r1`));
    assert.deepEqual({ ...second.request, id: matchId }, first.request);
    // Whichever of the two matches asked first has the world now; the other one joins it.
    const again = await until('mia learns of it', async () => {
      const now = (await mm.ticket('t-mia')).connection?.allocationId ?? '';
      return now.endsWith('.r1') ? mm.allocator.allocations.get(now) : undefined;
    });
    await until('ola learns of it', async () => (await mm.ticket('t-ola')).connection?.allocationId === again.request.id);

    again.state = 'ended';
    await until('it is watched no longer', async () => (await mm.store.matches.count({ mode: 'realm', open: true })) === 0);
    assert.equal(
      [...mm.allocator.allocations.keys()].some((id) => id.endsWith('.r2')),
      false,
    );
  });

  it('refuses what a player may not ask for, and what no mode can play', async () => {
    const zoe = await mm.player('zoe');
    await assert.rejects(zoe.createTicket({ body: ticketOf('ann', { id: 'x' }) }), { kind: 'forbidden', code: 'players_not_self' });
    const both = [...ticketOf('zoe').players, ...ticketOf('ann').players];
    await assert.rejects(zoe.createTicket({ body: ticketOf('zoe', { players: both }) }), { kind: 'forbidden' });
    for (const mode of ['nope', 'constructor'])
      await assert.rejects(zoe.createTicket({ body: ticketOf('zoe', { mode }) }), { kind: 'invalid', code: 'mode_unknown' });
    await assert.rejects(zoe.createTicket({ body: ticketOf('zoe', { party: { id: 'P', size: 3 } }) }), {
      kind: 'invalid',
      code: 'party_too_large',
    });
    await assert.rejects(zoe.queueStatus({}), { kind: 'forbidden' });
    await assert.rejects(mm.as('').createTicket({ body: ticketOf('zoe') }), { kind: 'unauthenticated' });
  });
});
