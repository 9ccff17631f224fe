/** Allocations: which server is taken, what is written to it, what is answered and refused. */
import { GAME_SERVERS, collectionPath, objectPath } from '../../../local/agones/resources/resource.ts';
import type { GameServer } from '../../../local/agones/resources/game-server.ts';
import { waitUntil } from '../../../local/processes/wait-until.ts';
import { asRecorded, differences, withSortedFaults, type Bindings } from './compare.ts';
import { agonesContexts, openConformanceContext, sharedStandIn, type ConformanceCluster } from './conformance-cluster.ts';
import { isReplayed } from './deviations.ts';
import { judgeCase, titleOf } from './judge-case.ts';
import { recordedCases, type RecordedCase } from './recorded-case.ts';

const FILE = 'allocation.json';
const NAMESPACE = 'al';
const START_MS = 120_000;
const STAND_IN = 'the stand-in';

/** Counts and values with which the recorder let each section begin; the third fleet's servers in the order of their names. */
const SELECTOR_COUNTS = [0, 2, 4];
const SELECTOR_VALUES = [['p0'], ['p0', 'p1', 'p2'], ['p0', 'p1', 'p2', 'p3']];

describe('Agones conformance: allocation', () => {
  replayOn(STAND_IN, sharedStandIn);
  for (const context of agonesContexts()) replayOn(context, () => openConformanceContext(context));
});

