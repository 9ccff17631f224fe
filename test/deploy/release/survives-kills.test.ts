import assert from 'node:assert/strict';
import { pause } from '../../../runtime/deadline.ts';
import { podlessFleet } from '../../../local/podless-fleet.ts';
import { allocatorUnderTest, EAST, until, type AllocatorUnderTest } from '../../allocator/allocator-under-test.ts';
import { readySession } from '../../allocator/ready-session.ts';
import { releaseBed, watchServers, type Command } from './release-bed.ts';

describe('A release that is disturbed', function () {
  this.timeout(600_000);
  let world: AllocatorUnderTest;
  before(async () => {
    world = await allocatorUnderTest();
  });
  after(() => world.stop());

  const kill = async ({ child, ended }: Command) => {
    child.kill('SIGKILL');
    await ended;
  };

  it('goes on where it was killed, forward or back, and no match is ended', async () => {
    const fleet = await world.makeFleet(EAST, 3);
    await world.knows(EAST, fleet, 3);
    const bed = await releaseBed(world, fleet);
    const seen = watchServers(world);
    try {
      const session = await readySession(world, fleet);
      const killedWhile = async (verb: 'release' | 'rollback', build: string, what: RegExp) => {
        const command = bed.start(verb, { BUILD: build }, what);
        await bed.said(command, what);
        await command.ended;
      };
      await killedWhile('release', '2', /^alloc-east: bring up/m);
      await killedWhile('release', '2', /^alloc-east: make .* the current one/m);
      await killedWhile('release', '2', /^alloc-east: close|^Nothing is left/m);
      const done = await bed.run('release', { BUILD: '2' });
      assert.equal(done.code, 0, done.output);
      assert.deepEqual(await bed.states(), { dev: 'closed', '2': 'current' });
      assert.deepEqual(await bed.autoscaled(), [`${fleet}-2`]);
      assert.deepEqual([(await bed.fleetOf('dev')).replicas, (await bed.fleetOf('dev')).allocated], [0, 1]);

      // A rollback in the middle of the next release, itself killed: the build that was current stays so.
      const next = bed.start('release', { BUILD: '3' });
      await until('the next one is there', async () => '3' in (await bed.states()));
      await kill(next);
      await killedWhile('rollback', '', /^alloc-east: (make|close)/m);
      const back = await bed.run('rollback');
      assert.equal(back.code, 0, back.output);
      const states = await bed.states();
      assert.deepEqual(states, { dev: 'closed', '2': 'current', '3': 'closed' });
      assert.deepEqual(seen.of(session.server.gameServer).at(-1), 'Allocated');
    } finally {
      await seen.stop();
      await bed.stop();
    }
  });

  it('keeps everybody else out, and says who is at it', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    const bed = await releaseBed(world, fleet);
    const first = bed.start('release', { BUILD: '2', OVERLAP: '5' });
    try {
      await bed.said(first, /^alloc-east: leave .* open to those who still have dev/m);
      await until('the second one is sent away', async () => {
        const second = await bed.run('rollback', { OVERLAP: '5' });
        assert.equal(second.code, 1, second.output);
        return new RegExp(`on .* \\(process ${first.child.pid}\\) has been releasing since`).test(second.output);
      });
      first.child.kill('SIGTERM');
      assert.equal(await first.ended, 1);
      assert.match(first.output(), /Stopped\. What was done stays/);
      const rest = await bed.run('release', { BUILD: '2' });
      assert.equal(rest.code, 0, `who has stopped keeps nobody out: ${rest.output}`);
    } finally {
      if (first.child.exitCode === null) await kill(first);
      await bed.stop();
    }
  });

  it('stops before anything is switched when the new servers do not start, and says why and where to look', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    const { spec, ...rest } = podlessFleet(fleet, 1) as { spec: { template: { metadata: object } } };
    const { metadata: _podless, ...template } = spec.template;
    const bed = await releaseBed(world, fleet, { ...rest, spec: { ...spec, template } });
    const refused = playKubelet(world, `${fleet}-2`, { reason: 'ImagePullBackOff', message: 'Back-off pulling image "none"' });
    try {
      const failed = await bed.run('release', { BUILD: '2', PATIENCE: '2' });
      assert.equal(failed.code, 1, failed.output);
      assert.match(failed.output, /does not come up: ImagePullBackOff: Back-off pulling image "none"/);
      assert.match(failed.output, new RegExp(`kubectl --context test-cluster --namespace ${EAST} describe pod ${fleet}-2-`));
      assert.deepEqual(await bed.states(), { dev: undefined, '2': 'coming' });
      assert.equal((await bed.fleetOf('dev')).ready, 1, 'everybody plays on as before');
      const back = await bed.run('rollback');
      assert.equal(back.code, 0, back.output);
      assert.deepEqual(await bed.states(), { dev: 'current', '2': 'closed' });
    } finally {
      await refused.stop();
      await bed.stop();
    }
  });

  it('counts servers that crash, one after another', async () => {
    const fleet = await world.makeFleet(EAST, 1);
    const { spec, ...rest } = podlessFleet(fleet, 1) as { spec: { template: { metadata: object } } };
    const { metadata: _podless, ...template } = spec.template;
    const bed = await releaseBed(world, fleet, { ...rest, spec: { ...spec, template } });
    const crashing = playKubelet(world, `${fleet}-2`, undefined);
    try {
      const failed = await bed.run('release', { BUILD: '2' });
      assert.equal(failed.code, 1, failed.output);
      assert.match(failed.output, /does not come up: \d+ servers have ended before they were of use/);
      assert.deepEqual(await bed.states(), { dev: undefined, '2': 'coming' });
    } finally {
      await crashing.stop();
      await bed.stop();
    }
  });
});

/** What a kubelet would say of the pods of a fleet. @param waiting none: they end with an error */
function playKubelet(world: AllocatorUnderTest, fleet: string, waiting: { reason: string; message: string } | undefined) {
  const ending = new AbortController();
  const state = waiting === undefined ? { terminated: { exitCode: 3, reason: 'Error' } } : { waiting };
  const container = { name: 'game', image: 'none', imageID: '', ready: false, restartCount: 0, state };
  const phase = waiting === undefined ? 'Failed' : 'Pending';
  const playing = (async () => {
    for (let look = 0; !ending.signal.aborted; look += 1) {
      for (const { name, state: of } of await world.servers(EAST, fleet)) {
        if (of !== 'Starting') continue;
        const path = `/api/v1/namespaces/${EAST}/pods/${name}/status`;
        // Never twice the same, as a kubelet's beat: Agones may not have been ready for the one before.
        const status = { phase, message: `look ${look}`, containerStatuses: [container] };
        await world.kube.send({ method: 'PATCH', path, body: { status }, timeoutMs: 30_000 });
      }
      await pause(200, ending.signal);
    }
  })();
  return {
    stop: async () => {
      ending.abort();
      await playing;
    },
  };
}
