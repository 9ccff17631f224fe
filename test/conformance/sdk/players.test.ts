/** The alpha of player tracking, where a cluster has its gate on: recorded of `sdk-server --local`, replayed through the bridge. */
import assert from 'node:assert/strict';
import { differences } from '../agones/compare.ts';
import { recordedCases } from '../agones/recorded-case.ts';
import { startPod, type Pod } from '../../sdk-bridge/stand-in/bridge-process.ts';
import { until } from '../../sdk-bridge/stand-in/until.ts';
import { judgeAnswer, titleOf } from './deviations.ts';
import { ask } from './side-by-side.ts';

const FILE = 'sdk-rest-local.json';

describe('The bridge answers player tracking as recorded', function () {
  this.timeout(300_000);
  let pod: Pod;
  let origin: string;

  before(async () => {
    pod = await startPod({ playerTracking: true });
    origin = `127.0.0.1:${new URL(pod.url()).port}`;
  });
  after(() => pod?.close());

  for (const { name, request, response } of recordedCases(FILE).filter((one) => one.name.startsWith('player '))) {
    it(titleOf(FILE, name), async () => {
      assert.ok(request !== undefined && response !== undefined);
      const { body } = request;
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const answer = await ask(origin, {
        name,
        method: request.method,
        path: request.path,
        headers: request.headers ?? {},
        ...(text === undefined ? {} : { body: text }),
      });
      judgeAnswer(FILE, name, [
        ...differences(response.status, answer.status, new Map(), 'status'),
        ...differences(response.body, answer.body, new Map()),
      ]);
    });
  }

  it('and the game server shows who is connected', async () => {
    const shown = async () => {
      const { body } = await ask(origin, { name: 'gameserver', method: 'GET', path: '/gameserver' });
      return JSON.stringify((body as { status?: { players?: unknown } }).status?.players ?? null);
    };
    await until(async () => (await shown()) === '{"count":"1","capacity":"-2","ids":["x2"]}', 'they are written');
  });
});
