import assert from 'node:assert/strict';
import { AppError } from '../../contracts/app-error.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { autoscalerHandlers } from '../../allocator/api/autoscaler.ts';
import { settingsOf } from '../../allocator/scaling/settings.ts';
import { shareDemand, type Demand, type Taker } from '../../allocator/scaling/share-demand.ts';
import {
  DEFAULT_SETTINGS,
  heldReplicas,
  medianOf,
  noteWish,
  wantedReplicas,
  type Need,
  type ScalingSettings,
  type Wish,
} from '../../allocator/scaling/wanted-replicas.ts';

describe('The replicas that a fleet is to have', () => {
  const idle: Need = { allocated: 0, reserved: 0, waiting: 0, arrivalsPerSecond: 0, readySeconds: 20, draining: false };
  const lean: ScalingSettings = { buffer: 0, min: 0, max: 50, scaleDownSeconds: 60 };
  const table: readonly [what: string, need: Partial<Need>, settings: Partial<ScalingSettings>, replicas: number][] = [
    ['are none when nobody is there and no buffer is asked for', {}, {}, 0],
    ['are the buffer beside what is allocated', { allocated: 7 }, { buffer: 3 }, 10],
    ['are one for each who waits, from zero on', { waiting: 4 }, {}, 4],
    ['count who waits into the buffer, not on top of it', { waiting: 4 }, { buffer: 3 }, 4],
    ['are ready for those who arrive while a server starts', { arrivalsPerSecond: 0.2 }, {}, 6],
    ['serve both those who wait and those who will come', { waiting: 4, arrivalsPerSecond: 0.2 }, { buffer: 3 }, 10],
    ['keep what is reserved apart', { allocated: 1, reserved: 2, waiting: 1 }, {}, 4],
    ['are at least the least', { allocated: 1 }, { min: 5 }, 5],
    ['are at most the most', { allocated: 10, waiting: 100 }, {}, 50],
    ['are never fewer than what is allocated', { allocated: 60 }, {}, 60],
    ['are only what is busy while the cluster is drained', { allocated: 3, waiting: 9, draining: true }, { buffer: 5, min: 8 }, 3],
  ];
  for (const [what, need, settings, replicas] of table)
    it(what, () => assert.equal(wantedReplicas({ ...idle, ...need }, { ...lean, ...settings }), replicas));
});

describe('A wish for replicas', () => {
  const at = (seconds: number, replicas: number): Wish => ({ at: new Date(seconds * 1_000), replicas });
  const hold = (wishes: readonly (readonly [seconds: number, replicas: number])[]) =>
    wishes.reduce<{ kept: Wish[]; held: number[] }>(
      ({ kept, held }, [seconds, replicas]) => {
        const next = noteWish(kept, at(seconds, replicas), 60_000);
        return { kept: next, held: [...held, heldReplicas(next, replicas, { allocated: 0, max: 100 })] };
      },
      { kept: [], held: [] },
    );

  it('raises a fleet at once, and holds until the delay has passed', () => {
    assert.deepEqual(
      hold([
        [0, 5],
        [10, 9],
        [40, 2],
        [69, 2],
        [70, 2],
      ]).held,
      [5, 9, 9, 9, 2],
    );
  });
  it('that is the next highest takes over when the highest has passed', () => {
    assert.deepEqual(
      hold([
        [0, 9],
        [30, 6],
        [50, 1],
        [61, 1],
        [91, 1],
      ]).held,
      [9, 9, 9, 6, 1],
    );
  });
  it('is kept with few others, however often it is asked for', () => {
    const { kept } = hold(Array.from({ length: 600 }, (_, n) => [n / 10, 1_000 - n] as const));
    assert.ok(kept.length <= 32, `${kept.length} are kept`);
  });
  it('never asks for fewer than are allocated, nor for more than the most', () => {
    assert.equal(heldReplicas([at(0, 3)], 1, { allocated: 7, max: 5 }), 7);
    assert.equal(heldReplicas([at(0, 30)], 1, { allocated: 2, max: 5 }), 5);
  });
});

