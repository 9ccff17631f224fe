import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { AppError } from '../../contracts/app-error.ts';
import { joinAuthorities } from '../../deploy/cluster/settings/join-authorities.ts';
import { testStack } from '../../local/testing.ts';
import { openLocalAuthority } from '../../local/tls/local-authority.ts';
import { render } from '../fleets/rendered.ts';
import { allocatorUnderTest, anAllocation, EAST, until, WEST, type AllocatorUnderTest } from './allocator-under-test.ts';

const Autoscaler = z.looseObject({
  spec: z.looseObject({
    policy: z.looseObject({ chain: z.array(z.looseObject({ id: z.string(), webhook: z.looseObject({ url: z.string() }).optional() })) }),
  }),
});

describe("The allocator as the webhook of a fleet's autoscaler", function () {
  this.timeout(300_000);
  let world: AllocatorUnderTest;
  before(async () => {
    world = await allocatorUnderTest();
  });
  after(() => world.stop());

  const fleetPath = (cluster: string, fleet: string) => `/apis/agones.dev/v1/namespaces/${cluster}/fleets/${fleet}`;
  const annotate = async (cluster: string, fleet: string, settings: Record<string, string>) => {
    const annotations = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`lifeverse.dev/${name}`, value]));
    const body = { metadata: { annotations } };
    const answer = await world.kube.send({ method: 'PATCH', path: fleetPath(cluster, fleet), body, timeoutMs: 60_000 });
    assert.equal(answer.status, 200);
  };
  const replicasOf = async (cluster: string, fleet: string) => {
    const { body } = await world.kube.send({ method: 'GET', path: fleetPath(cluster, fleet), timeoutMs: 60_000 });
    return (body as { spec: { replicas?: number } }).spec.replicas ?? 0;
  };
  const webhookOf = async (cluster: string, fleet: string) => {
    const { authority } = await testStack();
    const caBundle = readFileSync(authority.caFile).toString('base64');
    return { type: 'Webhook', webhook: { url: `${world.allocator.url}/v1/autoscaler/${cluster}/${fleet}`, caBundle } };
  };
  const autoscale = async (cluster: string, fleet: string, policy?: object) => {
    const at = `/apis/autoscaling.agones.dev/v1/namespaces/${cluster}/fleetautoscalers`;
    const body = {
      apiVersion: 'autoscaling.agones.dev/v1',
      kind: 'FleetAutoscaler',
      metadata: { name: fleet },
      spec: {
        fleetName: fleet,
        policy: policy ?? (await webhookOf(cluster, fleet)),
        sync: { type: 'FixedInterval', fixedInterval: { seconds: 1 } },
      },
    };
    assert.equal((await world.kube.send({ method: 'POST', path: at, body, timeoutMs: 60_000 })).status, 201);
    return async () => void (await world.kube.send({ method: 'DELETE', path: `${at}/${fleet}`, timeoutMs: 60_000 }));
  };
  /** Asks as Agones does. */
  const question = (cluster: string, fleet: string, allocated = 0, settings: Record<string, string> = { buffer: '0' }) => ({
    params: { cluster, fleet },
    body: {
      request: {
        uid: 'a-uid',
        name: fleet,
        namespace: cluster,
        status: { replicas: allocated, readyReplicas: 0, reservedReplicas: 0, allocatedReplicas: allocated, allocations: 0 },
        labels: { any: 'label' },
        annotations: Object.fromEntries(Object.entries(settings).map(([name, value]) => [`lifeverse.dev/${name}`, value])),
      },
      response: null,
    },
  });
  const wanted = async (...of: Parameters<typeof question>) => {
    const { response } = (await world.allocator.client().scaleFleet(question(...of))).body;
    assert.deepEqual([response.uid, response.scale], ['a-uid', true]);
    return response.replicas;
  };
  const ask = async (fleet: string, count: number, changes = {}) => {
    const matchmaker = await world.matchmaker();
    const asked = Array.from({ length: count }, () => anAllocation(fleet, changes));
    for (const one of asked) await matchmaker.requestAllocation({ body: one });
    return asked.map(({ id }) => id);
  };
  const cancel = async (ids: readonly string[]) => {
    const matchmaker = await world.matchmaker();
    for (const id of ids) await matchmaker.cancelAllocation({ params: { id } });
  };
  const stateOf = async (id: string) => (await (await world.matchmaker()).getAllocation({ params: { id } })).body.state;
  const refusedWith = (code: string) => (error: AppError) => error.code === code;

  it('takes a fleet from zero to as many as wait, and back to zero after the delay', async () => {
    const fleet = await world.makeFleet(EAST, 0);
    await annotate(EAST, fleet, { buffer: '0', max: '5', 'scale-down-seconds': '3600' });
    const end = await autoscale(EAST, fleet);
    const ids = await ask(fleet, 2);
    for (const id of ids) await until(`${id} has a server`, async () => (await stateOf(id)) === 'allocated');
    assert.ok((await replicasOf(EAST, fleet)) <= 5);
    await cancel(ids);
    const asked = world.database.db.collection<{ _id: string; askedAt: Date; busy: number }>('fleet_scaling');
    const idleAsks = new Set<number>();
    await until('it was asked for again and again, with nobody on it', async () => {
      const found = await asked.findOne({ _id: `${EAST}/${fleet}` });
      if (found?.busy === 0) idleAsks.add(found.askedAt.getTime());
      return idleAsks.size > 3;
    });
    assert.ok((await replicasOf(EAST, fleet)) >= 2, 'only after the delay');
    await annotate(EAST, fleet, { 'scale-down-seconds': '1' });
    await until('the fleet is at zero', async () => (await replicasOf(EAST, fleet)) === 0);
    await end();
  });

  it('is asked from a region without services by its address, under the authorities of all that may answer, and believed under no other', async () => {
    const { authority, folder } = await testStack();
    const others = await openLocalAuthority(path.join(folder, 'another-region'), 'Another region', () => new Date());
    const inBase64 = ({ caFile }: typeof authority) => readFileSync(caFile).toString('base64');
    const host = new URL(world.allocator.url).host;
    for (const [trusted, wanted] of [
      [[others, authority], 7],
      [[others], 4],
    ] as const) {
      const fleet = await world.makeFleet(EAST, 0);
      await annotate(EAST, fleet, { buffer: '7', max: '9' });
      const rendered = await render('overlays/prod/regions/asia-northeast1/fleets');
      const given = rendered.find(({ kind, metadata }) => kind === 'FleetAutoscaler' && metadata.name === 'sample-duel');
      const chain = Autoscaler.parse(given).spec.policy.chain.filter(({ id }) => id !== 'event');
      assert.deepEqual(
        chain.map(({ id }) => id),
        ['demand', 'fallback'],
      );
      const [demand, fallback] = chain;
      const url = demand?.webhook?.url
        .replace('allocator.lifeverse-services.svc.clusterset.local:8443', host)
        .replace('/lifeverse-prod-asia-northeast1/sample-duel', `/${EAST}/${fleet}`);
      assert.equal(url, `${world.allocator.url}/v1/autoscaler/${EAST}/${fleet}`);
      const asking = { ...demand, webhook: { ...demand?.webhook, url, caBundle: joinAuthorities(trusted.map(inBase64)) } };
      const end = await autoscale(EAST, fleet, {
        type: 'Chain',
        chain: [asking, { ...fallback, buffer: { bufferSize: 4, minReplicas: 4, maxReplicas: 9 } }],
      });
      await until(`the fleet has ${wanted}`, async () => (await replicasOf(EAST, fleet)) === wanted);
      await end();
    }
  });

  it('shares who waits among the clusters that may serve them, and counts nobody twice', async () => {
    const fleet = await world.makeFleet(EAST, 0);
    await world.copyFleet(WEST, fleet, 0);
    const settings = { buffer: '0', 'scale-down-seconds': '0' };
    const both = async () => [await wanted(EAST, fleet, 0, settings), await wanted(WEST, fleet, 0, settings)];
    assert.deepEqual(await both(), [0, 0]);
    type Range = readonly [least: number, most: number];
    // One look at those who wait is shared for a second.
    const settled = (...ranges: readonly Range[]) =>
      until(`the clusters want ${JSON.stringify(ranges)}`, async () => {
        const present = await both();
        return ranges.every(([least, most], at) => (present[at] ?? -1) >= least && (present[at] ?? -1) <= most);
      });
    // Those who arrived lately may bring a few more; twice as many would be all of them once again.
    const near = await ask(fleet, 8);
    await settled([8, 12], [0, 0]);
    const western = await ask(fleet, 8, { regions: [WEST] });
    await settled([8, 12], [8, 12]);
    await cancel(western);
    const operator = await world.as('ops', ['operator']);
    const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
    const window = { id: `w-${fleet}`, scope: { cluster: EAST }, startsAt: inMs(600_000), endsAt: inMs(1_200_000), reason: 'kernel' };
    await operator.planMaintenance({ body: window });
    await settled([0, 0], [8, 20]);
    await operator.cancelMaintenance({ params: { id: window.id } });
    await cancel(near);
  });

  it('remembers a wish through a restart, until its delay has passed', async () => {
    const fleet = await world.makeFleet(EAST, 0);
    const ids = await ask(fleet, 6);
    // One look at those who wait is shared for a second.
    await until('all six are seen', async () => (await wanted(EAST, fleet)) >= 6);
    await cancel(ids);
    await world.killAllocator();
    assert.ok((await wanted(EAST, fleet)) >= 6);
    assert.equal(await wanted(EAST, fleet, 0, { buffer: '0', 'scale-down-seconds': '0', max: '0' }), 0);
    assert.equal(await wanted(EAST, fleet, 9, { buffer: '0', max: '4' }), 9, 'never below what is allocated');
  });

  it('says of a wrong address or a wrong annotation what to mend', async () => {
    const fleet = await world.makeFleet(EAST, 0);
    const webhook = world.allocator.client();
    const other = question(EAST, fleet);
    await assert.rejects(webhook.scaleFleet(question('nowhere', fleet)), refusedWith('cluster_unknown'));
    await assert.rejects(webhook.scaleFleet(question(EAST, 'no-such-fleet')), refusedWith('fleet_unknown'));
    await assert.rejects(webhook.scaleFleet({ ...other, params: { cluster: WEST, fleet } }), refusedWith('fleet_differs'));
    await assert.rejects(webhook.scaleFleet(question(EAST, fleet, 0, { buffer: 'some' })), refusedWith('annotations_invalid'));
  });

  it('shows fleets over all clusters: what they have, who waits, which windows touch them', async () => {
    const fleet = await world.makeFleet(EAST, 2);
    await world.copyFleet(WEST, fleet, 1);
    await world.knows(EAST, fleet, 2);
    await world.knows(WEST, fleet, 1);
    const operator = await world.as('ops', ['operator']);
    const shown = async (name: string) => (await operator.listFleets({})).body.fleets.find((one) => one.name === name);
    const [id = ''] = await ask(fleet, 1);
    await until('it has a server', async () => (await stateOf(id)) === 'allocated');
    await ask('nobody-has-it', 2, { priority: 9 });
    await ask('nobody-has-it', 1);
    const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
    const window = { id: `w-${fleet}`, scope: { fleet }, startsAt: inMs(600_000), endsAt: inMs(1_200_000), reason: 'kernel' };
    await operator.planMaintenance({ body: window });
    await until('all of it is shown', async () => {
      const one = await shown(fleet);
      const isSeen = one?.allocated === 1 && one.waiting.count === 0 && one.windows.length === 1;
      return isSeen && (await shown('nobody-has-it'))?.waiting.count === 3;
    });

    const found = await shown(fleet);
    assert.deepEqual([found?.ready, found?.allocated, found?.total], [2, 1, 3]);
    const of = (cluster: string) => found?.clusters.find((one) => one.cluster === cluster);
    assert.deepEqual(of(EAST)?.builds, [{ build: 'dev', ready: 1, allocated: 1, reserved: 0, starting: 0, total: 2 }]);
    assert.equal(of(WEST)?.ready, 1);
    assert.deepEqual([found?.waiting.count, found?.windows[0]?.phase], [0, 'draining']);
    const missing = await shown('nobody-has-it');
    assert.deepEqual([missing?.total, missing?.waiting.byPriority], [0, { 5: 1, 9: 2 }]);
    assert.ok((missing?.waiting.oldestSeconds ?? -1) >= 0);
    await operator.cancelMaintenance({ params: { id: window.id } });
  });
});
