import assert from 'node:assert/strict';
import { buildStateOf, openBuildsBeside, type SeenCluster } from '../../allocator/builds/build-state.ts';
import { FleetBook, seenFleetOf, type SeenFleet } from '../../allocator/clusters/fleet-book.ts';

type State = SeenFleet['state'];

function cluster(name: string, builds: Readonly<Record<string, State>>, more: Partial<SeenCluster> = {}): SeenCluster {
  const fleets = Object.entries(builds).map(([build, state]) => ({ name: `duel-${build}`, fleet: 'duel', build, state }));
  return { name, region: name, certain: true, allowed: undefined, fleets, ...more };
}

const of = (clusters: readonly SeenCluster[], build: string, regions: readonly string[] = [], wasClosed = false) =>
  buildStateOf(clusters, { fleet: 'duel', build, regions }, wasClosed);

describe('The state of a build', () => {
  it('is what its fleets say, the most open first', () => {
    const says = (...states: State[]) =>
      of(
        states.map((state, nth) => cluster(`c${nth}`, { b1: state })),
        'b1',
      );
    assert.equal(says(undefined), 'open');
    assert.equal(says('current', 'leaving', 'closed'), 'open');
    assert.equal(says('closed', 'leaving', 'coming'), 'closing');
    assert.equal(says('closed', 'coming'), 'coming');
    assert.equal(says('closed', 'closed'), 'closed');
  });

  it('is never closed while a cluster that could serve it is in doubt, and open wherever it is known to be', () => {
    const away = (builds: Readonly<Record<string, State>>) => cluster('away', builds, { certain: false });
    assert.equal(of([cluster('eu', { b1: 'closed' }), away({ b1: 'closed' })], 'b1'), 'unknown');
    assert.equal(of([cluster('eu', { b1: 'closed' }), away({})], 'b1'), 'unknown');
    assert.equal(of([cluster('eu', { b1: 'current' }), away({})], 'b1'), 'open');
    assert.equal(of([away({ b1: 'leaving' })], 'b1'), 'closing', 'it was open when it was last seen');
  });

  it('is that of the allowed regions, and of the clusters that the fleet is allowed in', () => {
    const clusters = [cluster('eu', { b1: 'closed', b2: 'current' }), cluster('us', { b1: 'leaving', b2: 'current' })];
    assert.deepEqual([of(clusters, 'b1'), of(clusters, 'b1', ['eu']), of(clusters, 'b1', ['us'])], ['closing', 'closed', 'closing']);
    assert.equal(of(clusters, 'b1', ['moon']), 'unknown', 'where no cluster is nobody says anything');
    const elsewhere = cluster('raids', {}, { certain: false, allowed: ['raid'] });
    assert.equal(of([cluster('eu', { b1: 'closed' }), elsewhere], 'b1'), 'closed');
  });

  it('is unknown for what no cluster has, unless it was closed once and another build is open', () => {
    assert.equal(of([cluster('eu', { b2: 'current' })], 'b1'), 'unknown', 'its fleet may be about to be made');
    assert.equal(of([cluster('eu', { b2: 'current' })], 'b1', [], true), 'closed');
    assert.equal(of([cluster('eu', { b2: 'coming' })], 'b1', [], true), 'unknown');
    assert.equal(of([cluster('eu', { b1: 'coming', b2: 'current' })], 'b1', [], true), 'coming', 'it comes back');
    assert.equal(of([cluster('eu', { b2: 'current' }), cluster('us', {}, { certain: false })], 'b1', [], true), 'unknown');
  });

  it('goes by the build alone where servers are chosen by selectors', () => {
    const raids = cluster('us', {}, { fleets: [{ name: 'raid-b1', fleet: 'raid', build: 'b1', state: 'current' }] });
    const duels = cluster('eu', { b1: 'closed', b2: 'current' });
    assert.equal(buildStateOf([duels, raids], { build: 'b1', regions: [] }), 'open');
    assert.equal(buildStateOf([duels], { build: 'b1', regions: [] }), 'closed');
    assert.deepEqual(openBuildsBeside([duels], { build: 'b1', regions: [] }), ['b2']);
  });

  it('comes with the builds that take its place, none that only comes or leaves', () => {
    const clusters = [
      cluster('eu', { b1: 'closed', b2: 'leaving', b3: 'current', b5: 'coming' }),
      cluster('us', { b1: 'closed', b4: undefined }),
    ];
    assert.deepEqual(openBuildsBeside(clusters, { fleet: 'duel', build: 'b1', regions: [] }), ['b3', 'b4']);
    assert.deepEqual(openBuildsBeside(clusters, { fleet: 'duel', build: 'b1', regions: ['eu'] }), ['b3']);
  });
});

describe('The book of fleets', () => {
  const fleet = (name: string, build: string, state?: string) => ({
    metadata: { name, annotations: state === undefined ? undefined : { 'lifeverse.dev/release-state': state } },
    spec: { template: { metadata: { labels: { 'lifeverse.dev/fleet': 'duel', 'lifeverse.dev/build': build } } } },
  });

  it('reads what a release writes, and takes what nobody wrote, or nobody can read, for open', () => {
    assert.deepEqual(seenFleetOf(fleet('duel-b1', 'b1', 'closed')), { name: 'duel-b1', fleet: 'duel', build: 'b1', state: 'closed' });
    assert.equal(seenFleetOf(fleet('duel-b1', 'b1', 'Closed')).state, undefined);
    assert.deepEqual(seenFleetOf({ metadata: { name: 'bare' } }), { name: 'bare', fleet: 'bare', build: '', state: undefined });
  });

  it('knows what is closed through every change, and tells of changes that matter only', () => {
    const book = new FleetBook();
    let told = 0;
    book.onChange(() => (told += 1));
    book.put(fleet('duel-b1', 'b1', 'leaving'));
    assert.deepEqual([book.hasClosed('b1'), book.synced], [false, false]);
    book.put(fleet('duel-b1', 'b1', 'closed'));
    book.put({ ...fleet('duel-b1', 'b1', 'closed'), status: { readyReplicas: 0 } });
    assert.deepEqual([book.hasClosed('b1'), told], [true, 2]);
    book.replaceAll([fleet('duel-b1', 'b1', 'coming')]);
    assert.deepEqual([book.hasClosed('b1'), book.synced], [false, true]);
    book.put(fleet('raid-b1', 'b1', 'closed'));
    book.remove(fleet('duel-b1', 'b1'));
    assert.equal(book.hasClosed('b1'), true);
    book.replaceAll([]);
    assert.deepEqual([book.hasClosed('b1'), book.values()], [false, []]);
    book.forget();
    assert.equal(book.synced, false);
  });
});
