import assert from 'node:assert/strict';
import { matchingRound } from '../../matchmaker/rounds/matching-round.ts';
import { createMatchDriver, MATCH_LEASE_MS } from '../../matchmaker/rounds/match-driver.ts';
import type { MatchmakerParts } from '../../matchmaker/moves/matchmaker-parts.ts';
import { matchmakerUnderTest, ticketOf, until, type MatchmakerUnderTest } from './matchmaker-under-test.ts';

/** A process that is gone at its `write`-th write to the database or call to the allocator, before or after carrying it out. */
function dyingParts(mm: MatchmakerUnderTest, write: number, after: boolean): { parts: MatchmakerParts; died: () => boolean } {
  let left = write;
  const gone = () => new Promise<never>(() => {});
  const mortal =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      left -= 1;
      if (left < 0 || (left === 0 && !after)) return gone();
      const result = await work(...args);
      return left === 0 ? gone() : result;
    };
  const { tickets, matches, allocator } = mm.partsOf();
  const parts = mm.partsOf({
    tickets: { ...tickets, change: mortal((...call: Parameters<typeof tickets.change>) => tickets.change(...call)) },
    matches: {
      ...matches,
      change: mortal((...call: Parameters<typeof matches.change>) => matches.change(...call)),
      insert: mortal((...call: Parameters<typeof matches.insert>) => matches.insert(...call)),
    },
    allocator: {
      ...allocator,
      requestAllocation: mortal((...call: Parameters<typeof allocator.requestAllocation>) => allocator.requestAllocation(...call)),
    },
  });
  return { parts, died: () => left <= 0 };
}

describe('the matchmaker, crashed at any write', function () {
  this.timeout(600_000);
  let mm: MatchmakerUnderTest;
  before(async () => (mm = await matchmakerUnderTest()));
  after(() => mm.close());

  /** All tickets are placed, each by one match, whose allocation is the only one that has its player. */
  const assertEachPlacedOnce = async (players: readonly string[]) => {
    for (const player of players) {
      const ticket = await until(`${player} is placed`, async () => {
        const found = await mm.ticket(`t-${player}`);
        return found.state === 'placed' ? found : undefined;
      });
      const having = [...mm.allocator.allocations.values()].filter((one) => one.request.players.some(({ id }) => id === player));
      assert.deepEqual(
        having.map((one) => one.request.id),
        [ticket.matchId],
        `${player} is in one allocation`,
      );
    }
  };

  for (const after of [false, true]) {
    it(`neither doubles nor forgets a match when it dies ${after ? 'right after' : 'right before'} each of its writes`, async () => {
      let complete = false;
      let deaths = 0;
      for (let write = 1; !complete; write += 1) {
        const build = `${after ? 'after' : 'before'}-${write}`;
        const players = [1, 2].map((n) => `${build}-${n}`);
        for (const player of players) await mm.backend.createTicket({ body: ticketOf(player, { build }) });
        const dying = dyingParts(mm, write, after);
        const driver = createMatchDriver(dying.parts);
        void matchingRound(dying.parts, driver, 'duel');
        await until('it dies or is done', async () => {
          complete = (await mm.store.tickets.count({ state: 'placed', build })) === 2 && !dying.died();
          return complete || dying.died();
        });
        if (!complete) deaths += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
        // Another process, later than every lease of the dead one.
        const next = mm.run(mm.partsOf({ now: () => new Date(Date.now() + MATCH_LEASE_MS + 1_000) }));
        await assertEachPlacedOnce(players);
        await until('no match is open', async () => (await mm.store.matches.count({ open: true })) === 0);
        await next.stop();
        await mm.store.turns.remove({});
        assert.ok(write < 40);
      }
      assert.ok(deaths >= 8, `it died ${deaths} times: intent, two tickets, asking, request, two tickets, end`);
    });
  }

  it('takes each ticket into one match when several processes match the same tickets at once', async () => {
    const players = Array.from({ length: 40 }, (_, n) => `race${n}`);
    await Promise.all(players.map((player) => mm.backend.createTicket({ body: ticketOf(player, { build: 'race' }) })));
    const processes = [1, 2, 3, 4].map(() => {
      const parts = mm.partsOf();
      // Every one believes that it is its turn.
      return { ...parts, turns: { ...parts.turns, change: () => Promise.resolve(true) } };
    });
    const running = processes.map((parts) => mm.run(parts));
    await until('all are placed', async () => (await mm.store.tickets.count({ state: 'placed', build: 'race' })) === 40);
    await Promise.all(running.map((one) => one.stop()));
    const ready = [...mm.allocator.allocations.values()].filter((one) => one.request.build === 'race');
    const seated = ready.flatMap((one) => one.request.players.map((player) => player.id));
    assert.deepEqual(seated.toSorted(), players.toSorted(), 'nobody in two matches');
  });
});
