import assert from 'node:assert/strict';
import { isAlive, type Vitals } from '../../sdk-bridge/health/health-judge.ts';
import { judgeReady, mayReserve, type ReadyGate, type ReadyVerdict } from '../../sdk-bridge/readiness/ready-gate.ts';
import {
  admitTo,
  allAway,
  endGraces,
  findSeat,
  holdSeats,
  markLeft,
  markPresent,
  mendRoster,
  type Seats,
} from '../../sdk-bridge/seats/seats.ts';
import { judgeTicket, type TicketCircumstances } from '../../sdk-bridge/tickets/ticket-verdict.ts';
import type { SeatState } from '../../contracts/bridge-api/seat.ts';
import type { JoinTicketClaims } from '../../contracts/allocator.ts';

describe('the ready gate', () => {
  const plain: ReadyGate = { hello: false, warm: false, occupied: false, over: false, agonesState: 'Scheduled' };
  const table: [string, Partial<ReadyGate>, ReadyVerdict][] = [
    ['a plain server passes', {}, 'forward'],
    ['a plain server passes before Agones said a word', { agonesState: undefined }, 'forward'],
    ['a plain server may return to the pool by itself', { agonesState: 'Allocated' }, 'forward'],
    ['after hello it waits for warm', { hello: true }, 'hold'],
    ['warm passes', { hello: true, warm: true }, 'forward'],
    [
      'a repeated Ready is not passed on, which could undo an allocation under way',
      { hello: true, warm: true, agonesState: 'Ready' },
      'answer',
    ],
    ['a server that is becoming Ready is not told again', { agonesState: 'RequestReady' }, 'answer'],
    ['a session keeps the server out of the pool', { hello: true, warm: true, occupied: true, agonesState: 'Allocated' }, 'answer'],
    ['a session keeps also a plain server out of it', { occupied: true, agonesState: 'Allocated' }, 'answer'],
    ['a LifeVerse server that is allocated by another stays so', { hello: true, warm: true, agonesState: 'Allocated' }, 'answer'],
    ['nothing undoes a Shutdown', { over: true }, 'answer'],
    ['nothing revives an unhealthy server', { agonesState: 'Unhealthy' }, 'answer'],
  ];
  for (const [name, change, verdict] of table) it(name, () => assert.equal(judgeReady({ ...plain, ...change }), verdict));

  it('lets Reserve through only where a Ready would be earned, since it ends in one', () => {
    assert.equal(mayReserve(plain), true);
    assert.equal(mayReserve({ ...plain, hello: true }), false);
    assert.equal(mayReserve({ ...plain, hello: true, warm: true }), true);
    assert.equal(mayReserve({ ...plain, occupied: true }), false);
    assert.equal(mayReserve({ ...plain, over: true }), false);
  });
});

describe('health', () => {
  const budgets = { loadingMs: 120_000, playingMs: 20_000, pingMs: 15_000 };
  const lifeverse: Vitals = { hello: true, warm: true, phase: 'joinable', travellingSince: null, lastFrameAt: 0, lastPingAt: undefined };
  const table: [string, Vitals, number, boolean][] = [
    ['a hitch of 19 s while playing is no death', lifeverse, 19_000, true],
    ['21 s without a frame while playing is a hang', lifeverse, 21_000, false],
    ['a map may load for two minutes', { ...lifeverse, phase: 'claimed' }, 119_000, true],
    ['but no longer', { ...lifeverse, phase: 'claimed' }, 121_000, false],
    ['start-up counts as loading', { ...lifeverse, phase: 'idle', warm: false }, 100_000, true],
    ['a warm server that waits is held to frames as one that plays', { ...lifeverse, phase: 'idle' }, 21_000, false],
    ['a travel counts as loading', { ...lifeverse, travellingSince: 0 }, 119_000, true],
    ['from when it was said first', { ...lifeverse, travellingSince: 0, lastFrameAt: 90_000 }, 119_000, true],
    ['and no longer than loading may take', { ...lifeverse, travellingSince: 0, lastFrameAt: 90_000 }, 121_000, false],
    ['although frames still come then', { ...lifeverse, travellingSince: 0, lastFrameAt: 120_000 }, 121_000, true],
    ['pings do not stand in for frames', { ...lifeverse, lastPingAt: 21_000 }, 21_000, false],
    ['a plain server lives by its pings', { ...lifeverse, hello: false, lastFrameAt: undefined, lastPingAt: 0 }, 14_000, true],
    ['and dies without them', { ...lifeverse, hello: false, lastFrameAt: undefined, lastPingAt: 0 }, 16_000, false],
    ['who never gave a sign is not vouched for', { ...lifeverse, hello: false, lastFrameAt: undefined }, 1, false],
  ];
  for (const [name, vitals, now, alive] of table) it(name, () => assert.equal(isAlive(vitals, budgets, now), alive));
});

