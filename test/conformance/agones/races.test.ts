/** What many callers at once get, and what scales a fleet: facts that the recordings hold as races and timelines. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { collectionPath, FLEET_AUTOSCALERS, FLEETS, GAME_SERVERS, objectPath } from '../../../local/agones/resources/resource.ts';
import { waitUntil } from '../../../local/processes/wait-until.ts';
import { sharedStandIn, type ConformanceCluster } from './conformance-cluster.ts';

const START_MS = 120_000;

interface Answer {
  readonly status: { readonly state: string; readonly gameServerName: string };
}

describe('Agones conformance: races and scaling', () => {
  let cluster: ConformanceCluster;

  before(async function () {
    this.timeout(START_MS);
    cluster = await sharedStandIn();
  });

  it('gives each server to one caller: 14 at once for 10 servers', async () => {
    await fleetOf(cluster, 'races-many', 10);
    const answers = await Promise.all(Array.from({ length: 14 }, () => allocate(cluster, 'races-many', [{}])));
    const taken = answers.filter(({ status }) => status.state === 'Allocated').map(({ status }) => status.gameServerName);
    assert.equal(taken.length, 10);
    assert.equal(new Set(taken).size, 10);
    assert.equal(answers.filter(({ status }) => status.state === 'UnAllocated').length, 4);
  });

  it('answers a repeated id with its server, one after another, but not at once', async () => {
    await fleetOf(cluster, 'races-pair', 10);
    const pair = [{ matchLabels: { 'alloc-id': 'x' }, gameServerState: 'Allocated' }, {}];
    const first = await allocate(cluster, 'races-pair', pair, { 'alloc-id': 'x' });
    const second = await allocate(cluster, 'races-pair', pair, { 'alloc-id': 'x' });
    assert.equal(second.status.gameServerName, first.status.gameServerName);
    const other = [{ matchLabels: { 'alloc-id': 'y' }, gameServerState: 'Allocated' }, {}];
    const atOnce = await Promise.all(Array.from({ length: 8 }, () => allocate(cluster, 'races-pair', other, { 'alloc-id': 'y' })));
    assert.ok(new Set(atOnce.map(({ status }) => status.gameServerName)).size > 1, 'the stand-in is kinder than Agones');
  });

  it('takes no server that is being deleted', async () => {
    await fleetOf(cluster, 'races-gone', 1);
    await cluster.client.send({ method: 'DELETE', path: objectPath(FLEETS, 'races-gone', 'f') });
    const list = (): Promise<unknown> => cluster.client.send({ method: 'GET', path: collectionPath(GAME_SERVERS, 'races-gone') });
    await until('the fleet took its servers along', async () => JSON.stringify(await list()).includes('"items":[]'));
    assert.equal((await allocate(cluster, 'races-gone', [{}])).status.state, 'UnAllocated');
  });

  it('scales by a buffer', async () => {
    await fleetOf(cluster, 'scale-buffer', 1);
    await autoscale(cluster, 'scale-buffer', { type: 'Buffer', buffer: { bufferSize: 3, maxReplicas: 5 } });
    await until('three are wanted', async () => (await replicasOf(cluster, 'scale-buffer')) === 3);
  });

  it('scales by what a webhook answers, and asks it as Agones does', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        asked.push(text);
        response.end(JSON.stringify({ response: { uid: 'another', scale: true, replicas: 2 } }));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      await fleetOf(cluster, 'scale-webhook', 1);
      const { port } = server.address() as AddressInfo;
      await autoscale(cluster, 'scale-webhook', { type: 'Webhook', webhook: { url: `http://127.0.0.1:${port}/up` } });
      await until('two are wanted', async () => (await replicasOf(cluster, 'scale-webhook')) === 2);
      const question = JSON.parse(asked[0] ?? '{}') as {
        readonly request?: Readonly<Record<string, unknown>>;
        readonly response?: unknown;
      };
      assert.equal(question.response, null);
      assert.equal(question.request?.['name'], 'f');
      assert.deepEqual(question.request?.['status'], {
        replicas: 1,
        readyReplicas: 1,
        reservedReplicas: 0,
        allocatedReplicas: 0,
        allocations: 0,
      });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

async function fleetOf(cluster: ConformanceCluster, namespace: string, replicas: number): Promise<void> {
  const { client } = cluster;
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await client.send({ method: 'POST', path: '/api/v1/namespaces', body });
  const template = {
    metadata: { annotations: { 'agones.dev/dev-address': '127.0.0.1' } },
    spec: {
      ports: [{ name: 'default', portPolicy: 'Static', hostPort: 7777, containerPort: 7777 }],
      template: { spec: { containers: [{ name: 'game', image: 'none' }] } },
    },
  };
  const fleet = { apiVersion: 'agones.dev/v1', kind: 'Fleet', metadata: { name: 'f' }, spec: { replicas, template } };
  await client.send({ method: 'POST', path: collectionPath(FLEETS, namespace), body: fleet });
  await until(`${replicas} are Ready`, async () => {
    const { status } = FLEETS.parse(await client.send({ method: 'GET', path: objectPath(FLEETS, namespace, 'f') }));
    return status?.readyReplicas === replicas;
  });
}

async function allocate(cluster: ConformanceCluster, namespace: string, selectors: readonly object[], labels = {}): Promise<Answer> {
  const path = `/apis/allocation.agones.dev/v1/namespaces/${namespace}/gameserverallocations`;
  const body = { apiVersion: 'allocation.agones.dev/v1', kind: 'GameServerAllocation', spec: { selectors, metadata: { labels } } };
  return (await cluster.client.send({ method: 'POST', path, body })) as Answer;
}

async function autoscale(cluster: ConformanceCluster, namespace: string, policy: object): Promise<void> {
  const sync = { type: 'FixedInterval', fixedInterval: { seconds: 1 } };
  const spec = { fleetName: 'f', policy, sync };
  const body = { apiVersion: 'autoscaling.agones.dev/v1', kind: 'FleetAutoscaler', metadata: { name: 'a' }, spec };
  await cluster.client.send({ method: 'POST', path: collectionPath(FLEET_AUTOSCALERS, namespace), body });
}

async function replicasOf(cluster: ConformanceCluster, namespace: string): Promise<number | undefined> {
  return FLEETS.parse(await cluster.client.send({ method: 'GET', path: objectPath(FLEETS, namespace, 'f') })).spec.replicas;
}

const until = (what: string, isSo: () => Promise<boolean>): Promise<unknown> =>
  waitUntil(isSo, { what, deadlineMs: 60_000, everyMs: 30, signal: new AbortController().signal });
