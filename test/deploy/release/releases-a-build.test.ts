import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { matchmakerApi } from '../../../contracts/matchmaker.ts';
import { podlessFleet } from '../../../local/podless-fleet.ts';
import { testStack } from '../../../local/testing.ts';
import { allocatorUnderTest, anAllocation, EAST, until, type AllocatorUnderTest } from '../../allocator/allocator-under-test.ts';
import { makeReady, readySession } from '../../allocator/ready-session.ts';
import { ticketOf } from '../../matchmaker/matchmaker-under-test.ts';
import { freshDatabase } from '../../services/fresh-database.ts';
import { startServiceProcess } from '../../services/service-process.ts';
import { createTokenIssuer } from '../../services/token-issuer.ts';
import { releaseBed, watchServers } from './release-bed.ts';

describe('A release of a build of the game', function () {
  this.timeout(600_000);
  let world: AllocatorUnderTest;
  before(async () => {
    world = await allocatorUnderTest();
  });
  after(() => world.stop());

  /** As a process of its own, in front of the allocator. */
  async function startMatchmaker(fleet: string) {
    const issuer = await createTokenIssuer('https://players.test', ['backend']);
    const tokenFile = path.join((await testStack()).folder, `matchmaker-${randomUUID()}.token`);
    await writeFile(tokenFile, await world.token('service:matchmaker', ['matchmaker']));
    const database = await freshDatabase();
    const service = await startServiceProcess({
      api: matchmakerApi,
      trusted: [issuer.trusted],
      env: {
        MONGO_URL: database.url,
        MONGO_DATABASE: database.name,
        ALLOCATOR_URL: world.allocator.url,
        SERVICE_TOKEN_FILE: tokenFile,
        MATCH_MODES: JSON.stringify({ duel: { fleet, map: 'Arena', players: 2 } }),
      },
    });
    return {
      asBackend: async () => service.client(await issuer.sign('backend', ['backend'])),
      stop: async () => {
        await service.stop();
        await database.close();
      },
    };
  }

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
      await until('the allocator knows that the old build is open again', async () => (await told())['dev'] === 'open');
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

  it('is told to players by the matchmaker: those of a closed build, and nobody else', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    await world.knows(EAST, fleet, 1);
    const bed = await releaseBed(world, fleet, podlessFleet(fleet, 1));
    const service = await startMatchmaker(fleet);
    try {
      const players = await service.asBackend();
      const waiting = { ...ticketOf('ann'), build: 'dev' };
      await players.createTicket({ body: waiting });
      // As a client does: a call is held for half a minute, and then comes again.
      const told = async () => {
        for (;;) {
          const { body } = await players.getTicket({ params: { id: waiting.id }, query: { wait: 30 } });
          if (body.state !== 'waiting') return body;
        }
      };
      const held = told();
      const release = await bed.run('release', { BUILD: '3.0.0' });
      assert.equal(release.code, 0, release.output);
      const { state, reason, openBuilds } = await held;
      assert.deepEqual([state, reason, openBuilds], ['failed', 'build_closed', ['3.0.0']]);
      const late = { ...ticketOf('bob'), build: 'dev' };
      await assert.rejects(players.createTicket({ body: late }), { code: 'build_closed', message: /open: 3\.0\.0$/ });
      assert.equal((await players.createTicket({ body: { ...ticketOf('cat'), build: '3.0.0' } })).status, 201);

      const rollback = await bed.run('rollback');
      assert.equal(rollback.code, 0, rollback.output);
      await until('the old build is taken again', () =>
        players.createTicket({ body: late }).then(
          () => Promise.resolve(true),
          () => Promise.resolve(false),
        ),
      );
      await until('who waits for the new one is told', async () => {
        return (await players.getTicket({ params: { id: 't-cat' }, query: {} })).body.reason === 'build_closed';
      });
      assert.equal((await players.getTicket({ params: { id: late.id }, query: {} })).body.state, 'waiting');
    } finally {
      await service.stop();
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
