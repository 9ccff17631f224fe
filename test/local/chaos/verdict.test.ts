import assert from 'node:assert/strict';
import { newAllocation, type AllocationDocument } from '../../../allocator/allocation.ts';
import { AllocationRequest } from '../../../contracts/allocator.ts';
import { kindOf } from '../../../local/chaos/kill-at-random.ts';
import { faultsOf, verdictOf, type Evidence } from '../../../local/chaos/verdict.ts';
import type { Stay } from '../../../local/checking/game-server-history.ts';

const NOW = 1_000_000;
const UID = 'a'.repeat(32);

const ended: AllocationDocument = {
  ...newAllocation({
    uid: UID,
    client: 'service:matchmaker',
    fingerprint: '',
    request: AllocationRequest.parse({
      id: 'one',
      fleet: 'chaos',
      build: 'dev',
      mode: 'duel',
      session: { map: 'm', capacity: 1 },
      players: [],
    }),
    now: new Date(NOW - 200_000),
    worldSession: 0,
    traceparent: '',
    newPacketKey: () => '',
  }),
  state: 'ended',
  attempt: 1,
  endedAt: new Date(NOW - 100_000),
};
const stay: Stay = {
  cluster: 'east',
  gameServer: 'gs-1',
  serverUid: 'server-1',
  uid: UID,
  attempt: 1,
  since: NOW - 190_000,
  until: NOW - 95_000,
};
const sound: Evidence = {
  progress: { promised: [{ id: 'one', deadlineAt: NOW - 150_000 }], asked: { chaos: 1 }, wasReady: { chaos: 1 }, ended: { ended: 1 } },
  killed: { 'kill -9 allocator': 1 },
  documents: [ended],
  stays: [stay],
  troubles: [],
  now: NOW,
};
const counts = (evidence: Evidence) => {
  const { lost, doubled, orphans } = verdictOf(evidence);
  return { lost, doubled, orphans };
};

describe('The verdict on a chaos run', () => {
  it('is good where every promise was kept, once', () => {
    assert.deepEqual(counts(sound), { lost: 0, doubled: 0, orphans: 0 });
    assert.deepEqual(faultsOf(verdictOf(sound), { chaos: 1 }), []);
  });
  it('finds an allocation that was promised and is not kept', () => {
    assert.equal(counts({ ...sound, documents: [], stays: [] }).lost, 1);
  });
  it('finds an allocation that nobody settled', () => {
    assert.equal(counts({ ...sound, documents: [{ ...ended, state: 'queued', endedAt: null }], stays: [] }).lost, 1);
  });
  it('finds a second server of one attempt', () => {
    assert.equal(counts({ ...sound, stays: [stay, { ...stay, serverUid: 'server-2', gameServer: 'gs-2' }] }).doubled, 1);
  });
  it('finds a server that nobody needs and nobody lets go', () => {
    const { until: _gone, ...lasting } = stay;
    assert.equal(counts({ ...sound, stays: [lasting] }).orphans, 1);
  });
  it('is not good where too few sessions became ready, or nothing was killed', () => {
    assert.equal(faultsOf(verdictOf(sound), { chaos: 2 }).length, 1);
    assert.equal(faultsOf(verdictOf({ ...sound, killed: {} }), {}).length, 1);
  });
});

describe('A victim', () => {
  for (const [name, kind] of [
    ['allocator', 'allocator'],
    ['allocator-2', 'allocator'],
    ['europe-west1-agones', 'agones'],
    ['europe-west1-apiserver', 'apiserver'],
    ['mongo', 'mongo'],
    ['lifeverse_sample-duel-x_sdk-bridge_0a1b', 'sdk-bridge'],
    ['supervisor', undefined],
    ['europe-west1-node', undefined],
  ] as const)
    it(`${name} is ${kind ?? 'left alone'}`, () => assert.equal(kindOf(name), kind));
});
