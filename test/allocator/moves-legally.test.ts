import assert from 'node:assert/strict';
import { canonicalRequest, isFinal, isSettled, liveKeyOf, MAY_BECOME, newAllocation, turnOf } from '../../allocator/allocation.ts';
import type { GameServer } from '../../allocator/clusters/game-server.ts';
import { passedOf, passOrHold, type BrakeDocument } from '../../allocator/reconcile/brake.ts';
import { isLost } from '../../allocator/reconcile/check-loss.ts';
import { AppError } from '../../contracts/app-error.ts';
import { verdictOn, type Judged, type Verdict } from '../../allocator/reconcile/verdict.ts';
import { AllocationRequest, AllocationState } from '../../contracts/allocator.ts';

const request = AllocationRequest.parse({
  id: 'm-1',
  fleet: 'f',
  build: 'dev',
  mode: 'duel',
  session: { map: 'arena', capacity: 2 },
  players: [{ id: 'ada' }],
});
const now = new Date('2026-01-01T00:00:00Z');
const made = newAllocation({
  uid: 'u',
  client: 'c',
  fingerprint: 'f',
  request,
  now,
  worldSession: 0,
  traceparent: '',
  newPacketKey: () => 'k',
});

describe('An allocation', () => {
  it('can reach a final state from every state, and leaves none', () => {
    for (const state of AllocationState.options) {
      const seen = new Set([state]);
      for (const reached of seen) for (const next of MAY_BECOME[reached]) seen.add(next);
      assert.ok([...seen].some(isFinal), state);
      if (isFinal(state)) assert.deepEqual(MAY_BECOME[state], []);
    }
    assert.deepEqual(AllocationState.options.filter(isFinal), ['ended', 'lost', 'failed', 'cancelled', 'expired']);
    assert.ok(isSettled('ready') && !isSettled('allocated'));
  });

  it('is due at once when it is made, and has a key per seat', () => {
    assert.equal(made.nextActionAt, now);
    assert.deepEqual(made.seats, [{ id: 'ada', role: 'player', packetKey: 'k', by: ['c/m-1'], at: now }]);
    assert.equal(made.deadlineAt.getTime() - now.getTime(), 60_000);
  });

  it('is the same request however its fields are ordered, and another one when any differs', () => {
    const turned = AllocationRequest.parse(Object.fromEntries(Object.entries(request).toReversed()));
    assert.equal(canonicalRequest(turned), canonicalRequest(request));
    assert.notEqual(canonicalRequest({ ...request, priority: 4 }), canonicalRequest(request));
  });

  it('goes before a younger one, unless that has more priority than its lead in age is worth', () => {
    assert.ok(turnOf(1_000, 5) < turnOf(2_000, 5));
    assert.ok(turnOf(2_000, 6) < turnOf(1_000, 5));
    assert.ok(turnOf(1_000, 0) < turnOf(200_000, 9));
  });

  it('numbers the sessions of a world, and keeps allocations without one apart', () => {
    assert.equal(liveKeyOf('u', 'w', 3), 'world:w#3');
    assert.notEqual(liveKeyOf('u1', undefined, 0), liveKeyOf('u2', undefined, 0));
  });
});

