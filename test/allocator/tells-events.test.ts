import assert from 'node:assert/strict';
import type { AppError } from '../../contracts/app-error.ts';
import { AllocationEvent } from '../../contracts/allocator-api/event.ts';
import { follow, openStream } from '../services/event-stream.ts';
import { allocatorUnderTest, anAllocation, EAST, until, type AllocatorUnderTest } from './allocator-under-test.ts';
import { insist } from './invariants/insist.ts';
import { readySession } from './ready-session.ts';

describe('The event log of the allocator', function () {
  this.timeout(450_000);
  let world: AllocatorUnderTest;
  before(async () => {
    world = await allocatorUnderTest();
  });
  after(() => world.stop());

  const operator = () => world.as('op', ['operator']);
  const client = (subject: string) => world.as(subject, ['matchmaker']);
  const headSeq = async () => {
    const op = await operator();
    for (let after: number | undefined; ;) {
      const { events, next } = (await op.listEvents({ query: { after, limit: 1_000 } })).body;
      if (events.length === 0) return next;
      after = next;
    }
  };

  /** The place behind everything that has happened: what is told from here on happens later. */
  const present = async () => {
    const untold = { untoldSince: { $ne: null } };
    await until('all is told', async () => (await world.database.db.collection('allocations').countDocuments(untold)) === 0);
    return headSeq();
  };

  /** Asks for what no fleet serves, then calls it off: queued, cancelled. */
  async function askAndCancel(subject: string, fleet: string, times = 1) {
    const made = await Promise.all(
      Array.from({ length: times }, async () => {
        const asked = anAllocation(fleet);
        // A client who gets no answer asks again, of whichever process there is: what one leaves behind would be told much later, as expired.
        const { uid } = (await insist(async () => (await client(subject)).requestAllocation({ body: asked }))).body;
        await insist(async () => (await client(subject)).cancelAllocation({ params: { id: asked.id } }));
        return { id: asked.id, uid };
      }),
    );
    return made;
  }

  it('tells of one allocation all its moves, in order, with where and why, and no way in', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    await world.knows(EAST, fleet, 1);
    const { id, uid, attempt, server, bridge } = await readySession(world, fleet);
    const { gameServer } = server;
    await bridge.endAttempt({ params: { uid, attempt }, body: { gameServer, reason: 'all left' } });
    const matchmaker = await world.matchmaker();
    let told: AllocationEvent[] = [];
    await until('its end is told', async () => {
      told = (await matchmaker.listEventsOfAllocation({ params: { id } })).body.events;
      return told.at(-1)?.kind === 'ended';
    });
    assert.deepEqual(
      told.map((event) => event.kind),
      ['queued', 'placing', 'allocated', 'claimed', 'ready', 'ended'],
    );
    for (const { kind, data, allocation } of told) {
      assert.equal(allocation.state, kind === 'claimed' ? 'allocated' : kind);
      assert.deepEqual([allocation.id, allocation.uid, allocation.fleet, allocation.client], [id, uid, fleet, 'service:matchmaker']);
      if (kind !== 'queued') assert.equal(data['attempt'], 1);
      if (kind !== 'queued' && kind !== 'placing') assert.deepEqual([data['cluster'], data['gameServer']], [EAST, gameServer]);
    }
    assert.equal(told.at(-1)?.data['reason'], 'all left');
    assert.doesNotMatch(JSON.stringify(told), /packetKey|joinTicket|127\.0\.0\.1|"port"/);
    const since = (await matchmaker.listEventsOfAllocation({ params: { id }, query: { after: told[2]?.seq ?? 0 } })).body;
    assert.deepEqual(since.events, told.slice(3));
  });

  it('tells a matchmaker of its own allocations only, and operators of all', async () => {
    const [mine] = await askAndCancel('service:one', 'nobody-has');
    const [theirs] = await askAndCancel('service:two', 'nobody-has');
    assert.ok(mine && theirs);
    const uidsSeen = async (seen: Awaited<ReturnType<typeof client>>) =>
      new Set((await seen.listEvents({ query: { limit: 1_000 } })).body.events.map((event) => event.allocation.uid));
    await until('all is told', async () => (await uidsSeen(await operator())).has(theirs.uid));
    assert.deepEqual(await uidsSeen(await client('service:one')), new Set([mine.uid]));
    assert.deepEqual(await uidsSeen(await client('service:two')), new Set([theirs.uid]));
    assert.ok((await uidsSeen(await operator())).has(mine.uid));
    await assert.rejects(
      (await client('service:two')).listEventsOfAllocation({ params: { id: mine.id } }),
      (error: AppError) => error.kind === 'not-found',
    );
    const streamed = await collect('service:two', '?after=0', (events) => events.some((event) => event.kind === 'cancelled'));
    assert.deepEqual(new Set(streamed.map((event) => event.allocation.uid)), new Set([theirs.uid]));
  });

  /** Follows a stream until it has seen enough. */
  async function collect(subject: string, query: string, enough: (events: AllocationEvent[]) => boolean): Promise<AllocationEvent[]> {
    const events: AllocationEvent[] = [];
    const stop = new AbortController();
    const token = await world.token(subject, [subject === 'op' ? 'operator' : 'matchmaker']);
    const following = follow(
      () => `${world.allocator.url}/v1/events/stream${query}`,
      token,
      stop.signal,
      ({ id, event, data }) => {
        const parsed = AllocationEvent.parse(JSON.parse(data));
        assert.deepEqual([id, event], [String(parsed.seq), parsed.kind]);
        events.push(parsed);
      },
    );
    try {
      await until('the stream has told enough', async () => enough(events));
    } finally {
      stop.abort();
      await following;
    }
    return events;
  }

  it('shows only what is asked for, and a place beyond what is not', async () => {
    const begin = await present();
    await askAndCancel('service:one', 'fleet-a', 2);
    await askAndCancel('service:one', 'fleet-b', 2);
    const one = await client('service:one');
    const all = async () => (await one.listEvents({ query: { after: begin, limit: 1_000 } })).body;
    await until('all is told', async () => (await all()).events.length === 8);
    const { next } = await all();
    const some = (await one.listEvents({ query: { after: begin, fleet: 'fleet-a', kind: 'cancelled,ready' } })).body;
    assert.deepEqual(
      some.events.map((event) => [event.kind, event.allocation.fleet]),
      [
        ['cancelled', 'fleet-a'],
        ['cancelled', 'fleet-a'],
      ],
    );
    assert.equal(some.next, next);
    const none = (await one.listEvents({ query: { after: begin, world: 'no-such-world' } })).body;
    assert.deepEqual(none, { events: [], next });
    await assert.rejects(one.listEvents({ query: { kind: 'exploded' } }), (error: AppError) => error.kind === 'invalid');
    const pages = [];
    for (let after = begin; after < next;) {
      const page = (await one.listEvents({ query: { after, limit: 3 } })).body;
      pages.push(...page.events.map((event) => event.id));
      after = page.next;
    }
    assert.deepEqual(
      pages,
      (await all()).events.map((event) => event.id),
    );
  });

  it('holds a call until something happens that its caller wants', async () => {
    const after = await present();
    const one = await client('service:one');
    const enough = new AbortController();
    const hold = (fleet: string, wait: number) =>
      one.listEvents({ query: { after, wait, kind: 'cancelled', fleet } }, { signal: enough.signal });
    const held = hold('fleet-held', 30);
    await askAndCancel('service:one', 'fleet-other');
    await askAndCancel('service:one', 'fleet-held');
    // Begun later, and waits for nothing: had the first one not been woken, this one would end before it.
    const { events } = (await Promise.race([held, hold('fleet-nobody', 15)])).body;
    enough.abort();
    assert.deepEqual(
      events.map((event) => [event.kind, event.allocation.fleet]),
      [['cancelled', 'fleet-held']],
    );
    const quiet = (await one.listEvents({ query: { after: await present(), wait: 0.3 } })).body;
    assert.deepEqual(quiet.events, []);
  });

  it('resumes a stream without gap or double where it was, over a kill of the process', async () => {
    const begin = await present();
    const again = async () => {
      for (let times = 0; times < 20; times += 1) await askAndCancel('service:one', 'fleet-killed');
    };
    let end = Number.POSITIVE_INFINITY;
    const streamed = collect('op', `?after=${begin}`, (events) => events.at(-1)?.seq === end);
    const asking = again();
    await until('the stream is under way', async () => (await headSeq()) > begin);
    await world.killAllocator();
    await asking;
    await again();
    end = await present();
    const events = await streamed;
    assert.deepEqual(
      events.map((event) => event.seq),
      Array.from({ length: end - begin }, (_, at) => begin + 1 + at),
    );
    assert.equal(new Set(events.map((event) => event.id)).size, events.length);
  });

  it('tells a stream its place when nothing comes that it wants', async () => {
    const begin = await present();
    const token = await world.token('op', ['operator']);
    await askAndCancel('service:one', 'fleet-unwanted');
    // Queued and cancelled.
    assert.equal(await present(), begin + 2);
    const stream = await openStream(`${world.allocator.url}/v1/events/stream?after=${begin}&fleet=none`, {
      authorization: `Bearer ${token}`,
    });
    assert.equal(stream.headers['content-type'], 'text/event-stream; charset=utf-8');
    for await (const { id, data } of stream.blocks()) {
      assert.deepEqual([id, data], [String(begin + 2), undefined]);
      break;
    }
    stream.close();
  });

  it('says where to begin when what was asked for is pruned, or beyond the log', async () => {
    const end = await headSeq();
    // What a process has in memory it can still tell; a fresh one has to look.
    await world.killAllocator(async () => void (await world.database.db.collection('events').deleteMany({ seq: { $lte: 2 } })));
    const op = await operator();
    const gone = (code: string, place: number) => (error: AppError) =>
      error.kind === 'gone' && error.code === code && error.message.includes(`begin after ${place}`);
    await assert.rejects(op.listEvents({ query: { after: 1 } }), gone('events_pruned', 2));
    await assert.rejects(op.listEvents({ query: { after: end + 100 } }), gone('events_unknown', end));
    const token = await world.token('op', ['operator']);
    const stream = await openStream(`${world.allocator.url}/v1/events/stream`, { authorization: `Bearer ${token}`, 'last-event-id': '1' });
    assert.equal(stream.status, 410);
    stream.close();
    assert.equal((await op.listEvents({ query: { after: 2, limit: 1 } })).body.events[0]?.seq, 3);
    assert.equal((await op.listEvents({ query: { limit: 1 } })).body.events[0]?.seq, 3);
  });
});
