import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { AppError } from '../../contracts/app-error.ts';
import { anAllocation, EAST, letPass, until, WEST } from './allocator-under-test.ts';
import { fleetsOfBuilds, type FleetsOfBuilds } from './fleets-of-builds.ts';
import { proxiedClusters, type ProxiedClusters } from './proxied-clusters.ts';
import { readySession } from './ready-session.ts';

describe('A build that is closed', function () {
  this.timeout(450_000);
  let bed: ProxiedClusters;
  let beds: FleetsOfBuilds[];
  before(async () => {
    bed = await proxiedClusters();
    beds = [];
  });
  after(async () => {
    for (const one of beds) await one.stop();
    await bed.close();
  });

  const fleets = async () => {
    const made = await fleetsOfBuilds(bed.world);
    beds.push(made);
    return made;
  };
  const asking = (fleet: string, build: string, changes: Parameters<typeof anAllocation>[1] = {}) =>
    anAllocation(fleet, { build, deadlineSeconds: 600, ...changes });
  const inWorld = (name: string) => ({ session: { map: 'arena', world: name, capacity: 8, spectators: 0, data: {} } });
  const post = async (body: ReturnType<typeof anAllocation>) => (await bed.world.matchmaker()).requestAllocation({ body });
  const is = (of: FleetsOfBuilds, states: Readonly<Record<string, string>>) =>
    until(`builds are told as ${JSON.stringify(states)}`, async () => {
      const told = await of.told();
      return Object.entries(states).every(([build, state]) => told[build] === state);
    });
  const failed = (id: string) =>
    until(`${id} has failed`, async () => {
      const { state } = await bed.get(id);
      assert.ok(['queued', 'failed'].includes(state), state);
      return state === 'failed';
    });
  /** What is kept of a cluster for the time when it is away. */
  const isKept = (of: FleetsOfBuilds, cluster: string, state: string) =>
    until(`that b1 is ${state} in ${cluster} is kept`, async () => {
      const filter = { _id: cluster, builds: { $elemMatch: { fleet: of.fleet, build: 'b1', state } } };
      return (await bed.world.database.db.collection<{ _id: string; builds: object[] }>('known_fleets').countDocuments(filter)) === 1;
    });
  const isAway = () => until('it is known to be away', async () => (await bed.viewOf(EAST))?.healthy === false);
  /** b1 leaves both clusters, and somebody waits for it; b2 takes its place in one. */
  const closing = async () => {
    const of = await fleets();
    for (const where of [EAST, WEST] as const) await of.make(where, 'b1', 'leaving');
    await of.make(WEST, 'b2', 'current');
    await is(of, { b1: 'closing' });
    const waiting = asking(of.fleet, 'b1');
    await post(waiting);
    return { of, waiting };
  };
  /** The answer to a POST that is refused. */
  const refusal = async (body: ReturnType<typeof anAllocation>): Promise<AppError> => {
    const answer = await post(body).then(
      ({ body: shown }) => shown.state,
      (cause: unknown) => cause,
    );
    assert.ok(answer instanceof AppError, `it was taken and is ${String(answer)}`);
    return answer;
  };

  it('is refused with the builds that are open, but for ids that were stored before', async () => {
    const of = await fleets();
    await of.make(EAST, 'b1', 'current');
    await of.make(WEST, 'b1', 'current');
    await of.make(EAST, 'b2', 'coming');
    await is(of, { b1: 'open', b2: 'coming' });
    const early = asking(of.fleet, 'b1', { regions: [EAST] });
    await post(early);
    for (const build of ['b2', 'b3']) assert.equal((await post(asking(of.fleet, build))).status, 202, `${build} is waited for`);
    await of.mark(EAST, 'b2', 'current');
    await of.mark(EAST, 'b1', 'leaving');
    await is(of, { b1: 'open', b2: 'open' });
    await of.mark(WEST, 'b1', 'leaving');
    await is(of, { b1: 'closing' });
    assert.equal((await post(asking(of.fleet, 'b1'))).status, 202, 'whoever still has it is taken until it is closed');

    await of.mark(EAST, 'b1', 'closed');
    await failed(early.id);
    assert.deepEqual(await of.told(), { b1: 'closing', b2: 'open' });
    assert.equal((await post(asking(of.fleet, 'b1'))).status, 202, 'it is open in the west');
    assert.equal((await refusal(asking(of.fleet, 'b1', { regions: [EAST] }))).code, 'build_closed');
    await of.mark(WEST, 'b1', 'closed');
    await is(of, { b1: 'closed' });

    const fresh = asking(of.fleet, 'b1');
    const { kind, code, message, faults } = await refusal(fresh);
    assert.deepEqual([kind, code], ['conflict', 'build_closed']);
    assert.match(message, new RegExp(`build b1 of ${of.fleet} is closed; open: b2$`));
    assert.deepEqual(faults, [{ pointer: '#/body/build', detail: 'b1 is closed; open: b2' }]);
    assert.equal((await post(early)).body.state, 'failed', 'what was stored is answered as it is');
    await assert.rejects(post({ ...early, priority: 1 }), { code: 'allocation_differs' });

    await of.mark(WEST, 'b1', 'coming');
    await is(of, { b1: 'coming' });
    assert.equal((await post(fresh)).status, 202, 'a rollback opens it again, also for an id that was refused');
  });

  it('fails whoever waits for it at once, says why, and frees their world for the next build', async () => {
    const of = await fleets();
    for (const where of [EAST, WEST] as const) await of.make(where, 'b1', 'leaving');
    await of.make(WEST, 'b2', 'current', 1);
    await is(of, { b1: 'closing', b2: 'open' });
    const world = `w-${randomUUID()}`;
    const waiting = asking(of.fleet, 'b1', inWorld(world));
    await post(waiting);
    // By selectors: the build alone counts, so this one is in no other fleet.
    const { fleet: _named, ...chooser } = anAllocation('', { build: of.fleet, deadlineSeconds: 600 });
    await of.make(WEST, of.fleet, 'leaving');
    const selectors = [{ matchLabels: { 'game/size': 'large' }, matchExpressions: [], counters: {}, lists: {} }];
    await post({ ...chooser, selectors });
    const next = asking(of.fleet, 'b2', inWorld(world));
    assert.equal((await refusal(next)).code, 'world_on_other_build');

    for (const where of [EAST, WEST] as const) await of.mark(where, 'b1', 'closed');
    await failed(waiting.id);
    const seen = await bed.get(waiting.id);
    assert.equal(seen.reason, `build_closed: build b1 of ${of.fleet} is closed; open: b2`);
    const matchmaker = await bed.world.matchmaker();
    const trace = (await matchmaker.traceAllocation({ params: { id: waiting.id } })).body;
    assert.equal(trace.rejections['build-closed'], 2);
    assert.deepEqual(
      trace.decisions
        .at(-1)
        ?.considered.map(({ cluster, rejected }) => [cluster, rejected])
        .toSorted(),
      [
        [EAST, 'build-closed'],
        [WEST, 'build-closed'],
      ],
    );
    const events = async () => (await matchmaker.listEventsOfAllocation({ params: { id: waiting.id }, query: {} })).body.events;
    await until('its end is told', async () => (await events()).at(-1)?.kind === 'failed');
    assert.equal((await events()).at(-1)?.data['reason'], seen.reason);
    await post(next);
    assert.equal(await bed.allocatedIn(next.id), WEST);
    await of.mark(WEST, of.fleet, 'closed');
    await failed(chooser.id);
  });

  it('takes players into the live world that runs on it, until that session ends', async () => {
    const of = await fleets();
    await of.make(WEST, 'b1', 'current', 1);
    await of.make(WEST, 'b2', 'current', 1);
    await is(of, { b1: 'open', b2: 'open' });
    const world = inWorld(`w-${randomUUID()}`);
    const live = await readySession(bed.world, of.fleet, { build: 'b1', ...world, resume: true });
    await of.mark(WEST, 'b1', 'closed');
    await is(of, { b1: 'closed' });
    const back = asking(of.fleet, 'b1', { ...world, players: [{ id: 'eve', role: 'player', latencies: {} }] });
    const joined = (await post(back)).body;
    assert.deepEqual([joined.state, joined.aliasOf, joined.admissions.length], ['ready', live.id, 1]);
    assert.equal((await refusal(asking(of.fleet, 'b1', inWorld(`w-${randomUUID()}`)))).code, 'build_closed');

    await bed.world.deleteServer(WEST, live.server.gameServer);
    await until('it is to go on', async () => (await live.look()).resumedAs !== undefined);
    await failed((await live.look()).resumedAs ?? '');
    const late = asking(of.fleet, 'b1', { ...world, players: [{ id: 'fay', role: 'player', latencies: {} }] });
    assert.equal((await refusal(late)).code, 'build_closed');
  });

  it('leaves nobody behind who asks while it is being closed, however often they ask', async () => {
    const of = await fleets();
    await of.make(WEST, 'b1', 'leaving', 2);
    await of.make(WEST, 'b2', 'current');
    await is(of, { b1: 'closing' });
    const another = await bed.world.startAnother();
    try {
      const clients = [await bed.world.matchmaker(), await bed.world.matchmakerOf(another)];
      const stored: ReturnType<typeof anAllocation>[] = [];
      let refused = 0;
      // Sent twice at once, to two processes: both are told the same, or one came before the other.
      const sendTwice = async () => {
        const body = asking(of.fleet, 'b1');
        const pair = await Promise.allSettled(clients.map((client) => client.requestAllocation({ body })));
        for (const one of pair)
          if (one.status === 'rejected') assert.equal((one.reason as AppError).code, 'build_closed', String(one.reason));
        if (pair.some(({ status }) => status === 'fulfilled')) stored.push(body);
        else refused += 1;
      };
      // Ever new ones, some at once, until it is closed for good.
      const sendOn = async () => {
        for (; refused < 5; await letPass(50)) await sendTwice();
      };
      const sending = Array.from({ length: 3 }, sendOn);
      await until('some were taken', async () => stored.length >= 5);
      await Promise.all([of.mark(WEST, 'b1', 'closed'), ...sending]);
      assert.ok(stored.length > 0 && refused >= 5, `${stored.length} were taken, ${refused} refused`);
      await until('whoever was taken has a server or an end', async () => {
        const states = await Promise.all(stored.map(async ({ id }) => (await bed.get(id)).state));
        return states.every((state) => state === 'allocated' || state === 'failed');
      });
      for (const body of stored) assert.equal((await post(body)).status, 200);
    } finally {
      await another.stop();
    }
  });

  it('is not known to be closed while a cluster that may serve it does not answer: nobody is refused, and nobody who waits is failed', async () => {
    const { of, waiting } = await closing();
    await isKept(of, EAST, 'leaving');
    // Its watch is still believed: only a question can tell.
    await bed.proxy.set({ mode: 'blackhole' });
    assert.equal((await bed.viewOf(EAST))?.healthy, true);
    for (const where of [WEST, EAST] as const) await of.mark(where, 'b1', 'closed');
    await isKept(of, WEST, 'closed');
    const late = asking(of.fleet, 'b1');
    assert.equal((await post(late)).status, 202);
    assert.equal((await refusal(asking(of.fleet, 'b1', { regions: [WEST] }))).code, 'build_closed', 'the other region is in no doubt');
    await bed.proxy.set({ mode: 'refuse' });
    await isAway();
    assert.equal((await post(asking(of.fleet, 'b1'))).status, 202);
    for (const { id } of [waiting, late]) assert.equal((await bed.get(id)).state, 'queued');

    await bed.mend();
    for (const { id } of [waiting, late]) await failed(id);
    assert.equal((await refusal(asking(of.fleet, 'b1'))).code, 'build_closed');
  });

  it('stays known to be closed when a cluster goes away that had it closed, or whose operator drains it', async () => {
    const { of, waiting } = await closing();
    const other = await closing();
    await of.mark(EAST, 'b1', 'closed');
    await isKept(of, EAST, 'closed');
    await bed.proxy.set({ mode: 'blackhole' });
    await of.mark(WEST, 'b1', 'closed');
    await is(of, { b1: 'unknown' });
    const { inDoubt } = (await (await bed.world.matchmaker()).listBuilds({ query: { fleet: of.fleet } })).body;
    assert.deepEqual(inDoubt, [{ cluster: EAST, region: EAST }]);
    assert.equal((await post(asking(of.fleet, 'b1'))).status, 202, 'it may have been opened where servers may still be had');
    await bed.proxy.set({ mode: 'refuse' });
    await isAway();
    await failed(waiting.id);
    assert.match((await refusal(asking(of.fleet, 'b1'))).message, /open: b2$/);
    assert.equal((await post(asking(of.fleet, 'b1', { regions: [EAST] }))).status, 202, 'nobody answers for that region');

    await other.of.mark(WEST, 'b1', 'closed');
    assert.equal((await post(asking(other.of.fleet, 'b1'))).status, 202, 'it was open when it was last seen');
    await bed.list({ ...bed.east, drain: true }, bed.west);
    await failed(other.waiting.id);
    assert.equal((await refusal(asking(other.of.fleet, 'b1'))).code, 'build_closed');
    await bed.mend();
    await is(other.of, { b1: 'closing' });
  });

  it('is found to be closed by an allocator that was killed meanwhile, and not before it has looked everywhere', async () => {
    const { of, waiting } = await closing();
    const before = await closing();
    for (const where of [EAST, WEST] as const) await before.of.mark(where, 'b1', 'closed');
    await failed(before.waiting.id);
    await isKept(of, EAST, 'leaving');
    await isKept(before.of, EAST, 'closed');
    await bed.world.killAllocator(async () => {
      for (const where of [EAST, WEST] as const) await of.mark(where, 'b1', 'closed');
      await bed.proxy.set({ mode: 'refuse' });
    });
    await until('the west is known', async () => (await bed.viewOf(WEST))?.healthy === true);
    await is(of, { b1: 'closing' });
    assert.equal((await post(asking(of.fleet, 'b1'))).status, 202, 'it was open when it was last seen');
    assert.equal((await bed.get(waiting.id)).state, 'queued');
    await is(before.of, { b1: 'closed' });
    assert.equal((await refusal(asking(before.of.fleet, 'b1'))).code, 'build_closed', 'what was closed before stays so');
    assert.equal((await bed.viewOf(EAST))?.healthy, false, 'it has never seen the east');
    await bed.mend();
    await failed(waiting.id);
  });

  it('stays so when its fleets are taken away, until somebody brings it back', async () => {
    const of = await fleets();
    // By selectors the build alone counts: no other fleet has this one.
    const build = `b1-${of.fleet}`;
    await of.make(WEST, build, 'closed');
    await of.make(WEST, 'b2', 'current');
    await is(of, { [build]: 'closed' });
    const kept = bed.world.database.db.collection('closed_builds');
    await until('it is remembered', async () => (await kept.countDocuments({ fleet: of.fleet })) === 1);
    await of.remove(WEST, build);
    await until(
      'its fleet is gone',
      async () =>
        (
          await bed.world.kube.send({
            method: 'GET',
            path: `/apis/agones.dev/v1/namespaces/${WEST}/fleets/${of.fleet}-${build}`,
            timeoutMs: 60_000,
          })
        ).status === 404,
    );
    assert.deepEqual(await of.told(), { [build]: 'closed', b2: 'open' });
    const { fleet: _named, ...chooser } = asking(of.fleet, build);
    const bySelectors = { ...chooser, selectors: [{ matchLabels: {}, matchExpressions: [], counters: {}, lists: {} }] };
    for (const one of [asking(of.fleet, build), bySelectors]) assert.match((await refusal(one)).message, /open: b2$/);
    await of.make(WEST, build, 'coming');
    await is(of, { [build]: 'coming' });
    for (const one of [asking(of.fleet, build), bySelectors]) assert.equal((await post(one)).status, 202);
    await until('it is forgotten', async () => (await kept.countDocuments({ fleet: of.fleet })) === 0);
  });
});
