/**
 * The real Quilkin before the local stack's game servers: `make test-quilkin`. Not among the tests of `make test`, since Quilkin takes a
 * quarter of an hour to build, and since its proxies serve nobody on a loopback address: this runs in a network of its own.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Allocation } from '../../contracts/allocator.ts';
import { createClient, type Client } from '../../contracts/client.ts';
import { KubeClient } from '../../local/agones/kube/kube-client.ts';
import { readKubeConnection } from '../../local/agones/kube/kube-connection.ts';
import { GameConnection } from '../../local/demo/udp-client.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { startStack, NAMESPACE, type RunningStack } from '../../local/supervisor/start-stack.ts';
import { stateFolder } from '../../local/supervisor/state-folder.ts';
import { testStack } from '../../local/testing.ts';
import { createHttpSend, type HttpSend } from '../../runtime/http-send.ts';
import { createLog } from '../../runtime/log.ts';
import { forged, sayHello } from './datagrams.ts';

const TREE = path.join(import.meta.dirname, '..', '..');
/** Twice what the client waits before it asks again. */
const SILENCE_MS = 1_500;
const ANSWER_MS = 10_000;
const MEASURED = 100;
const wait = (what: string, deadlineMs = 60_000) => ({ what, deadlineMs, signal: new AbortController().signal, everyMs: 200 });
const GameServer = z.object({ status: z.object({ address: z.string(), ports: z.array(z.object({ port: z.int() })) }) });

