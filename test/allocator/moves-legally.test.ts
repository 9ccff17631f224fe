import assert from 'node:assert/strict';
import { canonicalRequest, isFinal, isSettled, liveKeyOf, MAY_BECOME, newAllocation, turnOf } from '../../allocator/allocation.ts';
import type { GameServer } from '../../allocator/clusters/game-server.ts';
import { verdictOn } from '../../allocator/reconcile/verdict.ts';
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
  const server = { name: 'gs-1', attempt: 2 } as GameServer;
  const at = now.getTime();
  const bound = { gameServer: 'gs-1' } as typeof made.server;
  const table: readonly [what: string, allocation: Parameters<typeof verdictOn>[1], expected: string][] = [
    ['is left alone when the store has never heard of it', undefined, 'unknown'],
    ['is kept while its attempt is being made', { state: 'placing', attempt: 2, endedAt: null, server: null }, 'keep'],
    ['is kept while it hosts', { state: 'ready', attempt: 2, endedAt: null, server: bound }, 'keep'],
    ['goes when a later attempt has begun', { state: 'placing', attempt: 3, endedAt: null, server: null }, 'release'],
    ['goes when its attempt was given up', { state: 'queued', attempt: 2, endedAt: null, server: null }, 'release'],
    [
      'goes when another server was bound for its attempt',
      { state: 'ready', attempt: 2, endedAt: null, server: { ...bound, gameServer: 'gs-2' } as typeof made.server },
      'release',
    ],
    ['may flush its saves after the end', { state: 'ended', attempt: 2, endedAt: new Date(at - 29_000), server: bound }, 'keep'],
    ['goes when it has not left by itself', { state: 'ended', attempt: 2, endedAt: new Date(at - 31_000), server: bound }, 'release'],
  ];
  for (const [what, allocation, expected] of table) it(what, () => assert.equal(verdictOn(server, allocation, at, 30_000), expected));
});
