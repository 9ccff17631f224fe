/** The published Node SDK, unchanged, on the bridge's gRPC port: what it was recorded to get from a real sidecar. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { sharedStandIn } from '../agones/conformance-cluster.ts';
import { GRPC_FILE } from '../agones/replay-grpc.ts';
import { recordedCases } from '../agones/recorded-case.ts';
import { standNode } from '../agones/sidecar-bed.ts';
import { until } from '../../sdk-bridge/stand-in/until.ts';
import { startBridgedBed, type BridgedBed } from './bridged-bed.ts';

interface Sdk {
  connect(): Promise<void>;
  ready(): Promise<unknown>;
  shutdown(): Promise<unknown>;
  reserve(seconds: number): Promise<unknown>;
  health(onError: (cause: Error) => void): void;
  setLabel(key: string, value: string): Promise<unknown>;
  getGameServer(): Promise<{ status: { state: string } }>;
  watchGameServer(callback: (gameServer: { status: { state: string } }) => void, onError: (cause: Error) => void): void;
  close(): void;
  readonly alpha: { getPlayerCount(): Promise<number> };
  readonly beta: {
    getCounterCount(key: string): Promise<number>;
    incrementCounter(key: string, amount: number): Promise<unknown>;
    getListCapacity(key: string): Promise<number>;
    setListCapacity(key: string, capacity: number): Promise<unknown>;
    appendListValue(key: string, value: string): Promise<unknown>;
    getListValues(key: string): Promise<string[]>;
  };
}

interface Told {
  readonly event: string;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

const NAME = 'published JS SDK class 1.61.0 against the real sidecar';
/** What the recorder did, by the name under which it wrote down the answer. */
const STEPS: Readonly<Record<string, (sdk: Sdk, bridged: BridgedBed) => Promise<unknown>>> = {
  connect: (sdk) => sdk.connect(),
  ready: (sdk) => sdk.ready(),
  'setLabel bad': (sdk) => sdk.setLabel('bad key!', 'v'),
  'beta.getCounterCount rooms': ({ beta }) => beta.getCounterCount('rooms'),
  'beta.incrementCounter rooms 1': ({ beta }) => beta.incrementCounter('rooms', 1),
  'beta.incrementCounter rooms 1000': ({ beta }) => beta.incrementCounter('rooms', 1_000),
  'beta.getCounterCount nope': ({ beta }) => beta.getCounterCount('nope'),
  'beta.setListCapacity players 2': ({ beta }) => beta.setListCapacity('players', 2),
  'beta.getListCapacity players': ({ beta }) => beta.getListCapacity('players'),
  'beta.appendListValue': ({ beta }) => beta.appendListValue('players', 'one'),
  'beta.getListValues': ({ beta }) => beta.getListValues('players'),
  'alpha.getPlayerCount': ({ alpha }) => alpha.getPlayerCount(),
  'reserve 2': (sdk) => sdk.reserve(2),
  'getGameServer state': reserved,
  shutdown: (sdk) => sdk.shutdown(),
};

describe('The published Node SDK on the bridge', function () {
  this.timeout(300_000);
  let bridged: BridgedBed;
  let sdk: Sdk;
  const states: string[] = [];

  before(async function () {
    this.timeout(300_000);
    const cluster = await sharedStandIn();
    await standNode(cluster);
    bridged = await startBridgedBed({
      cluster,
      namespace: 'stock',
      name: 'gr2',
      spec: {
        health: { disabled: true },
        ports: [{ name: 'default', containerPort: 7777 }],
        counters: { rooms: { count: 0, capacity: 10 } },
        lists: { players: { capacity: 3, values: ['p0', 'p2', ''] } },
      },
    });
    const AgonesSDK = createRequire(import.meta.url)('@google-cloud/agones-sdk') as new () => Sdk;
    process.env['AGONES_SDK_GRPC_PORT'] = String(bridged.grpcPort);
    sdk = new AgonesSDK();
    delete process.env['AGONES_SDK_GRPC_PORT'];
    sdk.watchGameServer(
      ({ status }) => states.push(status.state),
      () => {},
    );
  });
  after(async () => {
    sdk?.close();
    // The SDK's own close forgets these two.
    for (const forgotten of [sdk?.alpha, sdk?.beta]) (forgotten as unknown as { client: { close(): void } } | undefined)?.client.close();
    await bridged?.close();
  });

  const recorded = recordedCases(GRPC_FILE).find(({ name }) => name === NAME);
  const timeline = (recorded?.['timeline'] ?? []) as readonly Told[];
  for (const { event, result, error } of timeline.filter((told) => told.event in STEPS)) {
    it(event, async () => {
      const answer = await STEPS[event]?.(sdk, bridged).then(
        (got) => ({ result: got ?? null }),
        ({ code, message }: { code: number; message: string }) => ({ error: { code, message } }),
      );
      assert.deepEqual(answer, error === undefined ? { result: result ?? null } : { error });
    });
  }

  it('keeps the server healthy by the stream that it opens', async () => {
    assert.equal(Object.keys(STEPS).filter((step) => !timeline.some(({ event }) => event === step)).length, 0, 'every step was recorded');
    const failures: Error[] = [];
    let pings = 0;
    bridged.bed.sdk.ping = () => void (pings += 1);
    for (let ping = 0; ping < 3; ping += 1) sdk.health((cause) => failures.push(cause));
    await until(() => pings > 3, 'the bridge beats, from the first ping on');
    assert.deepEqual(failures, []);
  });

  it('is told by its watch what became of it', async () => {
    bridged.write();
    await until(() => states.at(-1) === 'Shutdown', 'the Shutdown is told');
    const steps = states.filter((state, at) => state !== states[at - 1]);
    // Ready and Reserve met in the sidecar's queue, where the last one counts.
    assert.deepEqual(steps, ['Scheduled', 'Reserved', 'Shutdown']);
  });
});

/** The recorder waited a second: by then it was written. */
async function reserved(sdk: Sdk, bridged: BridgedBed): Promise<string> {
  let state = '';
  bridged.write();
  await until(async () => (state = (await sdk.getGameServer()).status.state) === 'Reserved', 'it is Reserved');
  return state;
}
