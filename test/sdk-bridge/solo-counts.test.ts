/**
 * Counters, lists and tracked players beside a solo bridge: every call of them that was recorded of a real sidecar, in its order, over REST
 * and gRPC; and what they are across restarts, lives and gates.
 */
import assert from 'node:assert/strict';
import { Client, credentials } from '@grpc/grpc-js';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { differences, type Bindings } from '../conformance/agones/compare.ts';
import { recordedCases } from '../conformance/agones/recorded-case.ts';
import { GRPC_FILE, GRPC_SPEC, grpcDifferences, replayableGrpc } from '../conformance/agones/replay-grpc.ts';
import { replayableRest, REST_FILE, REST_SPEC, restDifferences } from '../conformance/agones/replay-rest.ts';
import { judgeAnswer, titleOf } from '../conformance/sdk/deviations.ts';
import { ask } from '../conformance/sdk/side-by-side.ts';
import { startSolo, type Solo } from './stand-in/solo-process.ts';
import { until } from './stand-in/until.ts';

const PLAYERS_FILE = 'sdk-rest-local.json';
const specOf = ({ counters, lists }: { counters: object; lists: object }): string => `--spec=${JSON.stringify({ counters, lists })}`;

interface Told {
  readonly status: {
    readonly counters: Record<string, { count: string; capacity: string }>;
    readonly lists: Record<string, { capacity: string; values: string[] }>;
    readonly players: { count: string; capacity: string; ids: string[] } | null;
  };
}

describe('Counters, lists and players beside a solo bridge', function () {
  this.timeout(300_000);
  const opened: Solo[] = [];
  const start = async (...args: string[]) => {
    const solo = await startSolo(args);
    opened.push(solo);
    return solo;
  };
  after(async () => {
    for (const solo of opened) await solo.close();
  });
  const rest = async (solo: Solo, method: string, path: string, body?: object) => {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    return ask(`127.0.0.1:${solo.port()}`, { name: path, method, path, headers: {}, ...text });
  };
  const told = async (solo: Solo) => ((await rest(solo, 'GET', '/gameserver')).body as Told).status;

  describe('answer over REST as recorded', () => {
    const bindings: Bindings = new Map();
    let solo: Solo;
    before(async () => {
      solo = await start(specOf(REST_SPEC));
    });

    for (const recorded of replayableRest().filter(({ request }) => /^\/(v1beta1|alpha)\//.test(request?.path ?? ''))) {
      it(titleOf(REST_FILE, recorded.name), async () => {
        judgeAnswer(REST_FILE, recorded.name, await restDifferences({ httpPort: solo.port(), healthPort: 0 }, recorded, bindings));
      });
    }
  });

  describe('answer over gRPC as recorded', () => {
    const bindings: Bindings = new Map();
    let client: Client;
    before(async () => {
      client = new Client(`127.0.0.1:${(await start(specOf(GRPC_SPEC))).grpcPort()}`, credentials.createInsecure());
    });
    after(() => client?.close());

    for (const recorded of replayableGrpc().filter(({ request }) => /\.(alpha|beta)\./.test(request.service))) {
      it(titleOf(GRPC_FILE, recorded.name), async () => {
        judgeAnswer(GRPC_FILE, recorded.name, await grpcDifferences({ client }, recorded, bindings));
      });
    }
  });

  describe('track players where the gate is on', () => {
    let solo: Solo;
    before(async () => {
      solo = await start('--feature-gates=PlayerTracking=true', '--spec={"players":{"initialCapacity":1}}');
    });

    it('from the capacity of the spec', async () => {
      assert.deepEqual(await told(solo).then(({ players }) => players), { count: '0', capacity: '1', ids: [] });
    });

    for (const { name, request, response } of recordedCases(PLAYERS_FILE).filter((one) => one.name.startsWith('player '))) {
      it(titleOf(PLAYERS_FILE, name), async () => {
        assert.ok(request !== undefined && response !== undefined);
        const { body } = request;
        const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
        const sent = { name, method: request.method, path: request.path, headers: request.headers ?? {} };
        const answer = await ask(`127.0.0.1:${solo.port()}`, { ...sent, ...(text === undefined ? {} : { body: text }) });
        const found = differences([response.status, response.body], [answer.status, answer.body], new Map());
        judgeAnswer(PLAYERS_FILE, name, found);
      });
    }

    it('and keep them for whoever comes back', async () => {
      const shown = async () => JSON.stringify(await told(solo).then(({ players }) => players));
      await until(async () => (await shown()) === '{"count":"1","capacity":"-2","ids":["x2"]}', 'they are written');
      await untilKept(solo, /"players": \{[^}]*"x2"/);
      await solo.crash();
      assert.deepEqual((await rest(solo, 'GET', '/alpha/player/connected')).body, { list: ['x2'] });
    });
  });

  describe('belong to the game server', () => {
    let solo: Solo;
    before(async () => {
      solo = await start('--spec={"counters":{"rooms":{"capacity":2}},"lists":{"guests":{"capacity":3,"values":["ann"]}}}');
    });

    it('and are told on every watch once they are written', async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${solo.port()}/watch/gameserver`);
      const frames: Told[] = [];
      socket.on('message', (data: Buffer) => frames.push((JSON.parse(data.toString()) as { result: Told }).result));
      await until(() => frames.length > 0, 'the present state comes first');
      assert.deepEqual(frames[0]?.status.counters, { rooms: { count: '0', capacity: '2' } });
      await rest(solo, 'PATCH', '/v1beta1/counters/rooms', { countDiff: '2' });
      await rest(solo, 'POST', '/v1beta1/lists/guests:addValue', { value: 'bob' });
      await until(() => frames.some(({ status }) => status.counters['rooms']?.count === '2'), 'the counter is told');
      await until(() => frames.some(({ status }) => status.lists['guests']?.values.join() === 'ann,bob'), 'the list is told');
      socket.terminate();
    });

    it('are there after a kill, with what a further flag adds, and begin anew with the next life', async () => {
      await untilKept(solo, /"rooms": \{[^}]*"count": 2/);
      await untilKept(solo, /"guests": \{[^}]*"bob"/);
      await solo.crash();
      assert.deepEqual((await rest(solo, 'GET', '/v1beta1/counters/rooms')).body, { name: 'rooms', count: '2', capacity: '2' });
      assert.equal((await rest(solo, 'PATCH', '/v1beta1/counters/rooms', { countDiff: 1 })).status, 500);
      await solo.script.soloReset({ body: {} });
      const { counters, lists } = await told(solo);
      assert.deepEqual([counters['rooms']?.count, lists['guests']?.values], ['0', ['ann']]);
    });
  });

  it('are refused as Agones refuses them where their gates are off', async () => {
    const solo = await start('--feature-gates=CountsAndLists=false&PlayerTracking=false');
    const refusals = await Promise.all(
      ['/v1beta1/counters/rooms', '/v1beta1/lists/players', '/alpha/player/count'].map((path) => rest(solo, 'GET', path)),
    );
    const said = (gate: string) => ({ code: 2, message: `${gate} not enabled`, details: [] });
    assert.deepEqual(
      refusals.map(({ status, body }) => [status, body]),
      ['CountsAndLists', 'CountsAndLists', 'PlayerTracking'].map((gate) => [500, said(gate)]),
    );
  });
});

/** It shows what it has in hand, which is on the disk a moment later. */
async function untilKept({ folder }: Solo, what: RegExp): Promise<void> {
  await until(async () => what.test(await readFile(join(folder, 'solo.json'), 'utf8')), `${what} is on the disk`);
}
