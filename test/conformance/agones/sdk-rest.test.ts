/** The SDK's REST face: every recorded call, in its order, on one game server. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { asRecorded, differences, type Bindings } from './compare.ts';
import { sharedStandIn, stopSharedStandIn, type ConformanceCluster } from './conformance-cluster.ts';
import { isReplayed } from './deviations.ts';
import { judgeCase, titleOf } from './judge-case.ts';
import { recordedCases, type RecordedCase, type RecordedRequest } from './recorded-case.ts';
import { standNode, startSidecarBed, type SidecarBed } from './sidecar-bed.ts';

const FILE = 'sdk-rest.json';
const START_MS = 60_000;
/** Shorter than the real half second, and the pauses of the recording with it, so that the replay takes seconds. */
const SHORTER = 10;
const WRITE_DELAY_MS = 500 / SHORTER;
const HEADER = 'grpc-metadata-content-type';

after(stopSharedStandIn);

describe('Agones conformance: the SDK over REST', () => {
  const bindings: Bindings = new Map();
  let cluster: ConformanceCluster;
  let bed: SidecarBed | undefined;

  before(async function () {
    this.timeout(START_MS);
    cluster = await sharedStandIn();
    await standNode(cluster);
    bed = await startSidecarBed({
      cluster,
      namespace: 'rest',
      name: 'g1',
      writeDelayMs: WRITE_DELAY_MS,
      spec: {
        health: { disabled: true },
        ports: [{ name: 'default', containerPort: 7777 }],
        counters: { rooms: { count: 1, capacity: 10 }, other: { count: 0, capacity: 5 } },
        lists: { players: { capacity: 5, values: ['p0'] }, none: { capacity: 3, values: [] } },
      },
    });
  });

  after(() => {
    bed?.stop();
  });

  for (const recorded of replayable()) {
    it(titleOf(FILE, recorded.name), async () => {
      await sleep(pauseBefore(recorded));
      judgeCase(FILE, recorded.name, await differencesOf(assured(bed), recorded, bindings));
    });
  }
});

function assured(bed: SidecarBed | undefined): SidecarBed {
  if (bed === undefined) throw new Error('the sidecar did not start');
  return bed;
}

/** The lifecycle at the end lives on times of whole seconds; `sdk-lifecycle.test.ts` holds its rules. */
function replayable(): RecordedCase[] {
  const cases = recordedCases(FILE).filter(({ request, response }) => request !== undefined && response !== undefined);
  const end = cases.findIndex(({ name }) => !isReplayed(FILE, name));
  return cases.slice(0, end);
}

/** How long the recorder waited before it asked, in our shorter time; a write also has its way to the API server and back. */
function pauseBefore(recorded: RecordedCase): number {
  const waited = /^([0-9]+) ms later/.exec(recorded.note ?? '')?.[1];
  return waited === undefined ? 0 : Number(waited) / SHORTER + 100;
}

async function differencesOf(bed: SidecarBed, recorded: RecordedCase, bindings: Bindings): Promise<string[]> {
  if (recorded.request === undefined || recorded.response === undefined) return [];
  const port = recorded.name.startsWith('health port') ? bed.healthPort : bed.httpPort;
  const actual = await ask(port, recorded.request);
  const expected = recorded.response;
  return [
    ...differences(expected.status, actual.status, bindings, 'status'),
    ...differences(expected.contentType ?? null, actual.contentType, bindings, 'content-type'),
    ...differences(expected.headers?.[HEADER] ?? null, actual.translated, bindings, HEADER),
    ...differences(withoutCounts(expected.body), withoutCounts(asRecorded(actual.body)), bindings),
  ];
}

/** How often an object was written depends on how many calls met in one write. */
function withoutCounts(body: unknown): unknown {
  return JSON.parse(
    JSON.stringify(body)
      .replaceAll(/"generation":"[0-9]+"/g, '"generation":"<n>"')
      .replaceAll('<n>', 'n'),
  );
}

interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly translated: string | null;
  readonly body: unknown;
}

function ask(port: number, recorded: RecordedRequest): Promise<Answer> {
  const body = recorded.body === undefined ? undefined : typeof recorded.body === 'string' ? recorded.body : JSON.stringify(recorded.body);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: recorded.path, method: recorded.method, headers: { ...recorded.headers }, timeout: 5_000 },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (text += chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const contentType = answer.headers['content-type'] ?? null;
          const translated = answer.headers[HEADER];
          resolve({
            status: answer.statusCode ?? 0,
            contentType,
            translated: typeof translated === 'string' ? translated : null,
            body: contentType === 'application/json' && text !== '' ? JSON.parse(text) : text,
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
