import assert from 'node:assert/strict';
import { chooseCluster, limitAt, type Candidate, type Wish } from '../../allocator/placement/choose-cluster.ts';
import { chooseInTurn } from '../../allocator/placement/choose-in-turn.ts';

const near: Candidate = { name: 'near', region: 'europe-west1', weight: 1, healthy: true, ready: 3, hasFleet: true };
const far: Candidate = { ...near, name: 'far', region: 'us-east1' };
const wish: Wish = {
  uid: 'aa',
  regions: [],
  players: [
    { id: 'ada', role: 'player', latencies: { 'europe-west1': 20, 'us-east1': 110 } },
    { id: 'bob', role: 'player', latencies: { 'europe-west1': 60, 'us-east1': 90 } },
  ],
  latencyPolicy: { steps: [], then: 'any' },
  ageMs: 0,
};

const chosen = (clusters: readonly Candidate[], of: Wish = wish) => {
  const choice = chooseCluster(clusters, of);
  return choice.kind === 'chosen' ? choice.cluster : choice.kind;
};

describe('The choice of a cluster', () => {
  const table: readonly [what: string, clusters: readonly Candidate[], of: Wish, expected: string][] = [
    ['is the one that is nearest to the worst player', [far, near], wish, 'near'],
    ['passes over a cluster without the fleet', [far, { ...near, hasFleet: false }], wish, 'far'],
    ['passes over a cluster that does not answer', [far, { ...near, healthy: false }], wish, 'far'],
    ['passes over a full cluster', [far, { ...near, ready: 0 }], wish, 'far'],
    ['keeps to the allowed regions', [far, near], { ...wish, regions: ['us-east1'] }, 'far'],
    [
      'waits where nothing is free',
      [
        { ...far, ready: 0 },
        { ...near, ready: 0 },
      ],
      wish,
      'wait',
    ],
    ['prefers the emptier of two that are equally near', [near, { ...near, name: 'twin', ready: 5 }], wish, 'twin'],
    ['prefers the heavier of two that are equally free', [near, { ...near, name: 'twin', weight: 2 }], wish, 'twin'],
    ['takes any cluster when nobody told a latency', [far], { ...wish, players: [] }, 'far'],
  ];
  for (const [what, clusters, of, expected] of table) it(what, () => assert.equal(chosen(clusters, of), expected));

  it('breaks a tie by the uid, the same way every time, and not always for the same cluster', () => {
    const twins = [near, { ...near, name: 'twin' }];
    const choices = Array.from({ length: 40 }, (_, n) => chosen(twins, { ...wish, uid: `uid-${n}` }));
    assert.deepEqual(
      choices,
      Array.from({ length: 40 }, (_, n) => chosen(twins.toReversed(), { ...wish, uid: `uid-${n}` })),
    );
    assert.equal(new Set(choices).size, 2);
  });

  it('names why each cluster was passed over', () => {
    const { decision } = chooseCluster(
      [
        { ...far, ready: 0 },
        { ...near, healthy: false },
      ],
      wish,
    );
    assert.deepEqual(
      decision.considered.map(({ cluster, rejected }) => [cluster, rejected]),
      [
        ['far', 'no-capacity'],
        ['near', 'unhealthy'],
      ],
    );
  });

  describe('under a latency policy', () => {
    const steps = [
      { maxMs: 50, forSeconds: 5 },
      { maxMs: 100, forSeconds: 10 },
    ];
    it('waits for the step that opens the cluster, and says when', () => {
      const choice = chooseCluster([far], { ...wish, latencyPolicy: { steps, then: 'any' }, ageMs: 2_000 });
      assert.deepEqual([choice.kind, choice.kind === 'wait' && choice.retryInMs], ['wait', 3_000]);
    });
    it('relaxes with age, at last to any', () => {
      const at = (ageMs: number) => chosen([near], { ...wish, latencyPolicy: { steps, then: 'any' }, ageMs });
      assert.deepEqual([at(4_999), at(5_000)], ['wait', 'near']);
      assert.equal(chosen([far], { ...wish, latencyPolicy: { steps, then: 'any' }, ageMs: 15_000 }), 'far');
    });
    it('gives up after the last step where it says so', () => {
      assert.equal(chosen([far], { ...wish, latencyPolicy: { steps, then: 'fail' }, ageMs: 15_000 }), 'give-up');
      assert.equal(limitAt({ steps, then: 'fail' }, 15_000).maxMs, 100);
    });
  });
});

describe('The line', () => {
  const one = { ...near, ready: 1 };
  it('lets nobody overtake', () => {
    const choice = chooseInTurn([one], [{ ...wish, uid: 'first' }], { ...wish, uid: 'second' });
    assert.equal(choice.kind, 'wait');
  });
  it('is not held up by whoever waits for another region', () => {
    const choice = chooseInTurn([one], [{ ...wish, uid: 'first', regions: ['asia-east1'] }], { ...wish, uid: 'second' });
    assert.equal(choice.kind, 'chosen');
  });
  it('gives the rest of the capacity to those behind', () => {
    const choice = chooseInTurn(
      [near],
      [
        { ...wish, uid: 'first' },
        { ...wish, uid: 'second' },
      ],
      { ...wish, uid: 'third' },
    );
    assert.equal(choice.kind, 'chosen');
  });
});