function replayOn(title: string, start: () => Promise<ConformanceCluster>): void {
  describe(title, () => {
    const bindings: Bindings = new Map();
    let cluster: ConformanceCluster;

    before(async function () {
      this.timeout(START_MS);
      cluster = await start();
      for (const namespace of [NAMESPACE, 'al-empty']) {
        await post(cluster, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      }
      await post(cluster, `/apis/agones.dev/v1/namespaces/${NAMESPACE}/fleets`, fleet('a', 10, { tier: 'gold' }, {}));
      const counted = { counters: { rooms: { count: 0, capacity: 4 } }, lists: { players: { capacity: 4, values: ['p0'] } } };
      await post(cluster, `/apis/agones.dev/v1/namespaces/${NAMESPACE}/fleets`, fleet('c', 3, undefined, counted));
      await waitUntil(async () => (await serversOf(cluster)).filter(({ status }) => status?.state === 'Ready').length === 13, {
        what: 'both fleets are Ready',
        deadlineMs: START_MS / 2,
        signal: new AbortController().signal,
      });
    });

    after(async function () {
      this.timeout(START_MS);
      if (title !== STAND_IN) await cluster.stop();
    });

    for (const recorded of replayable()) {
      it(titleOf(FILE, recorded.name), async () => {
        if (recorded.request !== undefined) await setScene(cluster, recorded, bindings);
        judgeCase(FILE, recorded.name, await differencesOf(cluster, recorded, bindings));
      });
    }
  });
}

/** Timings and races are held by tests of their own; `agones-allocator` is another program. */
function replayable(): RecordedCase[] {
  const isAnswer = ({ request, response }: RecordedCase): boolean => request !== undefined && response !== undefined;
  return recordedCases(FILE).filter((recorded) => (isAnswer(recorded) || 'gameServers' in recorded) && isReplayed(FILE, recorded.name));
}

async function differencesOf(cluster: ConformanceCluster, recorded: RecordedCase, bindings: Bindings): Promise<string[]> {
  if (recorded.request === undefined || recorded.response === undefined) {
    const stored = (await serversOf(cluster)).filter(({ metadata }) => metadata.name.startsWith(fleetOf(recorded)));
    return differences(recorded['gameServers'], asRecorded(stored.map(storedForm)), bindings);
  }
  const isAnonymous = recorded.name === 'without token';
  const actual = isAnonymous ? { status: 401, contentType: null, body: '' } : await cluster.replay(recorded.request);
  const expected = isAnonymous ? actual : recorded.response;
  const tried = new Map(isAnyServer(recorded) ? [...bindings].filter(([name]) => name === 's1' || name === 's12') : bindings);
  const found = [
    ...differences(expected.status, actual.status, tried, 'status'),
    ...differences(expected.contentType ?? null, actual.contentType ?? null, tried, 'content-type'),
    ...differences(comparable(recorded, expected.body), comparable(recorded, asRecorded(actual.body)), tried),
  ];
  if (!isAnyServer(recorded)) for (const [name, value] of tried) bindings.set(name, value);
  return found;
}

/** Which labels an earlier case left behind depends on the server; where that is chance they are not compared. */
function comparable(recorded: RecordedCase, body: unknown): unknown {
  if (!isAnyServer(recorded)) return withSortedFaults(body);
  return JSON.parse(JSON.stringify(body, (name, value: unknown) => (name === 'again' || name === 'map' ? undefined : value)));
}

/** Distributed takes one by chance; so whoever comes after it takes another one than the recorded. */
const isAnyServer = (recorded: RecordedCase): boolean =>
  recorded.name.startsWith('scheduling Distributed') || recorded.name.startsWith('scheduling (empty');

const fleetOf = (recorded: RecordedCase): string => (JSON.stringify(recorded['gameServers']).includes('"c-<') ? 'c-' : 'a-');

/** Brings the servers to where the recorder had them before this case. */
async function setScene(cluster: ConformanceCluster, recorded: RecordedCase, bindings: Bindings): Promise<void> {
  const expected = JSON.stringify(recorded.response?.body);
  const taken = /"gameServerName":"a-<s[0-9]+>-<(s[0-9]+)>"/.exec(expected)?.[1];
  const asked = JSON.stringify(recorded.request?.body ?? '');
  if (asked.includes('"gameServerState":"Allocated"')) return;
  const isOfThird = asked.includes('"agones.dev/fleet":"c"') && !asked.includes('"agones.dev/fleet":"a"');
  const isAction = recorded.name.startsWith('action');
  const servers = (await serversOf(cluster)).filter(({ metadata }) => metadata.name.startsWith(isOfThird ? 'c-' : 'a-'));
  const bound = taken === undefined ? undefined : bindings.get(taken);
  const target = servers.find(({ metadata }) => bound !== undefined && metadata.name.endsWith(`-${bound}`));
  // The first fleet's servers were only put back when the recorder began anew.
  if (!isOfThird && target?.status?.state !== 'Allocated') return;
  const changed: GameServer[] = [];
  for (const [index, server] of servers.entries()) {
    const counts = isAction ? 3 : (SELECTOR_COUNTS[index] ?? 0);
    const values = isAction ? ['p0'] : (SELECTOR_VALUES[index] ?? []);
    const counted = { counters: { rooms: { count: counts, capacity: 4 } }, lists: { players: { capacity: 4, values } } };
    const answer = await cluster.client.send({
      method: 'PATCH',
      path: objectPath(GAME_SERVERS, NAMESPACE, server.metadata.name),
      contentType: 'application/merge-patch+json',
      body: {
        metadata: { labels: { mode: null } },
        status: { state: 'Ready', ...(isOfThird ? counted : {}) },
      },
    });
    changed.push(GAME_SERVERS.parse(answer));
  }
  // The stand-in and Agones match on a cache: a change made past them is seen a moment later.
  await cluster.untilSeen(changed);
}

async function serversOf(cluster: ConformanceCluster): Promise<GameServer[]> {
  const list = await cluster.client.send({ method: 'GET', path: collectionPath(GAME_SERVERS, NAMESPACE) });
  const items = typeof list === 'object' && list !== null && 'items' in list && Array.isArray(list.items) ? list.items : [];
  return items.map((item: unknown) => GAME_SERVERS.parse(item));
}

const storedForm = ({ metadata, status }: GameServer): unknown => ({
  name: metadata.name,
  state: status?.state,
  labels: metadata.labels,
  annotations: metadata.annotations,
  ...(status?.counters === undefined ? {} : { counters: status.counters }),
  ...(status?.lists === undefined ? {} : { lists: status.lists }),
});

const post = (cluster: ConformanceCluster, path: string, body: unknown): Promise<unknown> =>
  cluster.client.send({ method: 'POST', path, body });

const fleet = (name: string, replicas: number, labels: object | undefined, counted: object): unknown => ({
  apiVersion: 'agones.dev/v1',
  kind: 'Fleet',
  metadata: { name },
  spec: {
    replicas,
    template: {
      metadata: { ...(labels === undefined ? {} : { labels }), annotations: { 'agones.dev/dev-address': '127.0.0.1' } },
      spec: {
        ...counted,
        ports: [{ name: 'default', portPolicy: 'Static', hostPort: 7777, containerPort: 7777 }],
        template: { spec: { containers: [{ name: 'game', image: 'none' }] } },
      },
    },
  },
});
