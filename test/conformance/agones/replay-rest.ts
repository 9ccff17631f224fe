/** The recorded calls of the SDK's REST face, sent in their order to whatever stands on a port. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { asRecorded, differences, inNamespace, type Bindings } from './compare.ts';
import { isReplayed } from './deviations.ts';
import { recordedCases, type RecordedCase, type RecordedRequest } from './recorded-case.ts';

export const REST_FILE = 'sdk-rest.json';
const LOOK_MS = 100;
const SETTLED_MS = 60_000;
const HEADER = 'grpc-metadata-content-type';

/** The game server that the recorder had. */
export const REST_SPEC = {
  health: { disabled: true },
  ports: [{ name: 'default', containerPort: 7777 }],
  counters: { rooms: { count: 1, capacity: 10 }, other: { count: 0, capacity: 5 } },
  lists: { players: { capacity: 5, values: ['p0'] }, none: { capacity: 3, values: [] } },
};

export interface RestPorts {
  readonly httpPort: number;
  readonly healthPort: number;
  /** Has a sidecar that does not write by itself write what waits: calls that met in one write meet in one here. */
  readonly write?: () => void;
  /** Of the game server; the recorder's where it is not said. */
  readonly namespace?: string;
}

const NAMESPACE = 'rest';

/** The lifecycle at the end lives on times of whole seconds; `sdk-lifecycle.test.ts` holds its rules. */
export function replayableRest(): RecordedCase[] {
  const cases = recordedCases(REST_FILE).filter(({ request, response }) => request !== undefined && response !== undefined);
  const end = cases.findIndex(({ name }) => !isReplayed(REST_FILE, name));
  return cases.slice(0, end);
}

/** Where the recorder waited for what was queued, it is looked for until it is there: how soon is for the machine to say. */
export async function restDifferences(ports: RestPorts, recorded: RecordedCase, bindings: Bindings): Promise<string[]> {
  const waited = /^[0-9]+ ms later/.test(recorded.note ?? '');
  for (const end = performance.now() + (waited ? SETTLED_MS : 0); ; await sleep(LOOK_MS)) {
    if (waited) ports.write?.();
    const found = await differencesOf(ports, recorded, bindings);
    if (found.length === 0 || performance.now() >= end) return found;
  }
}

async function differencesOf(ports: RestPorts, recorded: RecordedCase, bindings: Bindings): Promise<string[]> {
  if (recorded.request === undefined || recorded.response === undefined) return [];
  const port = recorded.name.startsWith('health port') ? ports.healthPort : ports.httpPort;
  const actual = await ask(port, recorded.request);
  const expected = recorded.response;
  return [
    ...differences(expected.status, actual.status, bindings, 'status'),
    ...differences(expected.contentType ?? null, actual.contentType, bindings, 'content-type'),
    ...differences(expected.headers?.[HEADER] ?? null, actual.translated, bindings, HEADER),
    ...differences(withoutCounts(expected.body), withoutCounts(inNamespace(asRecorded(actual.body), ports.namespace, NAMESPACE)), bindings),
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
      { host: '127.0.0.1', port, path: recorded.path, method: recorded.method, headers: { ...recorded.headers }, timeout: 30_000 },
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
