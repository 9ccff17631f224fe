import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Board } from '../../allocator/placement/board.ts';
import type { Candidate, Stock } from '../../allocator/placement/candidate.ts';
import { poolOf, type Kind } from '../../allocator/placement/pool.ts';
import { limitAt, worstLatenciesOf, type Wish } from '../../allocator/placement/wish.ts';
import { ServerSelector } from '../../contracts/server-selectors.ts';

const FLEET = 'agones.dev/fleet';
const BUILD = 'lifeverse.dev/build';
const kindOf = (fleet: string, labels: Record<string, string> = {}): Kind => ({
  fleet,
  build: 'dev',
  labels: { ...labels, [FLEET]: fleet, [BUILD]: 'dev' },
  counters: {},
  lists: {},
});
const duels = kindOf('duels');
const stockOf = (ready: number, kind = duels): Stock[] => [{ kind, ready }];
const near: Candidate = { name: 'near', region: 'europe-west1', weight: 1, healthy: true, hasFleet: true, stock: stockOf(3) };
const far: Candidate = { ...near, name: 'far', region: 'us-east1' };
const wish: Wish = {
  uid: 'aa',
  pool: poolOf({ build: 'dev', fleet: 'duels' }),
  regions: [],
  worstLatencies: worstLatenciesOf([
    { latencies: { 'europe-west1': 20, 'us-east1': 110 } },
    { latencies: { 'europe-west1': 60, 'us-east1': 90 } },
  ]),
  latencyPolicy: { steps: [], then: 'any' },
  ageMs: 0,
};
const selecting = (...selectors: object[]) =>
  poolOf({ build: 'dev', selectors: selectors.map((selector) => ServerSelector.parse(selector)) });

const chosen = (clusters: readonly Candidate[], of: Wish = wish) => {
  const choice = new Board(clusters).choose(of);
  return choice.kind === 'chosen' ? choice.cluster : choice.kind;
};

/** What is left for the last of them, when all before it were served. */
const chosenBehind = (clusters: readonly Candidate[], ahead: readonly Wish[], of: Wish) => {
  const board = new Board(clusters);
  for (const other of ahead) board.serve(other);
  const choice = board.choose(of);
  return choice.kind === 'chosen' ? choice.cluster : choice.kind;
};