describe('A game server that carries our marks', () => {
  const server = { name: 'gs-1', attempt: 2, allocationUid: '0123456789abcdef0123456789abcdef' } as GameServer;
  const at = now.getTime();
  const here = { gameServer: 'gs-1' };
  const stored = (change: Partial<Judged>): Judged => ({
    state: 'ready',
    attempt: 2,
    endedAt: null,
    readyAt: null,
    nextActionAt: null,
    server: here,
    ...change,
  });
  const overSince = new Date(at - 31_000);
  const table: readonly [what: string, allocation: Judged | undefined, expected: Verdict][] = [
    ['is adopted when the store has never heard of it', undefined, 'adopt'],
    ['is kept while its attempt is being made', stored({ state: 'placing', server: null }), 'keep'],
    ['is kept while it hosts', stored({}), 'keep'],
    ['goes when a later attempt has begun', stored({ state: 'placing', attempt: 3, server: null }), 'release'],
    ['goes when its attempt was given up', stored({ state: 'queued', server: null }), 'release'],
    ['goes by the brake when another server has its attempt', stored({ server: { gameServer: 'gs-2' } }), 'release-by-brake'],
    ['may flush its saves after the end', stored({ state: 'ended', endedAt: new Date(at - 29_000), nextActionAt: now }), 'keep'],
    ['goes when it has not left by itself', stored({ state: 'ended', endedAt: overSince, readyAt: now, nextActionAt: now }), 'release'],
    ['goes when it was won too late to host', stored({ state: 'expired', endedAt: overSince, server: null }), 'release'],
    ['goes by the brake when the store saw it gone', stored({ state: 'lost', endedAt: overSince, readyAt: now }), 'release-by-brake'],
    ['is adopted when the store knows an earlier attempt only', stored({ state: 'queued', attempt: 1, server: null }), 'adopt'],
    ['is adopted when the store gave up before its attempt', stored({ state: 'expired', attempt: 0, endedAt: overSince }), 'adopt'],
    ['goes by the brake when its client had ended it before its attempt', stored({ state: 'ended', attempt: 1 }), 'release-by-brake'],
    ['is kept while its client ends it', stored({ state: 'cancelling', attempt: 1 }), 'keep'],
  ];
  for (const [what, allocation, expected] of table) it(what, () => assert.equal(verdictOn(server, allocation, at, 30_000), expected));

  it('is left alone when nobody who allocates would have marked it so', () => {
    assert.equal(verdictOn({ ...server, attempt: undefined }, undefined, at, 30_000), 'unreadable');
    assert.equal(verdictOn({ ...server, allocationUid: 'of-a-hand' }, undefined, at, 30_000), 'unreadable');
  });
});

describe('A session', () => {
  const carrier = { deleting: false, state: 'Allocated' } as GameServer;
  const table: readonly [what: string, look: () => Promise<GameServer | undefined>, expected: boolean][] = [
    ['is lost when its cluster says that nobody carries it', async () => undefined, true],
    ['is lost when its server is on its way out', async () => ({ ...carrier, deleting: true }), true],
    ['is not lost while its server is there, whatever a watch has told', async () => carrier, false],
    ['is not lost while its cluster does not answer', () => Promise.reject(new AppError('timeout', 'cluster_timeout', 'late')), false],
  ];
  for (const [what, findCarrier, expected] of table)
    it(what, async () => assert.equal(await isLost('us', { findCarrier }, { _id: 'u', attempt: 1 }), expected));
});

describe('The brake of the reaper', () => {
  const settings = { percent: 5, least: 20, quietMs: 600_000 };
  const free: BrakeDocument = {
    _id: 'releases',
    version: 1,
    passed: [],
    heldAt: null,
    askedAt: null,
    waiting: 0,
    allowed: 0,
    letGoBy: null,
  };
  const ask = (from: BrakeDocument, count: number, allocated: number, at: number) => passOrHold(from, count, allocated, settings, at);

  it('lets 20 pass in a minute however few are Allocated, and holds all of the next', () => {
    const { next, outcome } = ask(free, 20, 30, 0);
    assert.equal(outcome, 'pass');
    const held = ask(next, 1, 30, 59_000);
    assert.equal(held.outcome, 'pulled');
    assert.equal(ask(next, 1, 30, 66_000).outcome, 'pass');
  });

  it('lets 5 % of many pass, and none of more than that', () => {
    assert.equal(ask(free, 50, 1_000, 0).outcome, 'pass');
    const { next, outcome } = ask(free, 51, 1_000, 0);
    assert.equal(outcome, 'pulled');
    assert.deepEqual([next.passed, next.waiting], [[], 51]);
  });

  it('stays held while somebody asks, and lets go when nobody has for long', () => {
    let { next } = ask(free, 100, 0, 0);
    for (let at = 300_000; at <= 1_500_000; at += 300_000) {
      const again = ask(next, 100, 0, at);
      assert.equal(again.outcome, 'held');
      next = again.next;
    }
    assert.equal(ask(next, 0, 0, 2_000_000).outcome, 'held');
    assert.equal(ask(next, 5, 0, 2_100_001).outcome, 'pass');
  });

  it('counts what an operator lets pass apart from the limit', () => {
    const allowed = ask({ ...free, allowed: 100 }, 90, 0, 0);
    assert.deepEqual([allowed.outcome, allowed.next.allowed, allowed.next.passed], ['pass', 10, []]);
    const beyond = ask(allowed.next, 30, 0, 0);
    assert.deepEqual([beyond.outcome, passedOf(beyond.next, 0)], ['pass', 20]);
    assert.equal(ask(beyond.next, 1, 0, 0).outcome, 'pulled');
  });
});
