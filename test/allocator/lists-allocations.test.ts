import assert from 'node:assert/strict';
import type { AppError } from '../../contracts/app-error.ts';
import { allocatorUnderTest, anAllocation, EAST, until, type AllocatorUnderTest } from './allocator-under-test.ts';
import { readySession } from './ready-session.ts';

describe('The allocator lists its allocations', function () {
  this.timeout(450_000);
  let world: AllocatorUnderTest;
  before(async () => {
    world = await allocatorUnderTest();
  });
  after(() => world.stop());

  const invalid = (error: AppError) => error.kind === 'invalid';
  const idsOf = (page: { body: { allocations: readonly { id: string }[] } }) => page.body.allocations.map((one) => one.id);

  it('newest first, page by page, while others come and change', async () => {
    const matchmaker = await world.matchmaker();
    const fleet = 'fleet-of-pages';
    const ids: string[] = [];
    for (let nth = 0; nth < 23; nth += 1) {
      const asked = anAllocation(fleet);
      await matchmaker.requestAllocation({ body: asked });
      ids.unshift(asked.id);
    }
    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await matchmaker.listAllocations({ query: { fleet, limit: 5, cursor } });
      seen.push(...idsOf(page));
      cursor = page.body.next;
      if (cursor === undefined) break;
      assert.equal(page.body.allocations.length, 5);
      await matchmaker.requestAllocation({ body: anAllocation(fleet) });
      await matchmaker.cancelAllocation({ params: { id: seen.at(-1) ?? '' } });
    }
    assert.deepEqual(seen, ids);
  });

  it('made in the same millisecond without loss or double', async () => {
    const matchmaker = await world.matchmaker();
    const fleet = 'fleet-at-once';
    await Promise.all(Array.from({ length: 12 }, () => matchmaker.requestAllocation({ body: anAllocation(fleet) })));
    await world.database.db.collection('allocations').updateMany({ 'request.fleet': fleet }, { $set: { createdAt: new Date() } });
    const seen: string[] = [];
    for (let cursor: string | undefined, pages = 0; pages < 4; pages += 1) {
      const page = await matchmaker.listAllocations({ query: { fleet, limit: 4, cursor } });
      seen.push(...idsOf(page));
      cursor = page.body.next;
      assert.equal(cursor === undefined, pages >= 2);
      if (cursor === undefined) break;
    }
    assert.equal(new Set(seen).size, 12);
    assert.equal(seen.length, 12);
  });

  it('by state, fleet, cluster, player and world, and by all of them together', async () => {
    const fleet = await world.makeFleet(EAST, 2);
    await world.knows(EAST, fleet, 2);
    const name = `isle-${Date.now()}`;
    const session = { map: 'island', world: name, capacity: 8, spectators: 0, data: {} };
    const players = [{ id: `zoe-${name}`, role: 'player' as const, latencies: {} }];
    const { id } = await readySession(world, fleet, { session, players });
    const other = await readySession(world, fleet);
    const matchmaker = await world.matchmaker();
    const waiting = anAllocation(fleet);
    await matchmaker.requestAllocation({ body: waiting });
    const ids = async (query: NonNullable<Parameters<typeof matchmaker.listAllocations>[0]['query']>) =>
      idsOf(await matchmaker.listAllocations({ query }));
    assert.deepEqual(await ids({ fleet }), [waiting.id, other.id, id]);
    assert.deepEqual(await ids({ fleet, state: 'ready' }), [other.id, id]);
    assert.deepEqual(await ids({ fleet, state: 'queued,placing' }), [waiting.id]);
    assert.deepEqual(await ids({ fleet, cluster: EAST }), [other.id, id]);
    assert.deepEqual(await ids({ cluster: 'no-such-cluster' }), []);
    assert.deepEqual(await ids({ player: `zoe-${name}` }), [id]);
    assert.deepEqual(await ids({ world: name }), [id]);
    assert.deepEqual(await ids({ world: name, player: `zoe-${name}`, fleet, cluster: EAST, state: 'ready' }), [id]);
    assert.deepEqual(await ids({ world: name, player: 'ada' }), []);
    const shown = JSON.stringify((await matchmaker.listAllocations({ query: { fleet } })).body);
    assert.match(shown, /"address"/);
    assert.doesNotMatch(shown, /admissions|joinTicket|packetKey/);
  });

  it('to whoever asked for them, and to operators all', async () => {
    const fleet = 'fleet-of-two';
    const [one, two] = [await world.as('service:one', ['matchmaker']), await world.as('service:two', ['matchmaker'])];
    const asked = [anAllocation(fleet), anAllocation(fleet)] as const;
    await one.requestAllocation({ body: asked[0] });
    await two.requestAllocation({ body: asked[1] });
    assert.deepEqual(idsOf(await one.listAllocations({ query: { fleet } })), [asked[0].id]);
    assert.deepEqual(idsOf(await two.listAllocations({ query: { player: 'ada' } })), [asked[1].id]);
    const operator = await world.as('op', ['operator']);
    assert.deepEqual(idsOf(await operator.listAllocations({ query: { fleet } })).toSorted(), asked.map(({ id }) => id).toSorted());
    const player = await world.as('ada', ['player']);
    await assert.rejects(player.listAllocations({}), (error: AppError) => error.kind === 'forbidden');
  });

  it('and says what is wrong with a question', async () => {
    const matchmaker = await world.matchmaker();
    const forged = (text: string) => Buffer.from(text).toString('base64url');
    for (const cursor of ['x', '', '!!', forged('1/2'), forged('NaN/00000000000000000000000000000000'), forged('{"$gt":""}')])
      await assert.rejects(matchmaker.listAllocations({ query: { cursor } }), invalid, cursor);
    for (const limit of [0, 201, -1, 1.5]) await assert.rejects(matchmaker.listAllocations({ query: { limit } }), invalid);
    for (const state of ['gone', 'ready,', 'ready,ready', ''])
      await assert.rejects(matchmaker.listAllocations({ query: { state } }), invalid);
  });

  const etagOf = (answer: { headers?: Readonly<Record<string, string>> }): string => {
    const etag = answer.headers?.['etag'];
    assert.ok(etag !== undefined && etag !== '');
    return etag;
  };

  it('and answers 304 without a body to whoever has one as it is', async () => {
    const matchmaker = await world.matchmaker();
    const asked = anAllocation('fleet-nowhere');
    const params = { id: asked.id };
    const made = etagOf(await matchmaker.requestAllocation({ body: asked }));
    const same = await matchmaker.getAllocation({ params, headers: { 'if-none-match': made } });
    assert.deepEqual([same.status, same.body, etagOf(same)], [304, undefined, made]);
    assert.equal(etagOf(await matchmaker.requestAllocation({ body: asked })), made);
    for (const known of [`"x", ${made}`, made.replace('W/', ''), '*'])
      assert.equal((await matchmaker.getAllocation({ params, headers: { 'if-none-match': known } })).status, 304, known);
    const cancelled = await matchmaker.cancelAllocation({ params });
    const changed = await matchmaker.getAllocation({ params, headers: { 'if-none-match': made } });
    assert.deepEqual([changed.status, changed.body?.state], [200, 'cancelled']);
    assert.notEqual(etagOf(changed), made);
    assert.equal(etagOf(changed), etagOf(cancelled));
  });

  it('and does not count its own book-keeping as a change of one', async () => {
    const matchmaker = await world.matchmaker();
    const asked = anAllocation('fleet-waited-for');
    const params = { id: asked.id };
    const made = etagOf(await matchmaker.requestAllocation({ body: asked }));
    await until('it was looked at twice, in vain', async () => {
      const { rejections } = (await matchmaker.traceAllocation({ params })).body;
      return Object.values(rejections).some((count) => count > 1);
    });
    await until('its first event is told', async () => (await matchmaker.listEventsOfAllocation({ params })).body.events.length === 1);
    assert.equal((await matchmaker.getAllocation({ params, headers: { 'if-none-match': made } })).status, 304);
  });

  it('and holds a call until one has changed, whichever process moves it', async () => {
    const matchmaker = await world.matchmaker();
    const another = await world.startAnother();
    try {
      const elsewhere = await world.matchmakerOf(another);
      for (const mover of [matchmaker, elsewhere]) {
        const asked = anAllocation('fleet-nowhere');
        const params = { id: asked.id };
        const made = etagOf(await matchmaker.requestAllocation({ body: asked }));
        const enough = new AbortController();
        const hold = (id: string, etag: string, wait: number) =>
          matchmaker.getAllocation({ params: { id }, query: { wait }, headers: { 'if-none-match': etag } }, { signal: enough.signal });
        const other = anAllocation('fleet-nowhere');
        const ofOther = etagOf(await matchmaker.requestAllocation({ body: other }));
        const held = hold(asked.id, made, 30);
        await mover.cancelAllocation({ params });
        // Begun later, and waits for nothing: had the first one not been woken, this one would end before it.
        const answer = await Promise.race([held, hold(other.id, ofOther, 15)]);
        enough.abort();
        assert.deepEqual([answer.status, answer.body?.state], [200, 'cancelled']);
        const quiet = await matchmaker.getAllocation({ params, query: { wait: 0.4 }, headers: { 'if-none-match': etagOf(answer) } });
        assert.equal(quiet.status, 304);
      }
    } finally {
      await another.stop();
    }
  });
});
