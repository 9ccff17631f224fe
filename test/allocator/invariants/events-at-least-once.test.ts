import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { openEventLog, type EventLog } from '../../../allocator/store/events.ts';
import { allocatorUnderTest, anAllocation, EAST, letPass, until, type AllocatorUnderTest } from '../allocator-under-test.ts';
import { startReceiver, type Receiver } from '../webhook-receiver.ts';
import { anEvent, newUid } from '../webhooks-under-test.ts';

describe('Invariant 8: an event reaches its subscriber at least once, in order per allocation: webhooks', function () {
  this.timeout(300_000);
  let world: AllocatorUnderTest;
  let events: EventLog;
  let receiver: Receiver;
  const secrets: string[] = [];
  before(async () => {
    world = await allocatorUnderTest({ env: { WEBHOOK_PRIVATE_ADDRESSES: 'allow' } });
    events = await openEventLog(world.database.db);
    receiver = await startReceiver();
  });
  afterEach(async () => {
    receiver.answer = () => ({ status: 204 });
    const operator = await world.as('operator', ['operator']);
    for (const { id } of (await operator.listWebhooks({})).body.webhooks) await operator.deleteWebhook({ params: { id } });
  });
  after(async () => {
    await receiver.close();
    await world.stop();
  });

  const make = async (path: string) => {
    const { body } = await (await world.as('operator', ['operator'])).createWebhook({ body: { url: `${receiver.url}${path}` } });
    secrets.push(body.secret);
    return body;
  };
  const tellSome = async (rounds: number): Promise<string[]> => {
    const uids = Array.from({ length: 8 }, newUid);
    const made = Array.from({ length: rounds }, () => uids.map((uid) => anEvent(uid))).flat();
    await events.append(made);
    return made.map(({ eventId }) => eventId);
  };
  const heard = (path: string) => receiver.accepted(path).map(({ message }) => message.data.id);
  const allHeard = (path: string, ids: readonly string[]) =>
    until('every event was heard', async () => {
      const known = new Set(heard(path));
      return ids.every((id) => known.has(id));
    });
  /** Takes so many at this path, and leaves the rest without an answer until it is told otherwise: whoever delivers is in the middle. */
  const takesOnly = (count: number, path: string) => {
    receiver.answer = () => (heard(path).length < count ? { status: 204 } : { status: 500, after: Number.POSITIVE_INFINITY });
  };
  const takesAll = () => {
    receiver.answer = () => ({ status: 204 });
  };
  const assertOrdered = (path: string) => {
    const last = new Map<string, number>();
    const seen = new Set<number>();
    for (const { uid, seq } of receiver.accepted(path)) {
      if (seen.has(seq)) continue;
      seen.add(seq);
      assert.ok(seq > (last.get(uid) ?? 0), `event ${seq} came first after ${last.get(uid)}`);
      last.set(uid, seq);
    }
  };

  it('reach the receiver when the allocator is killed while it delivers, in order and none left out', async () => {
    takesOnly(10, '/killed');
    await make('/killed');
    const ids = await tellSome(8);
    await until('it is delivering', async () => heard('/killed').length === 10);
    await world.killAllocator(async () => {
      assert.ok(new Set(heard('/killed')).size < ids.length, 'it was killed in the middle');
      takesAll();
    });
    await allHeard('/killed', ids);
    assertOrdered('/killed');
  });

  describe('while two of them run', () => {
    let another: Awaited<ReturnType<AllocatorUnderTest['startAnother']>>;
    before(async () => {
      another = await world.startAnother();
    });
    after(() => another.stop());

    /** Counted up whenever another process goes on with it. */
    const epoch = async () =>
      Number((await world.database.db.collection<{ _id: string; epoch: number }>('leases').findOne({ _id: 'webhooks' }))?.epoch);

    it('are sent once each when nothing goes wrong', async () => {
      // A holder that a busy machine keeps from prolonging its lease is taken over: then something has gone wrong.
      for (let round = 1; ; round += 1) {
        const path = `/quiet-${round}`;
        const before = await epoch();
        await make(path);
        const ids = await tellSome(5);
        await allHeard(path, ids);
        await letPass(1_000);
        if ((await epoch()) !== before) continue;
        assert.equal(heard(path).length, ids.length);
        return;
      }
    });

    it('are taken over while their process is paused, which does no harm when it wakes', async () => {
      const { pid } = world.allocator.process;
      try {
        // Alone, so that it is the one that delivers.
        await another.stop();
        takesOnly(5, '/paused');
        await make('/paused');
        const ids = await tellSome(6);
        await until('it is delivering', async () => heard('/paused').length === 5);
        another = await world.startAnother();
        const before = await epoch();
        process.kill(pid, 'SIGSTOP');
        assert.ok(heard('/paused').length < ids.length, 'it was paused in the middle');
        takesAll();
        await allHeard('/paused', ids);
        assert.ok((await epoch()) > before, 'the other has taken over');
        const more = await tellSome(2);
        process.kill(pid, 'SIGCONT');
        await allHeard('/paused', more);
        assertOrdered('/paused');
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    });
  });

  it('tell a matchmaker what becomes of its allocation', async () => {
    const matchmaker = await world.matchmaker();
    await matchmaker.createWebhook({ body: { url: `${receiver.url}/real` } });
    const fleet = await world.makeFleet(EAST, 0);
    const asked = anAllocation(fleet);
    const { uid } = (await matchmaker.requestAllocation({ body: asked })).body;
    await matchmaker.cancelAllocation({ params: { id: asked.id } });
    const kinds = () =>
      receiver
        .accepted('/real')
        .filter((one) => one.uid === uid)
        .map(({ message }) => message.data.kind);
    await until('its end is told', async () => kinds().includes('cancelled'));
    assert.equal(kinds()[0], 'queued');
    assert.equal(kinds().at(-1), 'cancelled');
    const first = receiver.accepted('/real').find((one) => one.uid === uid);
    assert.equal(first?.message.data.allocation.id, asked.id);
    assert.equal(first.headers['traceparent'], first.message.data.traceparent);
  });

  it('never log a secret or what a URL carries', async () => {
    const { id, secret } = await make('/path-that-nobody-logs?token=abc');
    const rotated = (await (await world.as('operator', ['operator'])).rotateWebhookSecret({ params: { id }, body: {} })).body;
    const log = await readFile(world.allocator.process.logFile, 'utf8');
    assert.match(log, /a webhook has a new secret/);
    for (const hidden of [...secrets, secret, rotated.secret, 'path-that-nobody-logs']) assert.ok(!log.includes(hidden), hidden);
  });
});
