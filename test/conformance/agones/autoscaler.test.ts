/** What a FleetAutoscaler does by its policy: the recorded cases, and a chain whose webhook comes and goes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

import { collectionPath, FLEET_AUTOSCALERS, FLEETS, objectPath } from '../../../local/agones/resources/resource.ts';
import { freePort } from '../../../local/processes/free-port.ts';
import { waitUntil } from '../../../local/processes/wait-until.ts';
import { sharedStandIn, type ConformanceCluster } from './conformance-cluster.ts';
import { recordedCases } from './recorded-case.ts';

const START_MS = 240_000;
const DAY_MS = 86_400_000;
const RECORDED_IN = 'fas5';

const Recorded = z.object({
  name: z.string(),
  request: z.object({ method: z.string(), path: z.string(), body: z.record(z.string(), z.unknown()) }),
  created: z.object({ status: z.number(), body: z.record(z.string(), z.unknown()).optional() }),
  timeline: z.array(
    z.object({
      /** What the recorder did between two looks. */
      action: z.string().optional(),
      fleetSpecReplicas: z.number().nullish(),
      autoscalerStatus: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
    }),
  ),
  events: z.array(z.object({ object: z.string(), type: z.string(), reason: z.string(), message: z.string() })),
});
type Recorded = z.infer<typeof Recorded>;
const Events = z.object({ items: z.array(z.object({ type: z.string(), reason: z.string(), message: z.string() })) });

