import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { allocatorUnderTest, anAllocation, EAST, until, type AllocatorUnderTest } from '../../allocator/allocator-under-test.ts';
import { makeReady, readySession } from '../../allocator/ready-session.ts';
import { releaseBed, watchServers } from './release-bed.ts';

describe('A release of a build of the game', function () {
  this.timeout(120_000);
  let world: AllocatorUnderTest;
  before(async () => {
    world = await allocatorUnderTest();
  });
  after(() => world.stop());

  it('comes up beside the old one, takes the players who have it, and lets the others play to the end; so does a rollback', async () => {
    const fleet = await world.makeFleet(EAST, 3);
    await world.knows(EAST, fleet, 3);
    const bed = await releaseBed(world, fleet);
    const seen = watchServers(world);
    try {
      const old = [await readySession(world, fleet), await readySession(world, fleet)];
      const plan = await bed.run('release', { BUILD: '1.4.2', PLAN: '1' });
      assert.equal(plan.code, 0, plan.output);
      assert.match(
        plan.output,
        /bring up .*-1-4-2 with 2 servers[^]*wait until[^]*make .*-1-4-2 the current one[^]*close[^]*make rollback/,
      );
      assert.deepEqual(await bed.states(), { dev: undefined }, 'a plan does nothing');

      const release = await bed.run('release', { BUILD: '1.4.2' });
      assert.equal(release.code, 0, release.output);
      assert.deepEqual(await bed.states(), { dev: 'closed', '1.4.2': 'current' });
      assert.deepEqual(await bed.autoscaled(), [`${fleet}-1-4-2`]);
      await until('the free server of the old build is gone', async () => (await bed.fleetOf('dev')).ready === 0);
      assert.equal((await bed.fleetOf('dev')).allocated, 2);

      const fresh = await readySession(world, fleet, { build: '1.4.2' });
      assert.match(fresh.server.gameServer, /-1-4-2-/);
      const matchmaker = await world.matchmaker();
      const told = async () => {
        const { builds } = (await matchmaker.listBuilds({ query: { fleet } })).body;
        return Object.fromEntries(builds.map(({ build, state }) => [build, state]));
      };
      await until('the allocator knows that the old build is closed', async () => (await told())['dev'] === 'closed');
      assert.deepEqual(await told(), { dev: 'closed', '1.4.2': 'open' });
      const late = anAllocation(fleet);
      await assert.rejects(matchmaker.requestAllocation({ body: late }), { code: 'build_closed', message: /open: 1\.4\.2$/ });

      const [first, second] = old;
      assert.ok(first !== undefined && second !== undefined);
      await matchmaker.cancelAllocation({ params: { id: first.id } });
      await until('a server of the old build ends with its match', async () => (await bed.fleetOf('dev')).allocated === 1);
      assert.equal((await bed.fleetOf('dev')).replicas, 0);

      const rollback = await bed.run('rollback');
      assert.equal(rollback.code, 0, rollback.output);
      assert.deepEqual(await bed.states(), { dev: 'current', '1.4.2': 'closed' });
      const again = await bed.run('rollback');
      assert.match(again.output, /Nothing is left to do/, 'a rollback goes back once, however often it is repeated');
      assert.deepEqual(await told(), { dev: 'open', '1.4.2': 'closed' });
      assert.equal((await matchmaker.requestAllocation({ body: late })).status, 202, 'what was refused before is taken');
      await makeReady(world, late.id);
      assert.equal((await fresh.look()).state, 'ready', 'who plays on the new build plays on');
      const states = [second, fresh].map(({ server }) => seen.of(server.gameServer));
      assert.deepEqual(states, [['Ready', 'Allocated'], states[1]]);
      assert.equal(states[1]?.at(-1), 'Allocated');
    } finally {
      await seen.stop();
      await bed.stop();
    }
  });

  it('never has a world live on two builds: its next session runs on the new one', async () => {
    const fleet = await world.makeFleet(EAST, 2);
    await world.knows(EAST, fleet, 2);
    const bed = await releaseBed(world, fleet);
    const seen = watchServers(world);
    try {
      const session = { map: 'valley', world: `w-${randomUUID()}`, capacity: 4, spectators: 0, data: {} };
      const old = await readySession(world, fleet, { session });
      const release = await bed.run('release', { BUILD: '2.0.0' });
      assert.equal(release.code, 0, release.output);
      const matchmaker = await world.matchmaker();
      const next = anAllocation(fleet, { session, build: '2.0.0' });
      await assert.rejects(matchmaker.requestAllocation({ body: next }), { code: 'world_on_other_build' });
      assert.deepEqual(seen.of(old.server.gameServer).at(-1), 'Allocated');

      await old.bridge.endAttempt({
        params: { uid: old.uid, attempt: old.attempt },
        body: { gameServer: old.server.gameServer, reason: 'over' },
      });
      await matchmaker.requestAllocation({ body: next });
      const resumed = await makeReady(world, next.id);
      assert.match(resumed.server.gameServer, /-2-0-0-/);
    } finally {
      await seen.stop();
      await bed.stop();
    }
  });
});
