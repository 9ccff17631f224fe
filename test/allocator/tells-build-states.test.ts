import assert from 'node:assert/strict';
import { buildStateOf, openBuildsBeside, type SeenCluster } from '../../allocator/builds/build-state.ts';
import { FleetBook, seenFleetOf, type SeenFleet } from '../../allocator/clusters/fleet-book.ts';
import { createFleetsLook } from '../../allocator/clusters/look-at-fleets.ts';

type State = SeenFleet['state'];

function cluster(name: string, builds: Readonly<Record<string, State>>, more: Partial<SeenCluster> = {}): SeenCluster {
  const fleets = Object.entries(builds).map(([build, state]) => ({ fleet: 'duel', build, state }));
  return { name, region: name, known: 'now', allowed: undefined, fleets, ...more };
}

const of = (clusters: readonly SeenCluster[], build: string, regions: readonly string[] = [], wasClosed = false) =>
  buildStateOf(clusters, { fleet: 'duel', build, regions }, wasClosed ? ['duel'] : []);

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
    const away = (builds: Readonly<Record<string, State>>) => cluster('away', builds, { known: 'doubt' });
    assert.equal(of([cluster('eu', { b1: 'closed' }), away({ b1: 'closed' })], 'b1'), 'unknown');
    assert.equal(of([cluster('eu', { b1: 'closed' }), away({})], 'b1'), 'unknown');
    assert.equal(of([cluster('eu', { b1: 'current' }), away({})], 'b1'), 'open');
    assert.equal(of([away({ b1: 'leaving' })], 'b1'), 'closing', 'it was open when it was last seen');
  });

  it('is what a cluster that takes nobody had last, where one that answers agrees', () => {
    const before = (builds: Readonly<Record<string, State>>) => cluster('away', builds, { known: 'before' });
    const [closed, next] = [cluster('eu', { b1: 'closed', b2: 'current' }), cluster('eu', { b2: 'current' })];
    for (const builds of [{ b1: 'closed' }, {}] as const) {
      assert.equal(of([closed, before(builds)], 'b1'), 'closed');
      assert.equal(of([next, before(builds)], 'b1', [], true), 'closed', 'its fleets are gone where that can be seen');
      assert.equal(of([next, before(builds)], 'b1'), 'unknown', 'nobody who answers has ever had it');
      assert.equal(of([closed, before(builds)], 'b1', ['away']), 'unknown', 'nobody answers for that region');
    }
    assert.equal(of([closed, before({ b1: 'current' })], 'b1'), 'open', 'it was open there');
    assert.equal(of([cluster('eu', {}), before({ b2: 'current' })], 'b1', [], true), 'unknown', 'nothing is known to be open now');
    assert.deepEqual(openBuildsBeside([closed, before({ b0: 'current' })], { fleet: 'duel', build: 'b1', regions: [] }), ['b2']);
  });

  it('is that of the allowed regions, and of the clusters that the fleet is allowed in', () => {
    const clusters = [cluster('eu', { b1: 'closed', b2: 'current' }), cluster('us', { b1: 'leaving', b2: 'current' })];
    assert.deepEqual([of(clusters, 'b1'), of(clusters, 'b1', ['eu']), of(clusters, 'b1', ['us'])], ['closing', 'closed', 'closing']);
    assert.equal(of(clusters, 'b1', ['moon']), 'unknown', 'where no cluster is nobody says anything');
    const elsewhere = cluster('raids', {}, { known: 'doubt', allowed: ['raid'] });
    assert.equal(of([cluster('eu', { b1: 'closed' }), elsewhere], 'b1'), 'closed');
  });

  it('is unknown for what no cluster has, unless it was closed once and another build is open', () => {
    assert.equal(of([cluster('eu', { b2: 'current' })], 'b1'), 'unknown', 'its fleet may be about to be made');
    assert.equal(of([cluster('eu', { b2: 'current' })], 'b1', [], true), 'closed');
    assert.equal(of([cluster('eu', { b2: 'coming' })], 'b1', [], true), 'unknown');
    assert.equal(of([cluster('eu', { b1: 'coming', b2: 'current' })], 'b1', [], true), 'coming', 'it comes back');
    assert.equal(of([cluster('eu', { b2: 'current' }), cluster('us', {}, { known: 'doubt' })], 'b1', [], true), 'unknown');
  });

  it('goes by the build alone where servers are chosen by selectors', () => {
    const raids = cluster('us', {}, { fleets: [{ fleet: 'raid', build: 'b1', state: 'current' }] });
    const duels = cluster('eu', { b1: 'closed', b2: 'current' });
    assert.equal(buildStateOf([duels, raids], { build: 'b1', regions: [] }), 'open');
    assert.equal(buildStateOf([duels], { build: 'b1', regions: [] }), 'closed');
    assert.deepEqual(openBuildsBeside([duels], { build: 'b1', regions: [] }), ['b2']);
    const [next, about] = [cluster('eu', { b2: 'current' }), { build: 'b1', regions: [] }];
    assert.equal(buildStateOf([next], about, ['duel']), 'closed', 'also when its fleets are gone');
    assert.deepEqual(openBuildsBeside([next], about, ['duel']), ['b2']);
    assert.equal(buildStateOf([next], about, ['raid']), 'unknown', 'nothing has taken its place');
    assert.equal(buildStateOf([next, raids], about, ['duel']), 'open');
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
    metadata: { name, uid: name, annotations: state === undefined ? undefined : { 'lifeverse.dev/release-state': state } },
    spec: { template: { metadata: { labels: { 'lifeverse.dev/fleet': 'duel', 'lifeverse.dev/build': build } } } },
  });

  it('reads what a release writes, and takes what nobody wrote, or nobody can read, for open', () => {
    const read = { name: 'duel-b1', uid: 'duel-b1', fleet: 'duel', build: 'b1', state: 'closed', resize: undefined };
    assert.deepEqual(seenFleetOf(fleet('duel-b1', 'b1', 'closed')), read);
    assert.equal(seenFleetOf(fleet('duel-b1', 'b1', 'Closed')).state, undefined);
    const { fleet: called, build, state } = seenFleetOf({ metadata: { name: 'bare', uid: 'u' } });
    assert.deepEqual([called, build, state], ['bare', '', undefined]);
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

  it('is believed for what it has; for what it has not the cluster is asked, once however many ask', async () => {
    const fleets = new FleetBook();
    fleets.replaceAll([fleet('duel-b1', 'b1')]);
    const answers = [
      { status: 200, body: { items: [fleet('duel-b1', 'b1'), fleet('duel-b2', 'b2')] } },
      { status: 403, body: {} },
    ];
    const config = { name: 'eu', region: 'eu', namespace: 'games', weight: 1, drain: false };
    const cluster = { config, healthy: true, fleets, askBeside: async () => answers.shift() ?? assert.fail('it is asked again') };
    const look = createFleetsLook();
    const exist = (...names: string[]) => Promise.all(names.map((name) => look.exists(cluster, name)));
    assert.deepEqual([await exist('duel-b1'), answers.length], [[true], 2], 'by the book alone');
    assert.deepEqual(await exist('duel-b2', 'duel-b3', 'any', 'name'), [true, false, false, false]);
    assert.equal(answers.length, 1);
    fleets.put(fleet('duel-b4', 'b4'));
    assert.deepEqual(await exist('duel-b3'), [true], 'where it cannot be told whoever asks is believed');
  });
});