describe('Agones conformance: autoscalers', () => {
  let cluster: ConformanceCluster;
  const server = createServer((request, response) => {
    request.resume();
    response.end(JSON.stringify({ response: { uid: 'any', scale: true, replicas: 5 } }));
  });

  before(async function () {
    this.timeout(START_MS);
    cluster = await sharedStandIn();
    await makeNamespace(RECORDED_IN);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  const cases = recordedCases('autoscaler.json')
    .filter(({ name }) => /^(?:Buffer|Counter|List|Wasm|Chain|Schedule)/.test(name) && !name.startsWith('Chain: empty list'))
    .map((one) => Recorded.parse(one));
  for (const recorded of cases) {
    it(recorded.name, async function () {
      this.timeout(START_MS);
      const body = withTimes(recorded, (server.address() as AddressInfo).port);
      const { fleetName } = z.object({ fleetName: z.string() }).parse(body['spec']);
      if (recorded.created.status === 201) await makeFleet(RECORDED_IN, fleetName, recorded.timeline[0]?.fleetSpecReplicas ?? 2);
      const created = await cluster.replay({ ...recorded.request, path: collectionPath(FLEET_AUTOSCALERS, RECORDED_IN), body });
      assert.equal(created.status, recorded.created.status);
      if (created.status !== 201) {
        assert.deepEqual(faultsIn(messageOf(created.body)), faultsIn(messageOf(recorded.created.body)));
        return;
      }
      const { metadata } = FLEET_AUTOSCALERS.parse(created.body);
      const events = recorded.events
        .filter(({ object }) => object === 'FleetAutoscaler')
        .map(({ type, reason, message }) => ({ type, reason, message }));
      const last = recorded.timeline.at(-1);
      for (const [index, { action }] of recorded.timeline.entries()) {
        if (action === undefined) continue;
        const before = statusIn(recorded.timeline[index - 1]);
        await until('it has settled before it is acted', async () => sameStatus(await statusOf(metadata.name), before));
        await allocate(fleetName);
      }
      const status = statusIn(last);
      await until('it has settled as recorded', async () => {
        const told = await eventsOf(metadata.name);
        return told.length >= events.length && sameStatus(await statusOf(metadata.name), status);
      }).catch(() => {});
      assert.deepEqual((await eventsOf(metadata.name)).toSorted(byMessage), events.toSorted(byMessage));
      assert.deepEqual(masked(await statusOf(metadata.name)), status);
      assert.equal(await replicasOf(RECORDED_IN, fleetName), last?.fleetSpecReplicas);
    });
  }

  it('a chain falls back to its buffer while its webhook is away, and follows it while it is there', async function () {
    this.timeout(START_MS);
    const namespace = 'chain-webhook';
    await makeNamespace(namespace);
    await makeFleet(namespace, 'f', 1);
    const port = await freePort();
    const chain = [
      { id: 'demand', type: 'Webhook', webhook: { url: `http://127.0.0.1:${port}/demand` } },
      { id: 'fallback', type: 'Buffer', buffer: { bufferSize: 2, minReplicas: 2, maxReplicas: 5 } },
    ];
    const spec = { fleetName: 'f', policy: { type: 'Chain', chain }, sync: { type: 'FixedInterval', fixedInterval: { seconds: 1 } } };
    const body = { apiVersion: 'autoscaling.agones.dev/v1', kind: 'FleetAutoscaler', metadata: { name: 'a' }, spec };
    await cluster.client.send({ method: 'POST', path: collectionPath(FLEET_AUTOSCALERS, namespace), body });
    const isAt = async (replicas: number, policy: string): Promise<boolean> => {
      const { status } = FLEET_AUTOSCALERS.parse(await read(objectPath(FLEET_AUTOSCALERS, namespace, 'a')));
      return status?.lastAppliedPolicy === policy && (await replicasOf(namespace, 'f')) === replicas;
    };
    await until('the buffer answers', () => isAt(2, 'Chain:fallback:Buffer'));
    const demand = createServer((request, response) => {
      request.resume();
      response.end(JSON.stringify({ response: { uid: 'any', scale: true, replicas: 4 } }));
    });
    demand.listen(port, '127.0.0.1');
    await once(demand, 'listening');
    await until('the webhook answers', () => isAt(4, 'Chain:demand:Webhook'));
    demand.close();
    demand.closeAllConnections();
    await until('the buffer answers again', () => isAt(2, 'Chain:fallback:Buffer'));
  });

  const read = (path: string): Promise<unknown> => cluster.client.send({ method: 'GET', path });

  async function statusOf(name: string): Promise<object> {
    return FLEET_AUTOSCALERS.parse(await read(objectPath(FLEET_AUTOSCALERS, RECORDED_IN, name))).status ?? {};
  }

  async function allocate(fleet: string): Promise<void> {
    const path = `/apis/allocation.agones.dev/v1/namespaces/${RECORDED_IN}/gameserverallocations`;
    const spec = { selectors: [{ matchLabels: { 'agones.dev/fleet': fleet } }] };
    const body = { apiVersion: 'allocation.agones.dev/v1', kind: 'GameServerAllocation', spec };
    assert.match(JSON.stringify(await cluster.client.send({ method: 'POST', path, body })), /"state":"Allocated"/);
  }

  async function eventsOf(name: string): Promise<z.infer<typeof Events>['items']> {
    const selector = encodeURIComponent(`involvedObject.kind=FleetAutoscaler,involvedObject.name=${name}`);
    return Events.parse(await read(`/api/v1/namespaces/${RECORDED_IN}/events?fieldSelector=${selector}`)).items;
  }

  async function replicasOf(namespace: string, fleet: string): Promise<number> {
    return FLEETS.parse(await read(objectPath(FLEETS, namespace, fleet))).spec.replicas ?? 0;
  }

  async function makeNamespace(name: string): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await cluster.client.send({ method: 'POST', path: '/api/v1/namespaces', body });
  }

  async function makeFleet(namespace: string, name: string, replicas: number): Promise<void> {
    const template = {
      metadata: { annotations: { 'agones.dev/dev-address': '127.0.0.1' } },
      spec: {
        ports: [{ name: 'default', portPolicy: 'Static', hostPort: 7777, containerPort: 7777 }],
        // As the recorded webhook was told of the fleet beside these.
        counters: { rooms: { count: 1, capacity: 5 } },
        lists: { players: { capacity: 3, values: ['p0'] } },
        template: { spec: { containers: [{ name: 'game', image: 'none' }] } },
      },
    };
    const body = { apiVersion: 'agones.dev/v1', kind: 'Fleet', metadata: { name }, spec: { replicas, template } };
    await cluster.client.send({ method: 'POST', path: collectionPath(FLEETS, namespace), body });
    await until(
      `${replicas} are Ready`,
      async () => FLEETS.parse(await read(objectPath(FLEETS, namespace, name))).status?.readyReplicas === replicas,
    );
  }
});

/** The recorded request, at times for which its name stands, and at the port of this run's webhook. */
function withTimes({ name, request }: Recorded, port: number): Readonly<Record<string, unknown>> {
  const days = /past/.test(name) ? [-2, -1] : /future|inactive/.test(name) ? [1, 2] : [-1, 1];
  const times = days.map((day) => `${new Date(Date.now() + day * DAY_MS).toISOString().slice(0, -5)}Z`);
  const [start = '', end = ''] = times;
  const text = JSON.stringify(request.body)
    .replaceAll('"start":"<time>"', `"start":"${start}"`)
    .replaceAll('"end":"<time>"', `"end":"${end}"`);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(text.replaceAll('<port>', String(port))));
}

const TIME = /"\d{4}-\d\d-\d\dT[\d:.]+Z"/g;
const masked = (status: object): unknown => JSON.parse(JSON.stringify(status).replaceAll(TIME, '"<time>"'));
const messageOf = (body: unknown): string => z.object({ message: z.string() }).parse(body).message.replaceAll(TIME, '"<time>"');
const statusIn = (look: Recorded['timeline'][number] | undefined): Readonly<Record<string, unknown>> =>
  typeof look?.autoscalerStatus === 'object' && look.autoscalerStatus !== null ? look.autoscalerStatus : {};
const sameStatus = (one: object, other: object): boolean => isDeepStrictEqual(masked(one), other);
const byMessage = (one: { message: string }, other: { message: string }): number => one.message.localeCompare(other.message);

const until = (what: string, isSo: () => Promise<boolean>): Promise<unknown> =>
  waitUntil(isSo, { what, deadlineMs: 60_000, everyMs: 50, signal: new AbortController().signal });

/** The API server lists the faults of a schema in whatever order its maps have. */
function faultsIn(message: string): string[] {
  const [, head = message, list = ''] = /^(.*? is invalid: )\[(.*)\]$/s.exec(message) ?? [];
  return [
    head,
    ...list
      .split(', spec.')
      .map((fault) => fault.replace(/^spec\./, ''))
      .toSorted(),
  ];
}
