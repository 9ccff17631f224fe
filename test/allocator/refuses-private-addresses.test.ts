import assert from 'node:assert/strict';
import { createWebhookSender } from '../../allocator/delivery/webhooks/sender.ts';
import { signedMessage } from '../../allocator/delivery/webhooks/message.ts';
import { testStack } from '../../local/testing.ts';
import { startReceiver, type Receiver } from './webhook-receiver.ts';
import { until } from './allocator-under-test.ts';
import { anEvent, newUid, refusedWith, webhooksUnderTest, type WebhooksUnderTest } from './webhooks-under-test.ts';

describe('Webhooks where private addresses are refused', function () {
  this.timeout(300_000);
  let world: WebhooksUnderTest;
  let receiver: Receiver;
  before(async () => {
    world = await webhooksUnderTest({ privateAddresses: 'refuse' });
    receiver = await startReceiver('https');
  });
  after(async () => {
    await world.close();
    await receiver.close();
  });

  for (const url of [
    'http://game.example/',
    'https://127.0.0.1/',
    'https://localhost:8443/',
    'https://[::1]/',
    'https://u:p@game.example/',
  ]) {
    it(`cannot be made for ${url}`, async () => {
      const operator = await world.as('operator', 'operator');
      await assert.rejects(operator.createWebhook({ body: { url } }), refusedWith('webhook_url_refused'));
    });
  }

  it('may be made for a name that cannot be resolved yet', async () => {
    const operator = await world.as('operator', 'operator');
    const { id } = (await operator.createWebhook({ body: { url: 'https://not-yet.invalid/hook' } })).body;
    await assert.rejects(
      operator.changeWebhook({ params: { id }, body: { url: 'https://localhost/' } }),
      refusedWith('webhook_url_refused'),
    );
  });

  it('do not connect to a name that has come to resolve to a private address', async () => {
    const operator = await world.as('operator', 'operator');
    const { id } = (await operator.createWebhook({ body: { url: 'https://not-yet.invalid/hook' } })).body;
    const found = await world.parts.webhooks.find(id);
    assert.ok(found);
    await world.parts.webhooks.amend(found, { url: receiver.url.replace('127.0.0.1', 'localhost') });
    world.dispatch();
    await world.append(anEvent(newUid()));
    const last = async () => (await operator.listWebhookDeliveries({ params: { id } })).body.deliveries[0]?.last;
    await until('it was tried', async () => (await last()) !== undefined);
    assert.equal((await last())?.error, 'localhost has no public address');
    assert.equal(receiver.connections, 0);
  });

  it('would be connected to where the same sender is allowed to', async () => {
    const { authority } = await testStack();
    const sender = createWebhookSender({ privateAddresses: 'allow', caFile: authority.caFile });
    const [event] = await world.events.readAfter(0, 1);
    assert.ok(event);
    const url = receiver.url.replace('127.0.0.1', 'localhost');
    const answer = await sender.send(url, signedMessage(event, ['whsec_AAAA'], Date.now()), new AbortController().signal);
    await sender.close();
    assert.deepEqual({ kind: answer.kind, connections: receiver.connections }, { kind: 'answered', connections: 1 });
  });
});
