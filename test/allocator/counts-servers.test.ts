import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Census } from '../../allocator/clusters/census.ts';
import { Kinds } from '../../allocator/clusters/kinds.ts';
import { poolOf, rankOf, type Kind, type Pool } from '../../allocator/placement/pool.ts';
import { ServerSelector } from '../../contracts/server-selectors.ts';

interface Made {
  readonly name: string;
  readonly state: string;
  readonly fleet: string;
  readonly map: string;
  readonly rooms: number;
  readonly deleting: boolean;
  readonly allocation: string | undefined;
}

const LABELS = { fleet: 'agones.dev/fleet', build: 'lifeverse.dev/build', uid: 'lifeverse.dev/uid' };
const objectOf = ({ name, state, fleet, map, rooms, deleting, allocation }: Made) => ({
  metadata: {
    name,
    uid: name,
    resourceVersion: '1',
    labels: {
      [LABELS.fleet]: fleet,
      [LABELS.build]: 'dev',
      map,
      ...(allocation === undefined ? {} : { [LABELS.uid]: allocation }),
    },
    ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
  },
  status: { state, counters: { rooms: { count: rooms, capacity: 3 } } },
});
const kindOf = ({ fleet, map, rooms }: Made): Kind => ({
  fleet,
  build: 'dev',
  labels: { map, [LABELS.fleet]: fleet, [LABELS.build]: 'dev' },
  counters: { rooms: { count: rooms, capacity: 3 } },
  lists: {},
});
const selecting = (...selectors: object[]) => poolOf({ build: 'dev', selectors: selectors.map((one) => ServerSelector.parse(one)) });
const POOLS: readonly Pool[] = [
  poolOf({ build: 'dev', fleet: 'duels' }),
  poolOf({ build: 'dev', fleet: 'raids' }),
  poolOf({ build: 'old', fleet: 'duels' }),
  selecting({ matchLabels: { map: 'arena' } }),
  selecting({ counters: { rooms: { minAvailable: 2 } } }, { matchExpressions: [{ key: 'map', operator: 'NotIn', values: ['arena'] }] }),
];

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const uid = fc.constantFrom('u1', 'u2', 'u3');
const pool = fc.constantFrom(...POOLS);
const server = fc.record({
  name,
  state: fc.constantFrom('Scheduled', 'Ready', 'Ready', 'Ready', 'Allocated', 'Shutdown'),
  fleet: fc.constantFrom('duels', 'raids'),
  map: fc.constantFrom('arena', 'island'),
  rooms: fc.nat(3),
  deleting: fc.constantFrom(false, false, true),
  allocation: fc.option(uid, { nil: undefined }),
});
const happening = fc.oneof(
  server.map((made) => ({ kind: 'put' as const, made })),
  server.map((made) => ({ kind: 'put' as const, made: { ...made, state: 'Ready', deleting: false, allocation: undefined } })),
  name.map((gone) => ({ kind: 'remove' as const, gone })),
  fc.uniqueArray(server, { selector: (one) => one.name, maxLength: 5 }).map((list) => ({ kind: 'relist' as const, list })),
  fc.tuple(uid, pool).map(([of, from]) => ({ kind: 'set aside' as const, of, from })),
  uid.map((of) => ({ kind: 'done' as const, of })),
  fc.tuple(name, uid).map(([won, of]) => ({ kind: 'taken' as const, won, of })),
  pool.map((from) => ({ kind: 'none' as const, from })),
  pool.map((from) => ({ kind: 'asked' as const, from })),
  fc.constantFrom(400, 1_100, 10_100).map((ms) => ({ kind: 'time' as const, ms })),
);

/** What the census should say, found by going through every server anew. */
class Naive {
  servers = new Map<string, Made>();
  taken = new Map<string, number>();
  now = 0;

  free(): Made[] {
    return [...this.servers.values()].filter(
      (one) => one.state === 'Ready' && !one.deleting && (this.taken.get(one.name) ?? 0) <= this.now,
    );
  }

  put(made: Made): void {
    if (made.state !== 'Ready') this.taken.delete(made.name);
    this.servers.set(made.name, made);
  }

