import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { createWebhookSender } from '../../allocator/delivery/webhooks/sender.ts';
import { startReceiver, type Receiver } from './webhook-receiver.ts';
import { until } from './allocator-under-test.ts';
import { anEvent, newUid, refusedWith, webhooksUnderTest, type WebhooksUnderTest } from './webhooks-under-test.ts';

/** Small, seeded, and the same at each run. */
function luckFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Of what was accepted: each allocation's events first come in the order of the log. */
function assertOrdered(receiver: Receiver, path?: string): void {
  const last = new Map<string, number>();
  const seen = new Set<number>();
  for (const { uid, seq } of receiver.accepted(path)) {
    if (seen.has(seq)) continue;
    seen.add(seq);
    assert.ok(seq > (last.get(uid) ?? 0), `event ${seq} came after ${last.get(uid)}`);
    last.set(uid, seq);
  }
}

/** Less than what the reference library lets clocks differ by, and more than any test takes. */
const OVERLAP_SECONDS = 200;
const DAY_MS = 86_400_000;

describe('Webhooks', function () {
  this.timeout(300_000);
  let world: WebhooksUnderTest;
  let receiver: Receiver;
  before(async () => {
    world = await webhooksUnderTest();
  });
  after(() => world.close());
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(async () => {
    const operator = await world.as('operator', 'operator');
    for (const { id } of (await operator.listWebhooks({})).body.webhooks) await operator.deleteWebhook({ params: { id } });
    await world.endAll();
    await receiver.close();
  });

  const make = async (body: { url?: string; kinds?: ('queued' | 'ready')[]; fleets?: string[] } = {}) =>
    (await (await world.as('operator', 'operator')).createWebhook({ body: { url: receiver.url, ...body } })).body;
  const operator = () => world.as('operator', 'operator');
  const allAccepted = (seqs: readonly number[], path?: string, at = receiver) =>
    until(`${seqs.length} events accepted`, async () => {
      const seen = new Set(at.accepted(path).map(({ seq }) => seq));
      return seqs.every((seq) => seen.has(seq));
    });
  const quiet = (id: string) => until('nothing is pending', async () => (await world.parts.deliveries.count('pending', id)) === 0);

  it('tell each event once, signed so that the reference library believes it, over https', async () => {
    const secure = await startReceiver('https');
    try {
      const { secret } = await make({ url: `${secure.url}/hook` });
      world.dispatch();
      const [seq] = await world.append(anEvent(newUid(), 'ready'));
      assert.ok(seq !== undefined);
      await allAccepted([seq], '/hook', secure);
      const [got] = secure.got;
      assert.ok(got);
      assert.deepEqual(new Webhook(secret).verify(got.body, { ...got.headers }), JSON.parse(got.body));
      assert.equal(got.message.type, 'allocation.ready');
      assert.equal(got.headers['webhook-id'], got.message.data.id);
      assert.equal(secure.got.length, 1);
    } finally {
      await secure.close();
    }
  });

  it('tell of what happens from their making on, of their kinds and fleets only', async () => {
    await world.append(anEvent(newUid()));
    await make({ url: `${receiver.url}/all` });
    await make({ url: `${receiver.url}/some`, kinds: ['ready'], fleets: ['duels'] });
    world.dispatch();
    const seqs = await world.append(
      anEvent(newUid(), 'queued'),
      anEvent(newUid(), 'ready', { fleet: 'raids' }),
      anEvent(newUid(), 'ready'),
    );
    await allAccepted(seqs, '/all');
    await allAccepted(seqs.slice(2), '/some');
    assert.deepEqual(
      receiver.got.filter(({ path }) => path === '/some').map(({ seq }) => seq),
      seqs.slice(2),
    );
    assert.equal(receiver.got.filter(({ path }) => path === '/all').length, 3);
  });

  it('keep the order of each allocation while the receiver fails at random, and lose nothing', async () => {
    const luck = luckFrom(7);
    receiver.answer = () => ({ status: luck() < 0.15 ? 500 : 204, after: luck() * 10 });
    await make();
    world.dispatch();
    const uids = Array.from({ length: 10 }, newUid);
    const seqs: number[] = [];
    for (let round = 0; round < 3; round += 1) seqs.push(...(await world.append(...uids.map((uid) => anEvent(uid)))));
    await allAccepted(seqs);
    assertOrdered(receiver);
    // Not even tried out of order: a later one is only sent once the one before it was accepted.
    const accepted = new Set<number>();
    for (const { seq, uid, status } of receiver.got) {
      const before = seqs.filter((other, nth) => other < seq && uids[nth % uids.length] === uid);
      assert.ok(before.every((other) => accepted.has(other)));
      if (status < 300) accepted.add(seq);
    }
    assert.ok(receiver.got.some(({ status }) => status === 500));
  });

  it('hold back only the allocation whose event is refused, and only at the webhook that refuses it', async () => {
    const [stuck, hangs, free] = [newUid(), newUid(), newUid()];
    const silent = await startReceiver();
    silent.answer = () => ({ status: 204, after: Number.POSITIVE_INFINITY });
    // Whoever does not answer is waited for longer than the test takes: had anything to wait for them, it would never come.
    const sender = createWebhookSender({ privateAddresses: 'allow', answerMs: 3_600_000 });
    receiver.answer = ({ data: { allocation } }) =>
      allocation.uid === hangs ? { status: 204, after: Number.POSITIVE_INFINITY } : { status: allocation.uid === stuck ? 500 : 204 };
    try {
      await make({ url: silent.url });
      await make();
      const end = world.dispatch({ sender });
      const stuckSeqs = await world.append(anEvent(stuck), anEvent(hangs), anEvent(stuck), anEvent(hangs));
      await allAccepted(await world.append(...Array.from({ length: 10 }, () => anEvent(free)), anEvent(newUid())));
      // Also what comes while the one before it waits for its next try.
      const tries = () => receiver.got.filter(({ uid }) => uid === stuck).length;
      const before = tries();
      await until('it was tried again', async () => tries() > before);
      const [later, last] = await world.append(anEvent(stuck), anEvent(free));
      await allAccepted([last ?? 0]);
      assert.ok(!receiver.got.some(({ seq }) => seq === later));
      await until('the silent one was asked, too', async () => silent.got.length > 0);
      assert.ok(!receiver.got.some(({ seq }) => seq === stuckSeqs[2] || seq === stuckSeqs[3]));
      await end();
    } finally {
      await sender.close();
      await silent.close();
    }
  });

  it('are signed with both secrets until the old one ends, and then with the new one', async () => {
    const { id, secret: old } = await make();
    let ahead = 0;
    world.dispatch({ now: () => Date.now() + ahead });
    const tell = async () => {
      const [seq = 0] = await world.append(anEvent(newUid()));
      await allAccepted([seq]);
      return receiver.got.find((one) => one.seq === seq);
    };
    const believes = (secret: string, got: Awaited<ReturnType<typeof tell>>) => {
      try {
        new Webhook(secret).verify(got?.body ?? '', { ...got?.headers });
        return true;
      } catch {
        return false;
      }
    };
    const rotated = (await (await operator()).rotateWebhookSecret({ params: { id }, body: { overlapSeconds: OVERLAP_SECONDS } })).body;
    assert.notEqual(rotated.secret, old);
    assert.ok(rotated.oldSecretUntil !== undefined);
    await until('the new secret is in use', async () => believes(rotated.secret, await tell()));
    const during = await tell();
    assert.ok(believes(old, during) && believes(rotated.secret, during));
    assert.equal(during?.headers['webhook-signature']?.split(' ').length, 2);
    ahead = Date.parse(rotated.oldSecretUntil) - Date.now();
    const after = await tell();
    assert.deepEqual([believes(old, after), believes(rotated.secret, after)], [false, true]);
    const shown = JSON.stringify([(await (await operator()).getWebhook({ params: { id } })).body, world.lines]);
    assert.ok(!shown.includes(old) && !shown.includes(rotated.secret), 'a secret is shown once');
  });

  it('are paused by a 410, and are sent after their resume what came in between', async () => {
    const { id } = await make();
    world.dispatch();
    receiver.answer = () => ({ status: 410 });
    const uid = newUid();
    const seqs = await world.append(anEvent(uid));
    const state = async () => (await (await operator()).getWebhook({ params: { id } })).body;
    await until('it is paused', async () => (await state()).state === 'paused');
    assert.equal((await state()).pausedBecause, 'gone');
    seqs.push(...(await world.append(anEvent(uid), anEvent(newUid()))));
    receiver.answer = () => ({ status: 204 });
    const tried = receiver.got.length;
    await until('it is left', async () => receiver.got.length === tried);
    await (await operator()).changeWebhook({ params: { id }, body: { state: 'active' } });
    await allAccepted(seqs);
    assertOrdered(receiver);
    assert.equal(receiver.accepted().length, 3);
  });

  it('wait as long as the receiver asks them to', async () => {
    let refusals = 0;
    receiver.answer = () => ((refusals += 1) === 1 ? { status: 429, headers: { 'retry-after': '2' } } : { status: 204 });
    await make();
    world.dispatch();
    await allAccepted(await world.append(anEvent(newUid())));
    const [first, second] = receiver.got;
    assert.ok(first && second && second.at - first.at >= 1_900);
  });

  it('do not follow redirects, and keep no more of an answer than its beginning', async () => {
    receiver.answer = (_message, path) =>
      path === '/from' ? { status: 302, headers: { location: `${receiver.url}/to` } } : { status: 500, body: 'x'.repeat(100_000) };
    const { id } = await make({ url: `${receiver.url}/from` });
    const { id: long } = await make({ url: `${receiver.url}/long` });
    world.dispatch();
    await world.append(anEvent(newUid()));
    const lastOf = async (of: string) => (await (await operator()).listWebhookDeliveries({ params: { id: of } })).body.deliveries[0]?.last;
    await until('both have failed', async () => (await lastOf(id)) !== undefined && (await lastOf(long)) !== undefined);
    assert.deepEqual({ ...(await lastOf(id)), at: '' }, { at: '', status: 302, error: 'redirects are not followed: give the final URL' });
    assert.equal((await lastOf(long))?.error, 'x'.repeat(200));
    assert.ok(!receiver.got.some(({ path }) => path === '/to'));
  });

  it('send a replay also of what is pending or dead, once', async () => {
    receiver.answer = () => ({ status: 500 });
    const { id } = await make();
    const end = world.dispatch({ giveUpMs: 1 });
    const [seq = 0] = await world.append(anEvent(newUid()));
    await until('it is dead', async () => (await world.parts.deliveries.count('dead', id)) === 1);
    await end();
    world.dispatch();
    receiver.answer = () => ({ status: 204 });
    await (await operator()).replayWebhook({ params: { id }, body: { after: seq - 1 } });
    await allAccepted([seq]);
    await quiet(id);
    assert.equal(receiver.accepted().length, 1);
    assert.equal(await world.parts.deliveries.count('dead', id), 0);
  });

  it('show what was given up, tell of it once per outage, go on with what follows, and try it again when told to', async () => {
    const [bad, good] = [newUid(), newUid()];
    receiver.answer = ({ data }) => (data.allocation.uid === bad ? { status: 500, body: 'no room' } : { status: 204 });
    const { id } = await make({ url: receiver.url });
    let ahead = 0;
    world.dispatch({ giveUpMs: DAY_MS, now: () => Date.now() + ahead });
    const errorsBefore = world.lines.filter(({ level }) => level === 'error').length;
    const dead = await world.append(anEvent(bad), anEvent(bad));
    const list = async (state: 'pending' | 'dead') =>
      (await (await operator()).listWebhookDeliveries({ params: { id }, query: { state } })).body.deliveries;
    await until('it was tried again', async () => ((await list('pending')).find(({ seq }) => seq === dead[0])?.attempts ?? 0) >= 2);
    ahead = DAY_MS;
    await until('both are dead', async () => (await list('dead')).length === 2);
    const [first] = await list('dead');
    assert.deepEqual(
      { seq: first?.seq, status: first?.last?.status, error: first?.last?.error, next: first?.nextTryAt },
      { seq: dead[0], status: 500, error: 'no room', next: undefined },
    );
    assert.ok((first?.attempts ?? 0) >= 2);
    assert.equal(world.lines.filter(({ level }) => level === 'error').length, errorsBefore + 1);
    const shown = async () => (await (await operator()).getWebhook({ params: { id } })).body;
    assert.ok((await shown()).failingSince !== undefined);
    assert.equal((await shown()).deliveries.dead, 2);

    await allAccepted(await world.append(anEvent(good)));
    await until('the outage is over', async () => (await shown()).failingSince === undefined);
    await assert.rejects(
      (await operator()).retryWebhookDelivery({ params: { id, seq: (dead[1] ?? 0) + 1 } }),
      refusedWith('dead_delivery_unknown'),
    );
    receiver.answer = () => ({ status: 204 });
    await (await operator()).retryWebhookDelivery({ params: { id, seq: dead[0] ?? 0 } });
    await allAccepted(dead.slice(0, 1));
    await until('one is left', async () => (await list('dead')).length === 1);
    assert.match(await world.registry.metrics(), /lifeverse_webhook_deliveries_total\{outcome="dead",service="webhooks"\} [23]/);
  });

  it('show their deliveries page by page', async () => {
    const { id } = await make();
    receiver.answer = () => ({ status: 503 });
    world.dispatch();
    const seqs = await world.append(...Array.from({ length: 5 }, () => anEvent(newUid())));
    await until('all are kept', async () => (await world.parts.deliveries.count('pending', id)) === 5);
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const { deliveries, next } = (
        await (await operator()).listWebhookDeliveries({ params: { id }, query: { limit: 2, ...(cursor === undefined ? {} : { cursor }) } })
      ).body;
      assert.ok(deliveries.length <= 2);
      seen.push(...deliveries.map(({ seq }) => seq));
      cursor = next;
    } while (cursor !== undefined);
    assert.deepEqual(seen, seqs);
  });

  it('of a matchmaker are its own, and tell of its own allocations only', async () => {
    const ours = await world.as('service:ours', 'matchmaker');
    const theirs = await world.as('service:theirs', 'matchmaker');
    const { id, ownEventsOnly } = (await ours.createWebhook({ body: { url: `${receiver.url}/ours` } })).body;
    assert.equal(ownEventsOnly, true);
    const { id: all } = await make({ url: `${receiver.url}/all` });
    assert.deepEqual((await theirs.listWebhooks({})).body.webhooks, []);
    assert.deepEqual(
      (await ours.listWebhooks({})).body.webhooks.map((one) => one.id),
      [id],
    );
    assert.equal((await (await world.as('party', 'backend')).listWebhooks({})).body.webhooks.length, 2);
    for (const attempt of [
      theirs.getWebhook({ params: { id } }),
      theirs.deleteWebhook({ params: { id } }),
      theirs.rotateWebhookSecret({ params: { id }, body: {} }),
      theirs.replayWebhook({ params: { id }, body: { after: 0 } }),
      theirs.changeWebhook({ params: { id }, body: { state: 'paused' } }),
      theirs.listWebhookDeliveries({ params: { id } }),
      theirs.retryWebhookDelivery({ params: { id, seq: 1 } }),
      ours.getWebhook({ params: { id: all } }),
    ])
      await assert.rejects(attempt, refusedWith('webhook_unknown'));
    await assert.rejects((await world.as('ada', 'player')).listWebhooks({}), refusedWith('role_missing'));

    world.dispatch();
    const seqs = await world.append(
      anEvent(newUid(), 'queued', { client: 'service:theirs' }),
      anEvent(newUid(), 'queued', { client: 'service:ours' }),
    );
    await allAccepted(seqs, '/all');
    await allAccepted(seqs.slice(1), '/ours');
    assert.deepEqual(
      receiver.got.filter(({ path }) => path === '/ours').map(({ seq }) => seq),
      seqs.slice(1),
    );
  });

  it('lose nothing when two dispatchers both believe that it is theirs, and keep the order', async () => {
    receiver.answer = () => ({ status: 204, after: 20 });
    await make();
    const uids = Array.from({ length: 5 }, newUid);
    world.dispatch();
    world.dispatch();
    const seqs: number[] = [];
    for (let round = 0; round < 6; round += 1) seqs.push(...(await world.append(...uids.map((uid) => anEvent(uid)))));
    await allAccepted(seqs);
    assertOrdered(receiver);
  });

  it('lose nothing when the cursor cannot be moved after the deliveries were kept, or the reverse', async () => {
    await make();
    let life = 0;
    const { webhooks, deliveries } = world.parts;
    const moveCursor: typeof webhooks.moveCursor = async (from, to) => {
      if (life === 0) throw new Error('the process died here');
      return webhooks.moveCursor(from, to);
    };
    const add: typeof deliveries.add = async (made) => {
      if (life === 1) throw new Error('the process died here');
      return deliveries.add(made);
    };
    const seqs = await world.append(anEvent(newUid()), anEvent(newUid()));
    for (; life < 2; life += 1)
      await world
        .dispatch({ webhooks: { ...webhooks, moveCursor }, deliveries: { ...deliveries, add } })()
        .catch(() => {});
    world.dispatch();
    await allAccepted(seqs);
  });
});