describe('seats', () => {
  const room = { player: 2, spectator: 0 };
  const start = holdSeats([], [{ id: 'ann', role: 'player', packetKey: 'k' }], 0);
  const inState = (state: SeatState): Seats => start.map((seat) => ({ ...seat, state, since: 0 }));
  const admit = (seats: Seats) => {
    const outcome = admitTo(seats, 'ann', room, 1);
    return outcome.kind === 'admitted' ? outcome.seat.state : outcome.kind;
  };
  const after = (change: ReturnType<typeof markPresent>) =>
    change.kind === 'unknown' ? 'unknown' : change.kind === 'refused' ? 'refused' : change.seat.state;

  const table: Record<
    SeatState,
    { admit: string; present: string; leave: string; leaveForGood: string; thereInRoster: string; goneFromRoster: string }
  > = {
    held: { admit: 'admitted', present: 'refused', leave: 'held', leaveForGood: 'left', thereInRoster: 'held', goneFromRoster: 'held' },
    admitted: {
      admit: 'admitted',
      present: 'present',
      leave: 'away',
      leaveForGood: 'left',
      thereInRoster: 'present',
      goneFromRoster: 'admitted',
    },
    present: {
      admit: 'admitted',
      present: 'present',
      leave: 'away',
      leaveForGood: 'left',
      thereInRoster: 'present',
      goneFromRoster: 'away',
    },
    away: { admit: 'admitted', present: 'refused', leave: 'away', leaveForGood: 'left', thereInRoster: 'present', goneFromRoster: 'away' },
    left: { admit: 'admitted', present: 'refused', leave: 'left', leaveForGood: 'left', thereInRoster: 'present', goneFromRoster: 'left' },
  };
  for (const [state, expected] of Object.entries(table)) {
    it(`go on from ${state} as the table says`, () => {
      const seats = inState(state as SeatState);
      assert.deepEqual(
        {
          admit: admit(seats),
          present: after(markPresent(seats, 'ann', 1)),
          leave: after(markLeft(seats, 'ann', false, 1)),
          leaveForGood: after(markLeft(seats, 'ann', true, 1)),
          thereInRoster: findSeat(mendRoster(seats, ['ann'], 1), 'ann')?.state,
          goneFromRoster: findSeat(mendRoster(seats, [], 1), 'ann')?.state,
        },
        expected,
      );
    });
  }

  it('are given up after the grace, and not before', () => {
    const away = inState('away');
    assert.equal(endGraces(away, 100, 100), away);
    assert.equal(endGraces(away, 100, 101)[0]?.state, 'left');
    assert.equal(endGraces(inState('present'), 100, 1_000)[0]?.state, 'present');
  });

  it('that were given up are filled by others', () => {
    const others = holdSeats(
      inState('left'),
      [
        { id: 'bob', role: 'player', packetKey: 'k' },
        { id: 'cat', role: 'player', packetKey: 'k' },
      ],
      1,
    );
    assert.equal(admit(others), 'full');
    assert.equal(admitTo(others, 'dan', room, 1).kind, 'full');
  });

  it('are kept when the claim is repeated, with those that were added', () => {
    const more = holdSeats(
      inState('present'),
      [
        { id: 'ann', role: 'player', packetKey: 'new' },
        { id: 'bob', role: 'player', packetKey: 'k' },
      ],
      5,
    );
    assert.deepEqual(
      more.map(({ playerId, state, packetKey }) => [playerId, state, packetKey]),
      [
        ['ann', 'present', 'k'],
        ['bob', 'held', 'k'],
      ],
    );
  });

  it('are all left behind when the session ends', () => {
    assert.equal(allAway(inState('present'), 1)[0]?.state, 'away');
    assert.equal(allAway(inState('held'), 1)[0]?.state, 'held');
  });
});

describe('the verdict over a ticket', () => {
  const claims: JoinTicketClaims = {
    iss: 'i',
    aud: 'lifeverse-join',
    sub: 'ann',
    jti: 't',
    exp: 100,
    allocation: 'm',
    uid: 'a'.repeat(32),
    attempt: 1,
    gameServer: 'g',
    build: 'b',
    role: 'player',
  };
  const expected = { issuer: 'i', uid: 'a'.repeat(32), attempt: 1, gameServer: 'g', build: 'b' };
  const seat = {
    playerId: 'ann',
    role: 'player' as const,
    packetKey: 'k',
    state: 'away' as const,
    since: 90_000,
    released: false,
    connection: 1,
    kicked: null,
  };
  const fresh: TicketCircumstances = { seat: { ...seat, state: 'held' }, usedBy: undefined, graceMs: 60_000, now: 90_000 };
  const verdict = (change: Partial<JoinTicketClaims>, how: Partial<TicketCircumstances> = {}) => {
    const judged = judgeTicket({ ...claims, ...change }, expected, { ...fresh, ...how });
    return judged.ok ? 'in' : judged.refusal;
  };
  const table: [string, string, string][] = [
    ['in', verdict({}), 'a ticket for this session'],
    ['signature', verdict({ iss: 'x' }), 'of another issuer'],
    ['other-server', verdict({ uid: 'b'.repeat(32) }), 'for another session'],
    ['other-server', verdict({ attempt: 2 }), 'for another attempt'],
    ['other-server', verdict({ gameServer: 'h' }), 'for another server'],
    ['other-build', verdict({ build: 'c' }), 'for another build'],
    ['expired', verdict({}, { now: 131_000 }), 'that is past its time, however the clocks differ'],
    ['in', verdict({}, { now: 120_000, usedBy: 'ann', seat }), 'that re-enters the same seat, though past its time'],
    ['used', verdict({}, { now: 151_000, usedBy: 'ann', seat }), 'that re-enters after the grace'],
    ['used', verdict({}, { usedBy: 'bob', seat }), 'that another has used'],
    ['used', verdict({}, { usedBy: 'ann', seat: { ...seat, state: 'left' } }), 'used, of a seat that was given up'],
  ];
  for (const [expectedVerdict, got, name] of table) it(`${expectedVerdict}: one ${name}`, () => assert.equal(got, expectedVerdict));
});