  remove(gone: string): void {
    this.servers.delete(gone);
    this.taken.delete(gone);
  }
}

const readyFor = (census: Census, from: Pool) => census.stock(from).reduce((sum, { ready }) => sum + ready, 0);

type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** What a list and a watch tell. */
function see(naive: Naive, census: Census, one: Happening): void {
  if (one.kind === 'put') {
    naive.put(one.made);
    census.put(objectOf(one.made));
  } else if (one.kind === 'remove') {
    const had = naive.servers.get(one.gone);
    naive.remove(one.gone);
    if (had !== undefined) census.remove(objectOf(had));
  } else if (one.kind === 'relist') {
    for (const had of naive.servers.keys()) if (!one.list.some((listed) => listed.name === had)) naive.remove(had);
    for (const listed of one.list) naive.put(listed);
    census.replaceAll(one.list.map(objectOf));
  }
}

describe('The census', () => {
  it('counts as going through every server would, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (history) => {
        const naive = new Naive();
        const census = new Census(() => naive.now);
        for (const one of history) {
          see(naive, census, one);
          if (one.kind === 'taken' && naive.servers.has(one.won)) {
            naive.taken.set(one.won, naive.now + 10_000);
            census.noteTaken(one.won, one.of);
          } else if (one.kind === 'asked') readyFor(census, one.from);
          else if (one.kind === 'time') naive.now += one.ms;
          for (const from of POOLS) {
            const expected = naive.free().filter((made) => rankOf(from, kindOf(made)) >= 0).length;
            assert.equal(readyFor(census, from), expected);
            assert.equal(census.hasFree(from), expected > 0);
          }
          const fleets = [...new Set([...naive.servers.values()].map(({ fleet }) => fleet))].toSorted();
          assert.deepEqual(
            census.fleets(),
            fleets.map((fleet) => {
              const all = [...naive.servers.values()].filter((made) => made.fleet === fleet);
              const counted = (holds: (made: Made) => boolean) => all.filter(holds).length;
              return {
                name: fleet,
                ready: counted(({ state }) => state === 'Ready'),
                allocated: counted(({ state }) => state === 'Allocated'),
                total: counted(({ state, deleting }) => state !== 'Shutdown' && !deleting),
              };
            }),
          );
          for (const id of ['u1', 'u2', 'u3'])
            assert.equal(
              census.carries(id),
              [...naive.servers.values()].some(({ allocation }) => allocation === id),
            );
        }
      }),
      { numRuns: 400 },
    );
  });

  it('never offers more than is free, nor keeps aside what nobody asks for any more', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (history) => {
        const naive = new Naive();
        const census = new Census(() => naive.now);
        const dones = new Map<string, () => void>();
        for (const one of history) {
          see(naive, census, one);
          if (one.kind === 'set aside') {
            const before = readyFor(census, one.from);
            const held = census.holds(one.of);
            dones.set(one.of, census.setAside(one.of, one.from));
            if (before > 0 && !held) assert.equal(readyFor(census, one.from), before - 1);
          } else if (one.kind === 'done') dones.get(one.of)?.();
          else if (one.kind === 'taken' && naive.servers.has(one.won)) {
            naive.taken.set(one.won, naive.now + 10_000);
            census.noteTaken(one.won, one.of);
          } else if (one.kind === 'none') census.noteNone(one.from);
          else if (one.kind === 'asked') readyFor(census, one.from);
          else if (one.kind === 'time') naive.now += one.ms;
          for (const from of POOLS)
            assert.ok(readyFor(census, from) <= naive.free().filter((made) => rankOf(from, kindOf(made)) >= 0).length);
        }
        for (const done of dones.values()) done();
        naive.now += 1_000;
        for (const from of POOLS)
          assert.equal(readyFor(census, from), naive.free().filter((made) => rankOf(from, kindOf(made)) >= 0).length);
      }),
      { numRuns: 400 },
    );
  });

  it('shares a kind with other censuses only where they tell servers apart by the same', () => {
    const kinds = new Kinds();
    const [one, another, third] = [new Census(() => 0, kinds), new Census(() => 0, kinds), new Census(() => 0, kinds)];
    const labels = { [LABELS.fleet]: 'duels', [LABELS.build]: 'dev', map: 'x', mode: 'x' };
    const metadata = { name: 'a', uid: 'a', resourceVersion: '1', labels };
    for (const census of [one, another, third]) census.put({ metadata, status: { state: 'Ready' } });
    const byMap = selecting({ matchLabels: { map: 'x' } });
    const [ofOne, ofThird] = [one, third].map((census) => census.stock(byMap)[0]?.kind);
    const byMode = another.stock(selecting({ matchLabels: { mode: 'x' } }))[0]?.kind;
    assert.ok(ofOne !== undefined && ofOne === ofThird);
    assert.deepEqual([ofOne.labels['map'], ofOne.labels['mode']], ['x', undefined]);
    assert.deepEqual([byMode?.labels['map'], byMode?.labels['mode']], [undefined, 'x']);
  });

  it('has what just came, also where somebody asked while it was told of it', () => {
    const census = new Census(() => 0);
    const [duels] = POOLS;
    assert.ok(duels !== undefined);
    const made = { name: 'a', state: 'Ready', fleet: 'duels', map: 'arena', rooms: 0, deleting: false, allocation: undefined };
    census.put(objectOf(made));
    census.noteNone(duels);
    census.onChange(() => census.hasFree(duels));
    census.put(objectOf({ ...made, name: 'b' }));
    assert.ok(census.hasFree(duels));
  });

  describe('tells of a server that is to be had', () => {
    const ready = (named: string, fleet = 'duels'): Made => ({
      name: named,
      state: 'Ready',
      fleet,
      map: 'arena',
      rooms: 0,
      deleting: false,
      allocation: undefined,
    });
    const duels = poolOf({ build: 'dev', fleet: 'duels' });
    const withLog = () => {
      const census = new Census(() => 0);
      const freed: string[] = [];
      census.onFreed(({ fleet }) => freed.push(fleet));
      return { census, freed };
    };

    it('once, when it becomes Ready', () => {
      const { census, freed } = withLog();
      census.put(objectOf({ ...ready('a'), state: 'Scheduled' }));
      census.put(objectOf(ready('a')));
      census.put(objectOf(ready('a')));
      assert.deepEqual(freed, ['duels']);
    });
    it('when it was set aside and not taken, and not when it was', () => {
      const { census, freed } = withLog();
      census.put(objectOf(ready('a')));
      census.setAside('u1', duels)();
      assert.deepEqual(freed, ['duels', 'duels']);
      const done = census.setAside('u2', duels);
      census.noteTaken('a', 'u2');
      done();
      assert.equal(freed.length, 2);
    });
    it('when the one that was won is another than the one that was set aside', () => {
      const { census, freed } = withLog();
      census.put(objectOf(ready('a')));
      census.put(objectOf(ready('b', 'raids')));
      const either = selecting({ matchLabels: { [LABELS.fleet]: 'duels' } }, { matchLabels: { [LABELS.fleet]: 'raids' } });
      const done = census.setAside('u1', either);
      assert.ok(!census.hasFree(duels));
      census.noteTaken('b', 'u1');
      done();
      assert.deepEqual(freed, ['duels', 'raids', 'duels']);
      assert.ok(census.hasFree(duels));
    });
    it('not when the watch tells first who has it', () => {
      const { census, freed } = withLog();
      census.put(objectOf(ready('a')));
      const done = census.setAside('u1', duels);
      census.put(objectOf({ ...ready('a'), state: 'Allocated', allocation: 'u1' }));
      done();
      assert.equal(freed.length, 1);
      assert.ok(census.carries('u1') && !census.holds('u1'));
    });
    it('when a list comes after an outage', () => {
      const { census, freed } = withLog();
      census.put(objectOf(ready('a')));
      census.replaceAll([objectOf(ready('a'))]);
      assert.deepEqual(freed, ['duels', 'duels']);
    });
  });
});