describe('The demand for a fleet', () => {
  const east: Taker = {
    name: 'east',
    region: 'east',
    weight: 1,
    open: true,
    playableMs: undefined,
    builds: new Set(['dev']),
    room: 100,
  };
  const west: Taker = { ...east, name: 'west', region: 'west' };
  const anyone: Demand = {
    build: 'dev',
    regions: [],
    worstLatencies: {},
    latencyPolicy: { steps: [], then: 'any' },
    ageMs: 0,
    expectedMs: undefined,
    at: undefined,
  };
  const eastern: Demand = { ...anyone, worstLatencies: { east: 20, west: 90 } };
  const times = (count: number, demand: Demand) => Array.from({ length: count }, () => demand);
  const share = (demands: readonly Demand[], takers: readonly Taker[] = [east, west]) => Object.fromEntries(shareDemand(demands, takers));
  const strict = { ...eastern, latencyPolicy: { steps: [{ maxMs: 50, forSeconds: 10 }], then: 'fail' as const } };

  const table: readonly [what: string, demands: readonly Demand[], takers: readonly Taker[], shares: Record<string, number>][] = [
    ['goes to the nearest cluster', times(4, eastern), [east, west], { east: 4, west: 0 }],
    ['is shared by weight where all are as near', times(4, anyone), [east, { ...west, weight: 3 }], { east: 1, west: 3 }],
    ['keeps to the allowed regions', times(4, { ...eastern, regions: ['west'] }), [east, west], { east: 0, west: 4 }],
    ['passes over a cluster that is drained or away', times(4, eastern), [{ ...east, open: false }, west], { east: 0, west: 4 }],
    ['passes over a cluster in maintenance', times(4, eastern), [{ ...east, playableMs: 0 }, west], { east: 0, west: 4 }],
    [
      'passes over a cluster whose window begins too soon for it',
      [eastern, { ...eastern, expectedMs: 60_000 }],
      [{ ...east, playableMs: 30_000 }, west],
      { east: 1, west: 1 },
    ],
    ['goes on to the next cluster where one may not grow any more', times(4, eastern), [{ ...east, room: 1 }, west], { east: 1, west: 3 }],
    ['does not grow a cluster beyond a latency limit', times(4, strict), [{ ...east, open: false }, west], { east: 0, west: 0 }],
    ['does not grow servers of another build', times(4, eastern), [{ ...east, builds: new Set(['old']) }, west], { east: 0, west: 4 }],
    [
      'takes the build for granted where there is no server',
      times(4, eastern),
      [{ ...east, builds: new Set() }, west],
      { east: 4, west: 0 },
    ],
    ['stays where it is being placed', [{ ...eastern, at: 'west' }], [east, west], { east: 0, west: 1 }],
  ];
  for (const [what, demands, takers, shares] of table) it(what, () => assert.deepEqual(share(demands, takers), shares));

  it('is counted once, in whatever order the clusters are known', () => {
    const demands = [...times(7, anyone), ...times(5, eastern)];
    const shares = share(demands);
    assert.equal((shares['east'] ?? 0) + (shares['west'] ?? 0), 12);
    assert.deepEqual(share(demands, [west, east]), shares);
  });
});

