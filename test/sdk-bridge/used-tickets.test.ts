import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JoinTicketClaims } from '../../contracts/allocator.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { admitPlayer } from '../../sdk-bridge/moves/admit-player.ts';
import { markLeft } from '../../sdk-bridge/seats/seats.ts';
import { accepted, claimed, reseated } from '../../sdk-bridge/session.ts';
import { openSessionStore, type SessionStore } from '../../sdk-bridge/store/session-store.ts';
import { CLAIM } from './stand-in/claim.ts';
import { forgetTickets, type UsedTicket } from '../../sdk-bridge/tickets/used-tickets.ts';

/** Tickets hold for a minute, and clocks may be off by half of one. */
const EXPIRES_S = 60;
const OVER_MS = 90_000;
const GRACE_MS = 1_000_000;

describe('a ticket that was used', () => {
  let folder: string;
  let store: SessionStore;
  let now: number;
  const open = async () => void (store = await openSessionStore(folder, 'gs-1', SILENT_LOG));
  beforeEach(async () => {
    now = 0;
    folder = await mkdtemp(join(tmpdir(), 'tickets-'));
    await open();
    await store.change((state) => accepted(claimed(state, CLAIM, now)));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** A ticket of the player's, shown at the door: its id is what tells it from others, its signature is another test's. */
  const show = async (player: string, id: string, exp = EXPIRES_S) => {
    const claims: JoinTicketClaims = {
      iss: CLAIM.ticketIssuer,
      aud: 'lifeverse-join',
      sub: player,
      jti: id,
      exp,
      allocation: CLAIM.allocationId,
      uid: CLAIM.uid,
      attempt: 1,
      gameServer: 'gs-1',
      build: 'b1',
      role: 'player',
    };
    const parts = {
      store,
      check: async () => ({ kind: 'claims' as const, claims }),
      refreshClaim: async () => {},
      leasePlayer: async () => {},
      graceMs: GRACE_MS,
      log: SILENT_LOG,
      now: () => now,
    };
    const verdict = await admitPlayer(parts, 'ticket', AbortSignal.timeout(100_000));
    return verdict.admitted ? 'admitted' : verdict.refusal;
  };
  const leave = (player: string, forGood: boolean) =>
    store.change((state) => {
      const made = markLeft(state.seats, player, forGood, now);
      return made.kind === 'moved' ? reseated(state, made.seats) : state;
    });

  it('is refused up to its expiry and afterwards, whoever came in meanwhile, also after a restart', async () => {
    assert.equal(await show('ann', 't1'), 'admitted');
    await leave('ann', true);
    for (const moment of [1, 30_000, 60_001, OVER_MS - 1, OVER_MS]) {
      now = moment;
      // Each entry of others is a moment at which it could be forgotten.
      assert.equal(await show('bob', `of bob ${moment}`, moment / 1_000 + EXPIRES_S), 'admitted');
      await open();
      assert.equal(await show('ann', 't1'), 'used', `at ${moment}`);
    }
    now = OVER_MS + 1;
    assert.equal(await show('bob', 'of bob', 10_000), 'admitted');
    assert.equal(store.current().usedTickets['t1'], undefined);
    await open();
    assert.equal(await show('ann', 't1'), 'expired');
  });

  it('still opens the seat of its player within the grace, however long ago it expired', async () => {
    assert.equal(await show('ann', 't1'), 'admitted');
    now = 5 * OVER_MS;
    assert.equal(await show('bob', 't2', now), 'admitted');
    await leave('ann', false);
    assert.equal(await show('ann', 't1'), 'admitted');
    assert.equal(await show('bob', 't1'), 'used');
  });

  it('is not kept for a whole session: of who comes and goes with fresh tickets, the newest are', async () => {
    for (let count = 0; count < 200; count += 1) {
      now = count * 10_000;
      assert.equal(await show('ann', `t${count}`, now / 1_000 + EXPIRES_S), 'admitted');
      await leave('ann', false);
    }
    const kept = Object.keys(store.current().usedTickets);
    assert.ok(kept.length <= 12, `${kept.length} are kept`);
    now = 10 * 200 * 10_000;
    assert.equal(await show('ann', 'last', now), 'admitted');
    assert.deepEqual(Object.keys(store.current().usedTickets), ['t199', 'last']);
  });

  it('is forgotten with the seat, once it has expired', () => {
    const use = (playerId: string, until: number): UsedTicket => ({ playerId, until, at: 0 });
    const used = { a: use('ann', 10), b: use('bob', 20), c: use('cid', 10) };
    const seats = store
      .current()
      .seats.map((seat) => ({ ...seat, state: seat.playerId === 'ann' ? ('away' as const) : ('left' as const) }));
    assert.equal(forgetTickets(used, seats, 10), used);
    assert.deepEqual(Object.keys(forgetTickets(used, seats, 15)), ['a', 'b']);
    assert.deepEqual(Object.keys(forgetTickets(used, seats, 25)), ['a']);
  });
});
