import assert from 'node:assert/strict';
import { startReceiver } from './webhook-receiver.ts';
import { until } from './allocator-under-test.ts';
import { anEvent, newUid, refusedWith, webhooksUnderTest } from './webhooks-under-test.ts';

const DAY_MS = 86_400_000;

describe('A replay of a webhook', function () {
  this.timeout(300_000);

  it('are replayed from a number and from an instant, and not from what is no longer kept', async () => {
    const world = await webhooksUnderTest();
    const receiver = await startReceiver();
    const old = new Date(Date.now() - 8 * DAY_MS);
    const recent = new Date(Date.now() - 3_600_000);
    const uid = newUid();
    const [pruned = 0] = await world.append(anEvent(uid, 'queued', { at: old }), anEvent(uid, 'queued', { at: old }));
    const seqs = await world.append(...Array.from({ length: 5 }, () => anEvent(uid, 'ready', { at: recent })));
    const operator = await world.as('operator', 'operator');
    const { id } = (await operator.createWebhook({ body: { url: receiver.url } })).body;
    world.dispatch();
    const replay = async (body: { after?: number; since?: string }) => operator.replayWebhook({ params: { id }, body });
    const delivered = (count: number) =>
      until(
        'all is delivered',
        async () => receiver.accepted().length >= count && (await world.parts.deliveries.count('pending', id)) === 0,
      );

    assert.deepEqual((await replay({ after: pruned + 3 })).body, { after: pruned + 3 });
    await delivered(3);
    assert.deepEqual(
      receiver.accepted().map(({ seq }) => seq),
      seqs.slice(2),
    );
    // Once more: told again, as new.
    await replay({ since: recent.toISOString() });
    await delivered(8);
    assert.deepEqual(
      receiver
        .accepted()
        .slice(3)
        .map(({ seq }) => seq),
      seqs,
    );
    assert.deepEqual((await replay({ since: new Date(Date.now() + 60_000).toISOString() })).body, { after: seqs.at(-1) });

    await world.events.prune(new Date(Date.now() - 7 * DAY_MS), 1_000);
    await assert.rejects(replay({ after: pruned }), refusedWith('events_pruned'));
    await assert.rejects(replay({ since: old.toISOString() }), refusedWith('events_pruned'));
    await assert.rejects(replay({}), refusedWith('input_invalid'));
    assert.deepEqual((await replay({ after: pruned + 1 })).body, { after: pruned + 1 });
    await world.close();
    await receiver.close();
  });
});