describe('The choice of a cluster', () => {
  it('knows the worst latency of every region, whatever it is called', () =>
    assert.deepEqual(worstLatenciesOf([{ latencies: { constructor: 5 } }, { latencies: { constructor: 7 } }]), { constructor: 7 }));

  const table: readonly [what: string, clusters: readonly Candidate[], of: Wish, expected: string][] = [
    ['is the one that is nearest to the worst player', [far, near], wish, 'near'],
    ['passes over a cluster without the fleet', [far, { ...near, hasFleet: false, stock: [] }], wish, 'far'],
    ['passes over a cluster that does not answer', [far, { ...near, healthy: false }], wish, 'far'],
    ['passes over a full cluster', [far, { ...near, stock: [] }], wish, 'far'],
    ['passes over servers of another fleet', [far, { ...near, stock: stockOf(9, kindOf('raids')) }], wish, 'far'],
    ['passes over a cluster in which a maintenance window runs', [far, { ...near, playableMs: 0 }], wish, 'far'],
    ['keeps to the allowed regions', [far, near], { ...wish, regions: ['us-east1'] }, 'far'],
    [
      'waits where nothing is free',
      [
        { ...far, stock: [] },
        { ...near, stock: [] },
      ],
      wish,
      'wait',
    ],
    ['prefers the emptier of two that are equally near', [near, { ...near, name: 'twin', stock: stockOf(5) }], wish, 'twin'],
    ['prefers the heavier of two that are equally free', [near, { ...near, name: 'twin', weight: 2 }], wish, 'twin'],
    ['takes any cluster when nobody told a latency', [far], { ...wish, worstLatencies: {} }, 'far'],
  ];
  for (const [what, clusters, of, expected] of table) it(what, () => assert.equal(chosen(clusters, of), expected));

  it('breaks a tie by the uid, the same way every time, and evenly', () => {
    const twins = ['a', 'b', 'c', 'd'].map((name): Candidate => ({ ...near, name }));
    const choices = Array.from({ length: 400 }, (_, n) => chosen(twins, { ...wish, uid: `uid-${n}` }));
    assert.deepEqual(
      choices,
      Array.from({ length: 400 }, (_, n) => chosen(twins.toReversed(), { ...wish, uid: `uid-${n}` })),
    );
    for (const { name } of twins) {
      const share = choices.filter((choice) => choice === name).length;
      assert.ok(share > 60 && share < 140, `${name} was chosen ${share} times of 400`);
    }
  });

  it('names why each cluster was passed over, and counts the reasons over all of them', () => {
    const many = Array.from({ length: 50 }, (_, n): Candidate => ({ ...far, name: `far-${n}`, stock: [] }));
    const { decision, rejections } = new Board([...many, { ...near, healthy: false }]).choose(wish);
    assert.deepEqual(rejections, { 'no-capacity': 50, unhealthy: 1 });
    assert.equal(decision.considered.length, 20);
    const two = new Board([
      { ...far, stock: [] },
      { ...near, healthy: false },
    ]).choose(wish);
    assert.deepEqual(
      two.decision.considered.map(({ cluster, rejected }) => [cluster, rejected]),
      [
        ['far', 'no-capacity'],
        ['near', 'unhealthy'],
      ],
    );
  });

  it('shows the chosen cluster, however many others there are', () => {
    const many = Array.from({ length: 50 }, (_, n): Candidate => ({ ...far, name: `far-${n}` }));
    const { decision } = new Board([...many, near]).choose(wish);
    assert.deepEqual([decision.chosen, decision.considered[0]?.cluster], ['near', 'near']);
  });

  describe('under a latency policy', () => {
    const steps = [
      { maxMs: 50, forSeconds: 5 },
      { maxMs: 100, forSeconds: 10 },
    ];
    it('waits for the step that opens the cluster, and says when', () => {
      const choice = new Board([far]).choose({ ...wish, latencyPolicy: { steps, then: 'any' }, ageMs: 2_000 });
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

  describe('by selectors', () => {
    const arena = kindOf('duels', { map: 'arena' });
    const island = kindOf('raids', { map: 'island' });
    const both: Candidate = { ...near, stock: [...stockOf(1, arena), ...stockOf(1, island)] };
    const cases: readonly [what: string, selectors: object[], expected: string][] = [
      ['meets labels', [{ matchLabels: { map: 'arena' } }], 'near'],
      ['misses another value', [{ matchLabels: { map: 'desert' } }], 'wait'],
      ['meets any of several', [{ matchLabels: { map: 'desert' } }, { matchLabels: { map: 'island' } }], 'near'],
      ['meets In', [{ matchExpressions: [{ key: 'map', operator: 'In', values: ['arena', 'desert'] }] }], 'near'],
      ['meets NotIn', [{ matchExpressions: [{ key: 'map', operator: 'NotIn', values: ['arena'] }] }], 'near'],
      ['misses NotIn', [{ matchExpressions: [{ key: 'map', operator: 'NotIn', values: ['arena', 'island'] }] }], 'wait'],
      ['meets Exists', [{ matchExpressions: [{ key: 'map', operator: 'Exists' }] }], 'near'],
      ['misses DoesNotExist', [{ matchExpressions: [{ key: 'map', operator: 'DoesNotExist' }] }], 'wait'],
      ['misses a counter that is not there', [{ counters: { rooms: { minAvailable: 1 } } }], 'wait'],
    ];
    for (const [what, selectors, expected] of cases)
      it(what, () => assert.equal(chosen([both], { ...wish, pool: selecting(...selectors) }), expected));

    it('weighs counters and lists by what is available, and takes a most of zero for no limit', () => {
      const filled: Kind = {
        ...duels,
        counters: { rooms: { count: 3, capacity: 5 } },
        lists: { modes: { values: ['duel'], capacity: 2 } },
      };
      const at = (selector: object) => chosen([{ ...near, stock: stockOf(1, filled) }], { ...wish, pool: selecting(selector) });
      assert.equal(at({ counters: { rooms: { minAvailable: 2, maxCount: 0 } } }), 'near');
      assert.equal(at({ counters: { rooms: { minAvailable: 3 } } }), 'wait');
      assert.equal(at({ counters: { rooms: { maxCount: 2 } } }), 'wait');
      assert.equal(at({ lists: { modes: { containsValue: 'duel', minAvailable: 1 } } }), 'near');
      assert.equal(at({ lists: { modes: { containsValue: 'raid' } } }), 'wait');
    });

    it('is of the build, whatever the selectors say', () => {
      const old: Kind = { ...arena, build: 'old', labels: { ...arena.labels, [BUILD]: 'old' } };
      assert.equal(chosen([{ ...near, stock: stockOf(1, old) }], { ...wish, pool: selecting({ matchLabels: { map: 'arena' } }) }), 'wait');
    });
  });
});

describe('The line', () => {
  const one: Candidate = { ...near, stock: stockOf(1) };
  it('lets nobody overtake', () => {
    assert.equal(chosenBehind([one], [{ ...wish, uid: 'first' }], { ...wish, uid: 'second' }), 'wait');
  });
  it('is not held up by whoever waits for another region', () => {
    assert.equal(chosenBehind([one], [{ ...wish, uid: 'first', regions: ['asia-east1'] }], { ...wish, uid: 'second' }), 'near');
  });
  it('gives the rest of the capacity to those behind', () => {
    const ahead = ['first', 'second'].map((uid) => ({ ...wish, uid }));
    assert.equal(chosenBehind([near], ahead, { ...wish, uid: 'third' }), 'near');
    assert.equal(chosenBehind([near], [...ahead, { ...wish, uid: 'third' }], { ...wish, uid: 'fourth' }), 'wait');
  });

  describe('of those who name a fleet and those who choose by selectors', () => {
    const small = kindOf('duels', { size: 'small' });
    const large = kindOf('raids', { size: 'large' });
    const anySize = { ...wish, uid: 'any', pool: selecting({ matchExpressions: [{ key: 'size', operator: 'Exists' }] }) };
    const smallFirst = { ...wish, uid: 'pref', pool: selecting({ matchLabels: { size: 'small' } }, { matchLabels: { size: 'large' } }) };
    const raids = { ...wish, uid: 'raids', pool: poolOf({ build: 'dev', fleet: 'raids' }) };

    it('lets the older of both have the one server that both want', () => {
      const alone: Candidate = { ...near, stock: stockOf(1, small) };
      assert.equal(chosenBehind([alone], [anySize], wish), 'wait');
      assert.equal(chosenBehind([alone], [wish], anySize), 'wait');
    });
    it('blocks nobody who wants what the older cannot use', () => {
      const alone: Candidate = { ...near, stock: stockOf(1, large) };
      assert.equal(chosenBehind([alone], [wish], raids), 'near');
      assert.equal(chosenBehind([alone], [wish], anySize), 'near');
    });
    it('gives the older the servers that its first selector meets, and the others to those behind', () => {
      const both: Candidate = { ...near, stock: [...stockOf(1, large), ...stockOf(1, small)] };
      assert.equal(chosenBehind([both], [smallFirst], raids), 'near');
      assert.equal(chosenBehind([both], [smallFirst], wish), 'wait');
      assert.equal(chosenBehind([both], [smallFirst, raids], anySize), 'wait');
    });
    it('counts what another process is asking for as taken', () => {
      const board = new Board([{ ...near, stock: stockOf(2, small) }]);
      board.take('near', anySize.pool);
      assert.equal(board.choose(wish).kind, 'chosen');
      board.take('near', anySize.pool);
      assert.equal(board.choose(wish).kind, 'wait');
      assert.ok(board.isEmpty);
    });
  });

  it('serves as a line that is walked by hand does, whoever wants what', () => {
    const kinds = [kindOf('duels'), kindOf('raids', { map: 'arena' }), kindOf('duels', { map: 'arena' })];
    const pools = [
      poolOf({ build: 'dev', fleet: 'duels' }),
      poolOf({ build: 'dev', fleet: 'raids' }),
      selecting({ matchLabels: { map: 'arena' } }),
      selecting({ matchLabels: { [FLEET]: 'raids' } }, { matchLabels: { [FLEET]: 'duels' } }),
      selecting({}),
    ];
    const clusters = fc.array(
      fc.record({
        region: fc.constantFrom('r1', 'r2', 'r3'),
        weight: fc.constantFrom(1, 2),
        healthy: fc.boolean(),
        ready: fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)),
      }),
      { maxLength: 5 },
    );
    const wishes = fc.array(
      fc.record({
        pool: fc.constantFrom(...pools),
        regions: fc.subarray(['r1', 'r2', 'r3']),
        worstLatencies: fc.dictionary(fc.constantFrom('r1', 'r2', 'r3'), fc.constantFrom(5, 15, 30), { maxKeys: 3 }),
        maxMs: fc.constantFrom(10, 20, 100),
      }),
      { maxLength: 15 },
    );
    fc.assert(
      fc.property(clusters, wishes, (made, asked) => {
        const board = new Board(
          made.map((one, n) => ({
            ...one,
            name: `c${n}`,
            hasFleet: true,
            stock: kinds.map((kind, at): Stock => ({ kind, ready: one.ready[at] ?? 0 })),
          })),
        );
        const left = made.map(({ ready }) => [...ready]);
        for (const [n, { maxMs, ...rest }] of asked.entries()) {
          const of: Wish = { ...rest, uid: `w${n}`, ageMs: 0, latencyPolicy: { steps: [{ maxMs, forSeconds: 9 }], then: 'any' } };
          const choice = board.choose(of);
          const places = kinds.map((kind) => of.pool.selectors.findIndex((selector) => holds(kind, selector)));
          const can = made.map(({ region, healthy }, c) => {
            const worst = of.worstLatencies[region];
            const fits = healthy && (of.regions.length === 0 || of.regions.includes(region)) && (worst === undefined || worst <= maxMs);
            return fits ? places.reduce((sum, place, k) => sum + (place < 0 ? 0 : (left[c]?.[k] ?? 0)), 0) : 0;
          });
          assert.equal(
            choice.kind === 'chosen',
            can.some((free) => free > 0),
          );
          assert.equal(board.serve(of), choice.kind === 'chosen');
          if (choice.kind !== 'chosen') continue;
          const at = Number(choice.cluster.slice(1));
          const stepOf = (c: number) => Math.floor((of.worstLatencies[made[c]?.region ?? ''] ?? 10_000) / 10);
          for (const [c, free] of can.entries()) {
            if (free === 0) continue;
            assert.ok(stepOf(at) <= stepOf(c), 'a nearer cluster had a server');
            const score = (of: number) => (can[of] ?? 0) * (made[of]?.weight ?? 0);
            if (stepOf(at) === stepOf(c)) assert.ok(score(at) >= score(c), 'an emptier cluster was as near');
          }
          const best = Math.min(...places.filter((place, k) => place >= 0 && (left[at]?.[k] ?? 0) > 0));
          const taken = places.findIndex((place, k) => place === best && (left[at]?.[k] ?? 0) > 0);
          const row = left[at];
          if (row !== undefined) row[taken] = (row[taken] ?? 0) - 1;
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Labels only: what the kinds of this test differ in. */
function holds(kind: Kind, selector: ServerSelector): boolean {
  return Object.entries(selector.matchLabels).every(([name, value]) => kind.labels[name] === value);
}
