import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { newAllocation, type AllocationDocument } from '../../allocator/allocation.ts';
import { AppError } from '../../contracts/app-error.ts';
import { allocatorUnderTest, anAllocation, EAST, letPass, until, type AllocatorUnderTest } from './allocator-under-test.ts';
import { testCluster, testStack } from '../../local/testing.ts';
import { startClusterProxy, type ClusterProxy } from './cluster-proxy.ts';
import { readySession, type ReadySession } from './ready-session.ts';

/** Reconciling looks every five seconds, and adopts what it has seen twice. */
const ROUNDS_MS = 100_000;
const BRAKE_LEAST = 3;

describe('The allocator reconciles', function () {
  this.timeout(300_000);
  let world: AllocatorUnderTest;
  let way: ClusterProxy;
  before(async () => {
    way = await startClusterProxy(await testCluster());
    const file = path.join((await testStack()).folder, `clusters-${randomUUID()}.json`);
    await writeFile(file, JSON.stringify([{ name: EAST, region: EAST, kubeconfig: way.kubeconfig, namespace: EAST }]));
    const brake = { RELEASE_BRAKE_LEAST: String(BRAKE_LEAST), ADOPT_AFTER_SECONDS: '1' };
    world = await allocatorUnderTest({ env: { ...brake, CLUSTERS_FILE: file } });
  });
  after(async () => {
    await world.stop();
    await way.close();
  });

  const stored = () => world.database.db.collection<AllocationDocument>('allocations');
  const isThere = async ({ uid }: ReadySession) => (await world.carriersOf(uid)).length > 0;
  const inWorld = (name: string) => ({ session: { map: 'arena', world: name, capacity: 4, spectators: 0, data: { seed: 7 } } });
  const isKnown = ({ look }: ReadySession) =>
    look().then(
      (shown) => shown.state === 'ready',
      (cause: unknown) => !(cause instanceof AppError && cause.kind === 'not-found') && Promise.reject(cause),
    );

  /** Rewrites what a game server carries of its session; again where somebody else wrote in between. */
  async function carry(session: ReadySession, change: (essentials: { epoch: number; request: object }) => object): Promise<void> {
    const url = `/apis/agones.dev/v1/namespaces/${EAST}/gameservers/${session.server.gameServer}`;
    const object = (await world.kube.send({ method: 'GET', path: url, timeoutMs: 60_000 })).body as {
      metadata: { annotations: Record<string, string> };
    };
    const text = object.metadata.annotations[GAME_SERVER_MARKS.session] ?? '';
    object.metadata.annotations[GAME_SERVER_MARKS.session] = JSON.stringify(change(JSON.parse(text)));
    const answer = await world.kube.send({ method: 'PUT', path: url, body: object, timeoutMs: 60_000 });
    if (answer.status === 409) return carry(session, change);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }

  it('adopts what the store has forgotten, sets right what it has set back, and lets one server keep a world', async () => {
    const fleet = await world.makeFleet(EAST, 6);
    await world.knows(EAST, fleet, 6);
    const [shared, other] = [`w-${randomUUID()}`, `w-${randomUUID()}`];
    const [forgotten, setBack, expired, older, newer] = await Promise.all([
      readySession(world, fleet, { players: [{ id: 'ada', role: 'player', latencies: { [EAST]: 5 } }] }),
      readySession(world, fleet),
      readySession(world, fleet),
      readySession(world, fleet, inWorld(shared)),
      readySession(world, fleet, inWorld(other)),
    ]);
    await carry(newer, (carried) => ({
      ...carried,
      epoch: carried.epoch + 1,
      request: { ...carried.request, ...inWorld(shared) },
    }));
    const before = await forgotten.look();

    await stored().deleteMany({ _id: { $in: [forgotten.uid, older.uid, newer.uid] } });
    const early = { attempt: 0, server: null, readyAt: null, nextActionAt: null };
    await stored().updateOne({ _id: setBack.uid }, { $set: { ...early, state: 'queued' } });
    await stored().updateOne({ _id: expired.uid }, { $set: { ...early, state: 'expired', endedAt: new Date() } });
    await assert.rejects(forgotten.look(), { kind: 'not-found' });
    await assert.rejects(forgotten.claim(), { kind: 'not-found' });

    for (const session of [forgotten, setBack, expired, newer])
      await until(`${session.id} is known again`, () => isKnown(session), ROUNDS_MS);
    const { readyAt: _readyAt, admissions, ...after } = await forgotten.look();
    const { readyAt: _before, admissions: _admissions, ...expected } = before;
    assert.deepEqual(after, expected);
    assert.deepEqual(
      admissions.map(({ playerId }) => playerId),
      ['ada'],
    );
    assert.equal((await forgotten.claim()).allocationId, forgotten.id);
    assert.equal((await (await world.matchmaker()).requestAllocation({ body: forgotten.asked })).status, 200);
    assert.equal((await setBack.look()).server?.gameServer, setBack.server.gameServer);

    await until('the server with the earlier lease of the world is gone', async () => !(await isThere(older)), ROUNDS_MS);
    assert.ok(await isThere(newer));
    const joins = anAllocation(fleet, { ...inWorld(shared), players: [] });
    assert.equal((await (await world.matchmaker()).requestAllocation({ body: joins })).body.aliasOf, newer.id);

    await world.deleteServer(EAST, forgotten.server.gameServer);
    await until('the loss of an adopted session is told', async () => (await forgotten.look()).state === 'lost');
  });

  it('stops releasing what the store contradicts, across a kill, until an operator lets go', async () => {
    const count = BRAKE_LEAST + 2;
    const fleet = await world.makeFleet(EAST, count + 1);
    await world.knows(EAST, fleet, count + 1);
    const sessions = await Promise.all(Array.from({ length: count }, () => readySession(world, fleet)));
    const known = await readySession(world, fleet);
    const uids = sessions.map(({ uid }) => uid);
    const longAgo = new Date(Date.now() - 60_000);
    await stored().updateMany({ _id: { $in: uids } }, { $set: { state: 'lost', endedAt: longAgo, nextActionAt: null } });

    const operator = () => world.as('ops:ada', ['operator']);
    const look = async () => (await (await operator()).getReconcile({})).body;
    const isPulled = async () => {
      const { held, waiting } = (await look()).brake;
      return held && waiting === count;
    };
    await until('the brake is pulled on all of them', isPulled, ROUNDS_MS);
    await world.killAllocator();
    const { brake } = await look();
    assert.deepEqual([brake.held, brake.waiting, brake.limit], [true, count, BRAKE_LEAST]);

    // What the store itself knows as superseded goes meanwhile.
    await stored().updateOne({ _id: known.uid }, { $set: { attempt: 2, state: 'cancelled', endedAt: longAgo, nextActionAt: null } });
    await until('a superseded server is released', async () => !(await isThere(known)), ROUNDS_MS);
    assert.equal((await Promise.all(sessions.map(isThere))).filter(Boolean).length, count);
    const { round } = await look();
    assert.deepEqual(round?.held.map(({ uid }) => uid).toSorted(), uids.toSorted());

    const refused = (await world.matchmaker()).letGoBrake({ body: {} });
    await assert.rejects(refused, { kind: 'forbidden' });
    const letGo = (await (await operator()).letGoBrake({ body: {} })).body;
    assert.deepEqual([letGo.held, letGo.allowed, letGo.letGoBy], [false, count, 'ops:ada']);
    await until('all are released', async () => (await Promise.all(sessions.map(isThere))).every((there) => !there), ROUNDS_MS);
  });

  it('takes no session for lost while its cluster cannot be reached, and tells the loss when it can', async () => {
    const fleet = await world.makeFleet(EAST, 2);
    await world.knows(EAST, fleet, 2);
    const [dies, lives] = await Promise.all([readySession(world, fleet), readySession(world, fleet)]);
    await way.set({ mode: 'refuse' });
    await world.deleteServer(EAST, dies.server.gameServer);
    await letPass(7_000);
    assert.deepEqual([(await dies.look()).state, (await lives.look()).state], ['ready', 'ready']);
    await way.set({ mode: 'pass' });
    await until('the loss is told', async () => (await dies.look()).state === 'lost');
    assert.equal((await lives.look()).state, 'ready');
  });

  it('settles all who missed their deadline while it was away, page by page', async () => {
    const count = 1_200;
    const asked = anAllocation('nowhere', { deadlineSeconds: 60 });
    const past = new Date(Date.now() - 120_000);
    const late = Array.from({ length: count }, (_, at): AllocationDocument => {
      const id = `late-${at}-${randomUUID()}`;
      const uid = randomUUID().replaceAll('-', '');
      const seed = {
        uid,
        client: 'service:matchmaker',
        fingerprint: '',
        now: past,
        worldSession: 0,
        traceparent: '',
        newPacketKey: () => 'k',
      };
      return newAllocation({ ...seed, request: { ...asked, id, players: [] } });
    });
    await world.killAllocator(async () => {
      // In pieces, each well within the time that an operation has on a busy machine.
      for (let from = 0; from < count; from += 250) await stored().insertMany(late.slice(from, from + 250), { ordered: false });
    });
    const ids = { $in: late.map(({ _id }) => _id) };
    // Asks for one that is left, and not how many: counting would keep the database busy, which may have no time to answer anyway.
    const left = () => stored().findOne({ _id: ids, state: 'queued' }, { projection: { _id: 1 } });
    await until('all are expired', async () => (await left().catch(() => undefined)) === null, 100_000);
    // Whoever is settled by himself has a moment of his own.
    const settled = await stored().find({ _id: ids }).toArray();
    assert.deepEqual([settled.length, new Set(settled.map(({ state }) => state))], [count, new Set(['expired'])]);
    const moments = new Set(settled.map(({ endedAt }) => endedAt?.getTime()));
    assert.ok(moments.size < count / 10, `in ${moments.size} steps`);
  }).timeout(150_000);
});
