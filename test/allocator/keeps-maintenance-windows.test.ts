import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AppError } from '../../contracts/app-error.ts';
import { GAME_SERVER_MARKS, type AllocationRequest } from '../../contracts/allocator.ts';
import type { MaintenanceRequest } from '../../contracts/allocator-api/maintenance-windows.ts';
import { Notices } from '../../contracts/notices.ts';
import { fleetsOfBuilds } from './fleets-of-builds.ts';
import { allocatorUnderTest, anAllocation, EAST, letPass, until, WEST, type AllocatorUnderTest } from './allocator-under-test.ts';

const MINUTE = 60_000;
/** Longer than a round of the process that tells game servers. */
const ROUNDS_MS = 1_500;

describe('The allocator in maintenance', function () {
  this.timeout(300_000);
  let world: AllocatorUnderTest;
  const planned: string[] = [];
  before(async () => {
    world = await allocatorUnderTest();
  });
  afterEach(async () => {
    const operator = await asOperator();
    for (const id of planned.splice(0)) await operator.cancelMaintenance({ params: { id } });
  });
  after(() => world.stop());

  const asOperator = () => world.as('ops', ['operator']);
  const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
  const aWindow = (scope: MaintenanceRequest['scope'], changes: Partial<MaintenanceRequest> = {}): MaintenanceRequest => ({
    id: `window-${randomUUID()}`,
    scope,
    startsAt: inMs(10 * MINUTE),
    endsAt: inMs(20 * MINUTE),
    drainLeadSeconds: 3_600,
    reason: 'new kernel',
    end: 'let-finish',
    ...changes,
  });
  const plan = async (window: MaintenanceRequest) => {
    planned.push(window.id);
    return (await asOperator()).planMaintenance({ body: window });
  };
  /** Now or later than it was planned: a window is planned so far ahead that even a busy machine sees what goes before it. */
  const shift = async (id: string, times: { readonly startsAt?: Date; readonly endsAt?: Date }) =>
    void (await world.database.db.collection<{ _id: string }>('maintenance_windows').updateOne({ _id: id }, { $set: times }));
  const refusedWith = (code: string) => (error: AppError) => error.code === code;
  const ask = async (request: AllocationRequest) => (await (await world.matchmaker()).requestAllocation({ body: request })).body;
  const look = async (id: string) => (await (await world.matchmaker()).getAllocation({ params: { id } })).body;
  const placed = async (id: string) => {
    await until(`${id} has a server`, async () => (await look(id)).state === 'allocated');
    const { server, uid, attempt } = await look(id);
    assert.ok(server);
    return { server, params: { uid, attempt }, bridge: await world.bridgeOf(server) };
  };
  const play = async (id: string) => {
    const { server, params, bridge } = await placed(id);
    await bridge.acceptAttempt({ params, body: { gameServer: server.gameServer, build: 'dev', port: 7_777 } });
    return server;
  };
  const rejectedAt = async (id: string, cluster: string) => {
    const { decisions } = (await (await world.matchmaker()).traceAllocation({ params: { id } })).body;
    return decisions.at(-1)?.considered.find((one) => one.cluster === cluster)?.rejected;
  };
  const noticesOn = async (gameServer: string, namespace = EAST) => {
    const path = `/apis/agones.dev/v1/namespaces/${namespace}/gameservers/${gameServer}`;
    const { body } = await world.kube.send({ method: 'GET', path, timeoutMs: 60_000 });
    const text = (body as { metadata: { annotations?: Record<string, string> } }).metadata.annotations?.[GAME_SERVER_MARKS.notice];
    return text === undefined ? undefined : Notices.parse(JSON.parse(text));
  };
  const told = (gameServer: string, window: string) =>
    until(
      `${gameServer} is told of ${window}`,
      async () => (await noticesOn(gameServer))?.some((one) => 'window' in one && one.window === window) === true,
    );

  it('plans a window once per id, and says of a bad one what to mend', async () => {
    const window = aWindow({ fleet: 'some-fleet' });
    assert.equal((await plan(window)).status, 201);
    const again = await plan(window);
    assert.deepEqual([again.status, again.body.phase, again.body.createdBy], [200, 'draining', 'ops']);
    await assert.rejects(plan({ ...window, reason: 'another' }), refusedWith('window_differs'));
    await assert.rejects(plan({ ...window, scope: { fleet: 'some-fleet', build: 'b1' } }), refusedWith('window_differs'));
    const bad: [MaintenanceRequest, string][] = [
      [aWindow({}), 'input_invalid'],
      [aWindow({ region: EAST, fleet: 'f' }), 'input_invalid'],
      [aWindow({ cluster: EAST, build: 'b1' }), 'input_invalid'],
      [aWindow({ cluster: EAST }, { endsAt: inMs(0) }), 'input_invalid'],
      [aWindow({ cluster: EAST }, { startsAt: inMs(-2 * MINUTE), endsAt: inMs(-MINUTE) }), 'window_over'],
    ];
    for (const [one, code] of bad) await assert.rejects((await asOperator()).planMaintenance({ body: one }), refusedWith(code));
    await assert.rejects((await world.matchmaker()).planMaintenance({ body: window }), refusedWith('role_missing'));
    const cancel = async () => (await (await asOperator()).cancelMaintenance({ params: { id: window.id } })).body.phase;
    assert.deepEqual([await cancel(), await cancel()], ['cancelled', 'cancelled']);
    assert.equal((await plan(window)).body.phase, 'cancelled');
    await assert.rejects((await asOperator()).getMaintenance({ params: { id: 'nobody' } }), refusedWith('window_unknown'));
  });

  it('places elsewhere from the drain lead on, then waits, and is woken when the window is cancelled', async () => {
    const fleet = await world.makeFleet(EAST, 2);
    await world.copyFleet(WEST, fleet, 1);
    await world.knows(EAST, fleet, 2);
    await world.knows(WEST, fleet, 1);
    const window = aWindow({ region: EAST });
    await plan(window);
    const [first, second] = [anAllocation(fleet), anAllocation(fleet)];
    await ask(first);
    assert.equal((await placed(first.id)).server.cluster, WEST);
    assert.equal(await rejectedAt(first.id, EAST), 'maintenance');
    await ask(second);
    await until('it waits', async () => (await rejectedAt(second.id, EAST)) === 'maintenance');
    assert.equal((await look(second.id)).state, 'queued');
    await (await asOperator()).cancelMaintenance({ params: { id: window.id } });
    assert.equal((await placed(second.id)).server.cluster, EAST);
  });

  it('takes work up again by itself when a window has ended', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    await world.knows(EAST, fleet, 1);
    const window = aWindow({ fleet, cluster: EAST });
    await plan(window);
    const waiting = anAllocation(fleet);
    await ask(waiting);
    await until('it waits', async () => (await rejectedAt(waiting.id, EAST)) === 'maintenance');
    await shift(window.id, { startsAt: new Date(), endsAt: new Date(Date.now() + 1_000) });
    const { server } = await placed(waiting.id);
    assert.equal(server.cluster, EAST);
    assert.equal((await (await asOperator()).getMaintenance({ params: { id: window.id } })).body.phase, 'over');
  });

  it('does not begin before a window what cannot finish before it', async () => {
    const fleet = await world.makeFleet(EAST, 2);
    await world.knows(EAST, fleet, 2);
    await plan(aWindow({ fleet }, { drainLeadSeconds: 0 }));
    const [long, short] = [anAllocation(fleet, { expectedSeconds: 3_600 }), anAllocation(fleet, { expectedSeconds: 60 })];
    await ask(long);
    await until('the long one waits', async () => (await rejectedAt(long.id, EAST)) === 'maintenance');
    await ask(short);
    await placed(short.id);
    assert.equal((await look(long.id)).state, 'queued');
  });

  it('tells the servers that carry a session, whenever they were allocated and whoever was killed, and takes it back', async () => {
    const fleet = await world.makeFleet(EAST, 3);
    await world.knows(EAST, fleet, 3);
    const asked = anAllocation(fleet);
    await ask(asked);
    const { server, params, bridge } = await placed(asked.id);
    const window = aWindow({ fleet });
    await plan(window);
    await world.killAllocator();
    await told(server.gameServer, window.id);
    const [notice] = (await noticesOn(server.gameServer)) ?? [];
    const { startsAt, endsAt } = window;
    assert.deepEqual(notice, { kind: 'maintenance', reason: 'new kernel', startsAt, endsAt, end: 'let-finish', window: window.id });
    const again = await world.bridgeOf(server);
    const claim = (await again.claimAttempt({ params, body: { gameServer: server.gameServer } })).body;
    assert.deepEqual(claim.notices, [notice]);
    assert.ok(bridge);

    // As a cluster that commits late does: a server takes our marks while the scope drains already.
    const late = await allocateBehind(fleet);
    await told(late, window.id);
    const free = (await world.servers(EAST, fleet)).find((one) => one.state === 'Ready');
    assert.equal(await noticesOn(free?.name ?? ''), undefined);

    const version = async () => (await world.servers(EAST, fleet)).find((one) => one.name === server.gameServer)?.resourceVersion;
    const before = await version();
    await letPass(ROUNDS_MS);
    assert.equal(await version(), before, 'it is told once');
    await (await asOperator()).cancelMaintenance({ params: { id: window.id } });
    for (const name of [server.gameServer, late])
      await until(`the notice on ${name} is taken back`, async () => (await noticesOn(name)) === undefined);
  });

  it('ends what still runs when the window begins, where it says so, and tells when the scope stands free', async () => {
    const [fleet, other] = [await world.makeFleet(EAST, 1), await world.makeFleet(EAST, 1)];
    await world.knows(EAST, fleet, 1);
    await world.knows(EAST, other, 1);
    const [ends, stays] = [anAllocation(fleet), anAllocation(other)];
    await ask(ends);
    await ask(stays);
    const server = await play(ends.id);
    await play(stays.id);
    const window = aWindow({ fleet }, { end: 'end-sessions' });
    assert.equal((await plan(window)).body.phase, 'draining');
    const status = async () => (await (await asOperator()).getMaintenance({ params: { id: window.id } })).body;
    await told(server.gameServer, window.id);
    const draining = await status();
    assert.deepEqual([draining.status?.sessions, draining.status?.oldestSession?.allocationId], [1, ends.id]);
    assert.equal((await look(ends.id)).state, 'ready');

    const startsAt = new Date(Date.now() + 1_000);
    await shift(window.id, { startsAt });
    await until('the session is ended', async () => (await look(ends.id)).state === 'ended');
    assert.ok(Date.parse((await look(ends.id)).endedAt ?? '') >= startsAt.getTime());
    assert.equal((await look(ends.id)).reason, 'maintenance: new kernel');
    await until('its server is told', async () => (await noticesOn(server.gameServer))?.[0]?.kind === 'session-end');
    const running = await status();
    assert.deepEqual(
      [running.phase, running.status?.sessions, running.status?.busyServers, running.drainedAt],
      ['running', 0, 1, undefined],
    );
    await world.deleteServer(EAST, server.gameServer);
    await until('the scope stands free', async () => (await status()).drainedAt !== undefined);
    assert.equal((await look(stays.id)).state, 'ready');
  });

  it('keeps to one build of a fleet, where the window names it: placing, telling and ending', async () => {
    const of = await fleetsOfBuilds(world);
    try {
      await of.make(EAST, 'b1', 'leaving', 2);
      await of.make(EAST, 'b2', 'current', 1);
      await world.knows(EAST, of.fleet, 3);
      const [old, late, fresh] = [
        anAllocation(of.fleet, { build: 'b1' }),
        anAllocation(of.fleet, { build: 'b1' }),
        anAllocation(of.fleet, { build: 'b2' }),
      ];
      await ask(old);
      const { server, params, bridge } = await placed(old.id);
      await bridge.acceptAttempt({ params, body: { gameServer: server.gameServer, build: 'b1', port: 7_777 } });
      const window = aWindow({ fleet: of.fleet, build: 'b1' }, { end: 'end-sessions' });
      await plan(window);
      await ask(late);
      await until('the old build waits', async () => (await rejectedAt(late.id, EAST)) === 'maintenance');
      await ask(fresh);
      const other = (await placed(fresh.id)).server.gameServer;
      await told(server.gameServer, window.id);
      const { status } = (await (await asOperator()).getMaintenance({ params: { id: window.id } })).body;
      assert.deepEqual([status?.sessions, status?.busyServers, status?.freeServers], [1, 1, 1]);
      const shown = (await (await asOperator()).listFleets({})).body.fleets.find(({ name }) => name === of.fleet);
      assert.deepEqual(
        shown?.windows.map(({ scope }) => scope),
        [window.scope],
      );
      await shift(window.id, { startsAt: new Date(Date.now() + 1_000) });
      await until('the session of the old build is ended', async () => (await look(old.id)).state === 'ended');
      assert.deepEqual([await noticesOn(other), (await look(fresh.id)).state], [undefined, 'allocated']);
    } finally {
      await of.stop();
    }
  });

  async function allocateBehind(fleet: string): Promise<string> {
    const labels = { [GAME_SERVER_MARKS.owner]: world.owner, [GAME_SERVER_MARKS.uid]: 'f'.repeat(32), [GAME_SERVER_MARKS.attempt]: '1' };
    const answer = await world.kube.send({
      method: 'POST',
      path: `/apis/allocation.agones.dev/v1/namespaces/${EAST}/gameserverallocations`,
      body: {
        apiVersion: 'allocation.agones.dev/v1',
        kind: 'GameServerAllocation',
        spec: { selectors: [{ matchLabels: { 'agones.dev/fleet': fleet } }], metadata: { labels } },
      },
      timeoutMs: 60_000,
    });
    return (answer.body as { status: { gameServerName: string } }).status.gameServerName;
  }
});