describe("A fleet's annotations", () => {
  it('say how it is scaled, by default as the documentation says', () => {
    assert.deepEqual(settingsOf({}), DEFAULT_SETTINGS);
    const given = { buffer: '0', min: '1', max: '7', 'scale-down-seconds': '9' };
    const annotations = Object.fromEntries(Object.entries(given).map(([name, value]) => [`lifeverse.dev/${name}`, value]));
    assert.deepEqual(settingsOf({ ...annotations, other: 'x' }), { buffer: 0, min: 1, max: 7, scaleDownSeconds: 9 });
  });
  it('keep nothing free of a build that is closed, although a deployment has written its sizes anew', () => {
    const annotations = { 'lifeverse.dev/buffer': '5', 'lifeverse.dev/min': '2', 'lifeverse.dev/release-state': 'closed' };
    const settings = settingsOf(annotations);
    assert.equal(
      wantedReplicas({ allocated: 3, reserved: 0, arrivalsPerSecond: 0, readySeconds: 20, draining: false, waiting: 9 }, settings),
      3,
    );
    assert.equal(settingsOf({ ...annotations, 'lifeverse.dev/release-state': 'leaving' }).buffer, 5);
  });
  it('are refused by name where they make no sense', () => {
    const bad = { 'lifeverse.dev/buffer': '10%', 'lifeverse.dev/max': '-1' };
    assert.throws(() => settingsOf(bad), /lifeverse\.dev\/buffer.*lifeverse\.dev\/max/);
    assert.throws(() => settingsOf({ 'lifeverse.dev/min': '9', 'lifeverse.dev/max': '8' }), /lifeverse\.dev\/min/);
  });
});

describe('The answer to an autoscaler', () => {
  it('leaves the fleet as it is while the database is away', async () => {
    const away = new AppError('unavailable', 'database_unavailable', 'the database does not answer');
    let failures = 0;
    const { scaleFleet } = autoscalerHandlers({
      clusters: new Map([['east', { config: { namespace: 'games' } }]]),
      fleets: { exists: async () => true },
      scaler: { replicasOf: () => Promise.reject(away) },
      metrics: { answered: () => assert.fail('there is no number to answer'), leftAlone: () => (failures += 1) },
    });
    const status = { replicas: 7, readyReplicas: 1, reservedReplicas: 0, allocatedReplicas: 6 };
    const asked = { request: { uid: 'u', name: 'duels', namespace: 'games', status }, response: null };
    const trace = { traceId: '', traceparent: '' };
    const context = { principal: undefined, signal: new AbortController().signal, requestId: '', trace, log: SILENT_LOG };
    const request = { params: { cluster: 'east', fleet: 'duels' }, query: undefined, headers: undefined, body: asked };
    const { body } = await scaleFleet(request, context);
    assert.deepEqual([body.response, failures], [{ uid: 'u', scale: false, replicas: 7 }, 1]);
  });
});

describe('The question of an autoscaler', () => {
  const status = { replicas: 7, readyReplicas: 1, reservedReplicas: 0, allocatedReplicas: 6 };
  const askedAbout = async (labels: Record<string, string> | null) => {
    let about: unknown;
    const { scaleFleet } = autoscalerHandlers({
      clusters: new Map([['east', { config: { namespace: 'games' } }]]),
      fleets: { exists: async () => true },
      scaler: { replicasOf: async (_cluster, fleet) => ((about = fleet), 1) },
      metrics: { answered: () => {}, leftAlone: () => assert.fail('there is a number to answer') },
    });
    const trace = { traceId: '', traceparent: '' };
    const context = { principal: undefined, signal: new AbortController().signal, requestId: '', trace, log: SILENT_LOG };
    const body = { request: { uid: 'u', name: 'duels-2', namespace: 'games', status, labels }, response: null };
    await scaleFleet({ params: { cluster: 'east', fleet: 'duels-2' }, query: undefined, headers: undefined, body }, context);
    return about;
  };

  it('is about the fleet by its own name, of whatever build, where nothing else is said', async () => {
    assert.deepEqual(await askedAbout(null), { name: 'duels-2', called: 'duels-2', build: undefined });
  });

  it('is about one build of the fleet that requests name, where its labels say so', async () => {
    const labels = { 'lifeverse.dev/fleet': 'duels', 'lifeverse.dev/build': '2' };
    assert.deepEqual(await askedAbout(labels), { name: 'duels-2', called: 'duels', build: '2' });
  });
});

describe('A median', () => {
  it('is the middle one, or between the two middle ones', () => {
    assert.deepEqual([medianOf([]), medianOf([3]), medianOf([9, 1, 2]), medianOf([4, 1, 2, 100])], [undefined, 3, 2, 3]);
  });
});