describe('Quilkin before the game servers', function () {
  this.timeout(1_800_000);
  let running: RunningStack;
  let http: HttpSend;
  let matchmaker: Client<typeof allocatorApi.endpoints>;
  let kube: KubeClient;
  const asked: string[] = [];

  before(async () => {
    const { folder, around } = await testStack();
    const state = stateFolder({ LIFEVERSE_STATE_DIR: path.join(folder, 'quilkin-stack') }, TREE);
    const env = { ...around.env, LIFEVERSE_WITHOUT: 'accounts,matchmaker' };
    running = await startStack({
      tree: TREE,
      state,
      around: { ...around, env },
      log: createLog('supervisor', 'warn'),
      now: () => new Date(),
    });
    http = createHttpSend(running.stack.caFile);
    const baseUrl = running.stack.services['allocator']?.url ?? '';
    matchmaker = createClient(allocatorApi, { baseUrl, send: http.send, token: () => running.stack.tokens['matchmaker'] });
    kube = new KubeClient(await readKubeConnection(cluster().kubeconfig));
  });
  after(async () => {
    // A server that is ended in mid-session first tries to save.
    for (const id of asked) await matchmaker.cancelAllocation({ params: { id } });
    kube?.close();
    await http?.close();
    await running?.lifecycle.close('the test is over');
  });

  const cluster = () => running.stack.clusters[0] ?? assert.fail('the stack has no cluster');
  const edge = () => cluster().udpEdge ?? assert.fail('the stack has no edge: set UDP_EDGE');

  const ready = async (playerId: string): Promise<Placed> => {
    const id = `quilkin-${randomUUID()}`;
    asked.push(id);
    await matchmaker.requestAllocation({
      body: {
        id,
        fleet: 'sample-duel',
        build: 'dev',
        mode: 'duel',
        session: { map: 'arena', capacity: 2, spectators: 0, data: {} },
        players: [{ id: playerId, role: 'player', latencies: { [cluster().region]: 10 } }],
        regions: [cluster().region],
        latencyPolicy: { steps: [], then: 'any' },
        priority: 5,
        deadlineSeconds: 60,
      },
    });
    const found = await waitUntil(
      async () => {
        const { body } = await matchmaker.getAllocation({ params: { id }, query: { wait: 10 } });
        return body.state === 'ready' ? body : undefined;
      },
      wait(`${id} is ready`),
    );
    const [admission] = found.admissions;
    const { address, gameServer } = found.server ?? {};
    assert.ok(admission && address && gameServer);
    return { id, playerId, address, gameServer, admission };
  };
  const helloOf = ({ address, playerId, admission }: Placed) => ({ to: address, playerId, token: admission.routingToken });
  const directly = async ({ gameServer }: Placed) => {
    const object = await kube.send({ method: 'GET', path: `/apis/agones.dev/v1/namespaces/${NAMESPACE}/gameservers/${gameServer}` });
    const { address, ports } = GameServer.parse(object).status;
    return { host: address, port: ports[0]?.port ?? 0 };
  };
  /** Datagrams that the proxy has dropped since nobody has their token; without any session it gives another reason. */
  const dropped = async (): Promise<number> => {
    const text = await (await fetch(`${edge().adminUrl}/metrics`)).text();
    const lines = text.split('\n').filter((line) => /^quilkin_packets_dropped_total.*(no endpoint match|no upstream endpoints)/.test(line));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };

  it('takes each player to the game server of their session, by servers that came after it, and brings the answers back', async () => {
    const [ada, bob] = [await ready('ada'), await ready('bob')];
    assert.notEqual(ada.gameServer, bob.gameServer);
    for (const placed of [ada, bob]) {
      assert.deepEqual(placed.address, { host: edge().host, port: edge().port });
      const game = await GameConnection.connect({ ...placed, timeoutMs: ANSWER_MS });
      assert.equal(game.joined.player, placed.playerId);
      assert.equal((await game.move(3, 4, { until: 'accepted' })).n, 1);
      await game.leave();
    }
    // It is the token that decides: with bob's, ada is a stranger on bob's server.
    const crossed = await sayHello({ ...helloOf(ada), token: bob.admission.routingToken }, ANSWER_MS);
    assert.equal(crossed?.kind, 'no');
  });

  it('drops what carries another token or none', async () => {
    const placed = await ready('cid');
    assert.equal((await sayHello(helloOf(placed), ANSWER_MS))?.kind, 'welcome');
    const before = await dropped();
    assert.equal(await sayHello({ ...helloOf(placed), token: forged(placed.admission) }, SILENCE_MS), undefined);
    assert.equal(await sayHello({ ...helloOf(placed), token: undefined }, SILENCE_MS), undefined);
    assert.ok((await dropped()) >= before + 2);
    assert.equal((await sayHello(helloOf(placed), ANSWER_MS))?.kind, 'welcome', 'it serves no more');
  });

  it('knows a token no longer once its session is over', async () => {
    const placed = await ready('dan');
    assert.equal((await sayHello(helloOf(placed), ANSWER_MS))?.kind, 'welcome');
    await matchmaker.cancelAllocation({ params: { id: placed.id } });
    const before = await dropped();
    const isForgotten = async () => (await sayHello(helloOf(placed), SILENCE_MS)) === undefined && (await dropped()) > before;
    await waitUntil(isForgotten, wait('its token is forgotten'));
  });

  it('keeps tokens out of every log', async () => {
    const placed = await ready('eve');
    const token = Buffer.from(placed.admission.routingToken ?? '', 'base64url');
    assert.equal(token.length, 16);
    const { logs } = running.stack;
    for (const name of [`${cluster().name}-udp-agent`, `${cluster().name}-udp-proxy`, 'allocator']) {
      const log = await readFile(path.join(logs, `${name}.log`), 'utf8');
      assert.ok(log.length > 0, name);
      for (const encoding of ['base64', 'base64url', 'hex'] as const) assert.ok(!log.includes(token.toString(encoding)), name);
    }
  });

  it('shows what it costs', async () => {
    const placed = await ready('fay');
    const direct = await medianMs({ ...helloOf(placed), to: await directly(placed), token: undefined });
    const through = await medianMs(helloOf(placed));
    process.stderr.write(
      `      hello to welcome, p50 of ${MEASURED}: ${direct.toFixed(2)} ms directly, ${through.toFixed(2)} ms through the edge\n`,
    );
    assert.ok(direct > 0 && through > 0);
  });
});

interface Placed extends Pick<Allocation, 'id'> {
  readonly playerId: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly gameServer: string;
  readonly admission: Allocation['admissions'][number];
}

async function medianMs(hello: Parameters<typeof sayHello>[0]): Promise<number> {
  const times: number[] = [];
  for (let nth = 0; nth < MEASURED; nth += 1) times.push((await sayHello(hello, ANSWER_MS))?.ms ?? assert.fail('nothing answers'));
  return times.toSorted((a, b) => a - b)[MEASURED / 2] ?? 0;
}
