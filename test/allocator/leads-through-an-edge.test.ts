import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import type { AllocationDocument } from '../../allocator/allocation.ts';
import { annotatedToken, tokenInAnnotation } from '../../allocator/clusters/udp-edge.ts';
import { testCluster, testStack } from '../../local/testing.ts';
import { ROUTING_TOKEN_BYTES } from '../../runtime/routing-token.ts';
import { allocatorUnderTest, EAST, until, type AllocatorUnderTest } from './allocator-under-test.ts';
import { readySession, type ReadySession } from './ready-session.ts';

const EDGE = { host: '203.0.113.7', port: 7_777 };
const MOVED = { host: 'edge.lifeverse.test', port: 7_778 };

describe('A cluster with a UDP edge', function () {
  this.timeout(900_000);
  let world: AllocatorUnderTest;
  let fleet: string;
  let file: string;
  const put = async (udpEdge: typeof EDGE | undefined) => {
    const { kubeconfig } = await testCluster();
    await writeFile(file, JSON.stringify([{ name: EAST, region: EAST, kubeconfig, namespace: EAST, udpEdge }]));
  };
  before(async () => {
    file = path.join((await testStack()).folder, `clusters-${randomUUID()}.json`);
    await put(EDGE);
    world = await allocatorUnderTest({ env: { CLUSTERS_FILE: file, ADOPT_AFTER_SECONDS: '1' } });
    fleet = await world.makeFleet(EAST, 8);
    await world.knows(EAST, fleet, 8);
  });
  afterEach(() => world.standIn.behave());
  after(() => world?.stop());

  /** As Quilkin reads it. */
  const tokensOn = async ({ server }: ReadySession): Promise<string[]> => {
    const value = (await world.marksOn({ cluster: EAST, gameServer: server.gameServer })).annotations[GAME_SERVER_MARKS.routingTokens];
    return value === undefined ? [] : value.split(',').flatMap((token) => tokenInAnnotation(token) ?? []);
  };
  const wayOf = async (session: ReadySession) => {
    const { server, admissions } = await session.look();
    return { address: server?.address, tokens: admissions.map(({ routingToken }) => routingToken) };
  };

  it('gives every player its address and the token that their game server carries, late comers too, and no two sessions the same', async () => {
    const [one, other] = await Promise.all([readySession(world, fleet), readySession(world, fleet)]);
    const [token = ''] = await tokensOn(one);
    assert.equal(Buffer.from(token, 'base64url').length, ROUTING_TOKEN_BYTES);
    assert.notDeepEqual(await tokensOn(other), [token]);
    assert.deepEqual(await wayOf(one), { address: EDGE, tokens: [token, token] });

    const matchmaker = await world.matchmaker();
    const cid = { id: 'cid', role: 'player' as const, latencies: {} };
    const late = await matchmaker.takeSeats({ params: { id: one.id }, body: { players: [cid] } });
    assert.equal(late.body.admissions[0]?.routingToken, token);
    assert.equal((await matchmaker.issueTicket({ params: { id: one.id }, body: { playerId: 'ada' } })).body.routingToken, token);
    const mine = (await (await world.as('cid', ['player'])).playerSession({ params: { id: 'cid' } })).body;
    assert.deepEqual([mine.address, mine.admission.routingToken], [EDGE, token]);

    const log = await world.allocatorLog();
    for (const written of [token, annotatedToken(token)]) assert.ok(!log.includes(written), 'a log line has it');
  });

  it('gives the token of the server that was won when the cluster commits and its answer is lost', async () => {
    await world.standIn.misbehave({ failAfterCommit: 1 });
    const session = await readySession(world, fleet);
    const [token] = await tokensOn(session);
    assert.ok(token);
    assert.deepEqual(await wayOf(session), { address: EDGE, tokens: [token, token] });
  });

  it('is found again by the token on the server when the store has forgotten the session', async () => {
    const session = await readySession(world, fleet);
    const before = await wayOf(session);
    await world.database.db.collection<AllocationDocument>('allocations').deleteOne({ _id: session.uid });
    await until('it is known again', () =>
      session.look().then(
        (shown) => shown.state === 'ready',
        () => false,
      ),
    );
    assert.deepEqual(await wayOf(session), before);
  });

  it('is moved and taken away for new sessions only: those before it stay where their server is known', async () => {
    const matchmaker = await world.matchmaker();
    const first = await readySession(world, fleet);
    const [token] = await tokensOn(first);
    const change = async (udpEdge: typeof EDGE | undefined) => {
      await put(udpEdge);
      await until('the edit is taken up', async () => {
        const [cluster] = (await matchmaker.listClusters({})).body.clusters;
        return cluster?.udpEdge?.host === udpEdge?.host;
      });
      return readySession(world, fleet);
    };
    const second = await change(MOVED);
    const [moved] = await tokensOn(second);
    assert.deepEqual(await wayOf(second), { address: MOVED, tokens: [moved, moved] });

    const third = await change(undefined);
    const carrier = (await world.carriersOf(third.uid))[0];
    const itself = { host: carrier?.address, port: carrier?.port };
    assert.deepEqual([await tokensOn(third), await wayOf(third)], [[], { address: itself, tokens: [undefined, undefined] }]);
    assert.deepEqual([await wayOf(first), (await wayOf(second)).address], [{ address: EDGE, tokens: [token, token] }, MOVED]);
  });
});
