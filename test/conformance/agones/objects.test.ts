/** Resources: what is accepted, what is added, what is refused, and which pod a game server becomes. */
import { waitUntil } from '../../../local/processes/wait-until.ts';
import { asRecorded, differences, withNames, withSortedFaults, type Bindings } from './compare.ts';
import { agonesContexts, openConformanceContext, sharedStandIn, type ConformanceCluster } from './conformance-cluster.ts';
import { deviationOf } from './deviations.ts';
import { judgeCase, titleOf } from './judge-case.ts';
import { recordedCases, type RecordedCase, type RecordedRequest } from './recorded-case.ts';

const FILE = 'objects.json';
const NAMESPACE = '/namespaces/objs';
const START_MS = 120_000;
const STAND_IN = 'the stand-in';

describe('Agones conformance: objects', () => {
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
      await cluster.replay({
        method: 'POST',
        path: '/api/v1/namespaces',
        headers: { 'content-type': 'application/json' },
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'objs' } },
      });
      // Stood there before the recording of its updates began.
      await cluster.replay({
        method: 'POST',
        path: '/apis/agones.dev/v1/namespaces/objs/fleets',
        headers: { 'content-type': 'application/json' },
        body: {
          apiVersion: 'agones.dev/v1',
          kind: 'Fleet',
          metadata: { name: 'upd' },
          spec: { replicas: 0, template: { spec: { template: { spec: { containers: [{ name: 'game', image: 'none' }] } } } } },
        },
      });
    });

    after(async function () {
      this.timeout(START_MS);
      if (title !== STAND_IN) await cluster.stop();
    });

    for (const recorded of recordedCases(FILE)) {
      it(titleOf(FILE, recorded.name), async () => judgeCase(FILE, recorded.name, await differencesOf(cluster, recorded, bindings)));
    }
  });
}

async function differencesOf(cluster: ConformanceCluster, recorded: RecordedCase, bindings: Bindings): Promise<string[]> {
  if (recorded.request === undefined || recorded.response === undefined) return [];
  const request = { ...recorded.request, path: withNames(recorded.request.path, bindings) };
  const expected = { ...recorded.response, body: withSortedFaults(recorded.response.body) };
  let found: string[] = [];
  const isSettled = async (): Promise<boolean> => {
    found = await differencesOnce(cluster, request, expected, bindings);
    return found.length === 0;
  };
  // What controllers bring about comes a moment later; what was refused or added is there at once. A deviation never comes to agree.
  const isAfterwards = request.method === 'GET' && request.path.includes(NAMESPACE);
  if (!isAfterwards) return (await isSettled()) ? [] : found;
  await waitUntil(isSettled, {
    what: recorded.name,
    deadlineMs: deviationOf(FILE, recorded.name) === undefined ? 60_000 : 1_500,
    everyMs: 50,
    signal: new AbortController().signal,
  }).catch(() => undefined);
  return found;
}

async function differencesOnce(
  cluster: ConformanceCluster,
  request: RecordedRequest,
  expected: { readonly status: number; readonly contentType?: string | null; readonly body: unknown },
  bindings: Bindings,
): Promise<string[]> {
  const actual = await cluster.replay(request);
  const tried = new Map(bindings);
  const found = [
    ...differences(expected.status, actual.status, tried, 'status'),
    ...differences(expected.contentType ?? null, actual.contentType ?? null, tried, 'content-type'),
    ...differences(expected.body, withSortedFaults(asRecorded(actual.body)), tried),
  ];
  if (found.length === 0) for (const [name, value] of tried) bindings.set(name, value);
  return found;
}
