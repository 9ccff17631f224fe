import assert from 'node:assert/strict';
import { AppError } from '../../contracts/app-error.ts';
import { buildClosed } from '../../contracts/build-closed.ts';
import type { FleetBuild } from '../../contracts/allocator-api/builds.ts';
import { runningMatchmaker, ticketOf, until, type MatchmakerUnderTest } from './matchmaker-under-test.ts';

const build = (fleet: string, name: string, state: FleetBuild['state']): FleetBuild => ({ fleet, build: name, state, regions: [] });

describe('the matchmaker and closed builds', function () {
  this.timeout(300_000);
  let mm: MatchmakerUnderTest;
  /** Each test has its own, since what was read last is believed for a while. */
  let old = 'old-0';
  before(async () => (mm = await runningMatchmaker()));
  after(() => mm.close());
  beforeEach(() => {
    old = `old-${Number(old.slice(4)) + 1}`;
    mm.allocator.script.builds = [];
    mm.allocator.script.away = false;
    mm.allocator.script.onRequest = () => 'ready';
  });

  const closed = (mode: 'arena' | 'realm' = 'arena') =>
    (mm.allocator.script.builds = [build(mode, old, 'closed'), build(mode, 'leaving', 'closing'), build(mode, 'new', 'open')]);
  /** Each time a ticket of its own, until one is refused. */
  const refused = (player: string, changes: Parameters<typeof ticketOf>[1] = {}) => {
    let nth = 0;
    return until(`${player} is refused`, async () => {
      const body = ticketOf(player, { build: old, ...changes, id: `t-${player}-${(nth += 1)}` });
      try {
        await mm.backend.createTicket({ body });
      } catch (cause) {
        return cause instanceof AppError ? cause : undefined;
      }
      await mm.backend.cancelTicket({ params: { id: body.id } });
      return undefined;
    });
  };

  it('refuses a ticket at once, names the open builds, and answers one that was kept before as it is', async () => {
    const kept = ticketOf('ann', { build: old });
    await mm.backend.createTicket({ body: kept });
    await mm.backend.cancelTicket({ params: { id: kept.id } });
    closed();
    const refusal = await refused('bob');
    assert.deepEqual(
      [refusal.kind, refusal.code, refusal.message],
      ['conflict', 'build_closed', `build ${old} of arena is closed; open: new`],
    );
    assert.deepEqual(refusal.faults, [{ pointer: '#/body/build', detail: `${old} is closed; open: new` }]);
    assert.equal((await mm.backend.createTicket({ body: kept })).body.state, 'cancelled');
    for (const open of ['leaving', 'new', 'unheard-of'])
      assert.equal((await mm.backend.createTicket({ body: ticketOf(open, { build: open }) })).status, 201);
    assert.equal((await mm.backend.createTicket({ body: ticketOf('cat', { build: old, mode: 'realm' }) })).status, 201, 'another fleet');

    mm.allocator.script.builds = [build('arena', old, 'unknown'), build('arena', 'new', 'open')];
    await until('it is in doubt', async () => {
      return mm.backend.createTicket({ body: ticketOf('dan', { build: old }) }).then(
        () => true,
        () => false,
      );
    });
  });

  it('tells whoever waits, by the answer that they hold', async () => {
    const eve = await mm.player('eve');
    await eve.createTicket({ body: ticketOf('eve', { build: old }) });
    const held = eve.getTicket({ params: { id: 't-eve' }, query: { wait: 30 } });
    closed();
    const { state, reason, openBuilds } = (await held).body;
    assert.deepEqual([state, reason, openBuilds], ['failed', 'build_closed', ['new']]);
  });

  it('tells those whose match is refused, or fails, because the build was closed under it', async () => {
    const { script } = mm.allocator;
    script.onRequest = ({ build: asked }) => {
      closed();
      throw buildClosed({ build: asked, fleet: 'arena', open: ['new'] });
    };
    for (const id of ['flo', 'gil']) await mm.backend.createTicket({ body: ticketOf(id, { build: old }) });
    for (const id of ['flo', 'gil']) await until(`${id} is told`, async () => (await mm.ticket(`t-${id}`)).reason === 'build_closed');
    const match = (await mm.store.matches.list({}, { sort: { createdAt: -1 }, limit: 1 }))[0];
    assert.deepEqual([match?.state, match?.reason], ['over', 'build_closed']);
  });

  it('takes a ticket for the world that is played on that build, until its session is over', async () => {
    for (const id of ['hal', 'ida']) await mm.backend.createTicket({ body: ticketOf(id, { mode: 'realm', build: old }) });
    const placed = await until('hal is placed', async () => {
      const ticket = await mm.ticket('t-hal');
      return ticket.state === 'placed' ? ticket : undefined;
    });
    closed('realm');
    await until('it is known', async () => (await mm.partsOf().builds.closedIn('realm', old)) !== undefined);
    for (const id of ['jon', 'kim']) await mm.backend.createTicket({ body: ticketOf(id, { mode: 'realm', build: old }) });
    await until('jon has come to it', async () => (await mm.ticket('t-jon')).connection?.allocationId === placed.connection?.allocationId);

    const session = mm.allocator.allocations.get(placed.matchId ?? '');
    assert.ok(session);
    session.state = 'ended';
    await until('nobody watches it any more', async () => (await mm.store.matches.count({ mode: 'realm', open: true })) === 0);
    assert.equal((await refused('leo', { mode: 'realm' })).code, 'build_closed');
  });

  it('takes every ticket while the allocator is away, and fails none', async () => {
    closed();
    assert.equal((await refused('mia')).code, 'build_closed');
    mm.allocator.script.away = true;
    // What was read last is good for two seconds.
    const body = ticketOf('ned', { build: old });
    await until('it is taken', () =>
      mm.backend.createTicket({ body }).then(
        () => true,
        () => false,
      ),
    );
    const rounds = await mm.store.turns.find('match duel');
    await until('rounds have looked at it', async () => ((await mm.store.turns.find('match duel'))?.until ?? 0) > (rounds?.until ?? 0));
    assert.equal((await mm.ticket('t-ned')).state, 'waiting');
    mm.allocator.script.away = false;
    await until('it is told when the allocator is back', async () => (await mm.ticket('t-ned')).reason === 'build_closed');
  });
});
