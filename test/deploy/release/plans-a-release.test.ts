import assert from 'node:assert/strict';
import type { ReleaseState } from '../../../contracts/allocator-api/autoscaler.ts';
import { rollbackTargets, releaseTargets } from '../../../deploy/release/choose-targets.ts';
import { fleetOfBuild, type FleetOfBuild, type Manifest } from '../../../deploy/release/fleet-of-build.ts';
import type { ObservedFleet, ReleaseNote } from '../../../deploy/release/observed-fleet.ts';
import { planRelease, type Wanted } from '../../../deploy/release/plan-release.ts';
import { stepLines } from '../../../deploy/release/say-steps.ts';
import { continued, faultIn, NEW_STORY, type StartLook } from '../../../deploy/release/start-story.ts';
import { firstOf, type Step } from '../../../deploy/release/step.ts';

const NOW = Date.parse('2026-05-01T12:00:00Z');
const MINUTE = 60_000;
const ago = (ms: number) => new Date(NOW - ms).toISOString();

const SCALED = { name: 'duel', spec: { fleetName: 'duel' } };
const note = (number: number, more: Partial<ReleaseNote> = {}): ReleaseNote => ({ number, by: 'release', since: ago(0), ...more });
const observed = (build: string, state: ReleaseState | undefined, more: Partial<ObservedFleet> = {}): ObservedFleet => ({
  cluster: 'eu',
  name: `duel-${build}`,
  fleet: 'duel',
  build,
  state,
  note: state === undefined ? undefined : note(1),
  replicas: 4,
  ready: 4,
  allocated: 0,
  servers: 4,
  autoscaler: SCALED,
  ...more,
});
const CLOSED = { replicas: 0, ready: 0, servers: 0, autoscaler: undefined };

const BASE: Manifest[] = [
  {
    apiVersion: 'agones.dev/v1',
    kind: 'Fleet',
    metadata: { name: 'duel', labels: { part: 'x' }, annotations: { 'lifeverse.dev/buffer': '3', 'lifeverse.dev/min': '2' } },
    spec: {
      template: {
        metadata: { labels: { 'lifeverse.dev/build': 'dev' } },
        spec: {
          container: 'game',
          template: {
            spec: {
              containers: [
                { name: 'other', image: 'other:1' },
                { name: 'game', image: 'game:1', args: ['--port=1', '--build=dev'], env: [{ name: 'GAME_BUILD', value: 'dev' }] },
              ],
            },
          },
        },
      },
    },
  },
  {
    apiVersion: 'autoscaling.agones.dev/v1',
    kind: 'FleetAutoscaler',
    metadata: { name: 'duel' },
    spec: {
      fleetName: 'duel',
      policy: {
        type: 'Chain',
        chain: [
          { type: 'Webhook', webhook: { service: { name: 'allocator', namespace: 's', path: '/v1/autoscaler/eu/duel' } } },
          { type: 'Webhook', webhook: { url: 'https://x.example/v1/autoscaler/eu/duel' } },
        ],
      },
    },
  },
];
const made = (build: string, image?: string): FleetOfBuild => fleetOfBuild(BASE, 'duel', build, image);
const release = (build: string, more: Partial<Wanted> = {}): Wanted => ({
  by: 'release',
  targets: new Map([['duel', build]]),
  made: new Map([['eu', [made(build)]]]),
  overlapMs: 10 * MINUTE,
  keepMs: 60 * MINUTE,
  ...more,
});
const rollback = (build: string): Wanted => ({ ...release(build), by: 'rollback', made: new Map() });
const shown = (steps: readonly Step[]) =>
  steps.map(({ does, name, cluster }) => `${does} ${name}${cluster === 'eu' ? '' : ` in ${cluster}`}`);
const plan = (fleets: readonly ObservedFleet[], wanted: Wanted) => shown(planRelease(fleets, wanted, NOW));

describe('The plan of a release', () => {
  const digest = made('2').digest;
  const coming = (more: Partial<ObservedFleet> = {}, told: Partial<ReleaseNote> = {}) =>
    observed('2', 'coming', { note: note(2, { digest, before: '1', ...told }), autoscaler: undefined, ...more });
  const cases: readonly [what: string, fleets: ObservedFleet[], wanted: Wanted, steps: string[]][] = [
    [
      'is everything, from a fleet that no release has touched',
      [observed('1', undefined)],
      release('2'),
      ['bring-up duel-2', 'await-ready duel-2', 'switch duel-2', 'await-cut-off duel-1', 'close duel-1'],
    ],
    ['needs no old build', [], release('2'), ['bring-up duel-2', 'await-ready duel-2', 'switch duel-2']],
    [
      'waits for servers that are not up yet',
      [observed('1', 'current'), coming({ ready: 3 })],
      release('2'),
      ['await-ready duel-2', 'switch duel-2', 'await-cut-off duel-1', 'close duel-1'],
    ],
    [
      'counts those on which somebody plays already',
      [observed('1', 'current'), coming({ ready: 3, allocated: 1 })],
      release('2'),
      ['switch duel-2', 'await-cut-off duel-1', 'close duel-1'],
    ],
    [
      'makes anew what was made from other manifests',
      [observed('1', 'current'), coming({}, { digest: 'other' })],
      release('2'),
      ['bring-up duel-2', 'await-ready duel-2', 'switch duel-2', 'await-cut-off duel-1', 'close duel-1'],
    ],
    [
      'leaves the old build open until its time is over',
      [observed('1', 'leaving', { note: note(1, { since: ago(9 * MINUTE) }) }), observed('2', 'current', { note: note(2) })],
      release('2'),
      ['await-cut-off duel-1', 'close duel-1'],
    ],
    [
      'closes it then',
      [observed('1', 'leaving', { note: note(1, { since: ago(10 * MINUTE) }) }), observed('2', 'current', { note: note(2) })],
      release('2'),
      ['close duel-1'],
    ],
    [
      'closes at once what came and was never switched to',
      [observed('1', 'current'), coming()],
      release('1', { made: new Map([['eu', [made('1')]]]) }),
      ['close duel-2'],
    ],
    ...(['replicas', 'autoscaler'] as const).map((left): (typeof cases)[number] => [
      `closes again what was killed before its ${left} went`,
      [
        observed('1', 'closed', { ...CLOSED, ...(left === 'replicas' ? { replicas: 2 } : { autoscaler: SCALED }) }),
        observed('2', 'current', { note: note(2) }),
      ],
      release('2'),
      ['close duel-1'],
    ]),
    [
      'gives the current one the autoscaler that it lacks',
      [observed('2', 'current', { note: note(2), autoscaler: undefined })],
      release('2'),
      ['switch duel-2'],
    ],
    [
      'is nothing when everything is done, and sessions play on',
      [observed('1', 'closed', { ...CLOSED, allocated: 3, servers: 3 }), observed('2', 'current', { note: note(2) })],
      release('2', { keepMs: 0 }),
      [],
    ],
    [
      'deletes what was kept long enough',
      [
        observed('0', 'closed', { ...CLOSED, note: note(0, { since: ago(61 * MINUTE) }) }),
        observed('1', 'closed', { ...CLOSED, note: note(1, { since: ago(59 * MINUTE) }) }),
        observed('2', 'current', { note: note(2) }),
      ],
      release('2'),
      ['delete duel-0'],
    ],
    [
      "keeps the manifests' own fleet, which would be made anew",
      [
        observed('1', 'closed', { ...CLOSED, name: 'duel', note: note(1, { since: ago(61 * MINUTE) }) }),
        observed('2', 'current', { note: note(2) }),
      ],
      release('2'),
      [],
    ],
    [
      'brings a closed build up again',
      [observed('1', 'current', { note: note(3) }), observed('2', 'closed', { ...CLOSED, note: note(2) })],
      release('2', { overlapMs: 0 }),
      ['bring-up duel-2', 'await-ready duel-2', 'switch duel-2', 'close duel-1'],
    ],
    [
      'of a rollback goes back at once to a build that is still open',
      [observed('1', 'leaving'), observed('2', 'current', { note: note(2, { before: '1' }) })],
      rollback('1'),
      ['switch duel-1', 'await-cut-off duel-2', 'close duel-2'],
    ],
    [
      'of a rollback brings a closed build up first',
      [observed('1', 'closed', CLOSED), observed('2', 'current', { note: note(2, { before: '1' }) })],
      rollback('1'),
      ['raise duel-1', 'await-ready duel-1', 'switch duel-1', 'await-cut-off duel-2', 'close duel-2'],
    ],
    [
      'of a rollback before the switch notes that it was one, and closes what came',
      [observed('1', 'current'), coming()],
      rollback('1'),
      ['switch duel-1', 'close duel-2'],
    ],
  ];
  for (const [what, fleets, wanted, steps] of cases) it(what, () => assert.deepEqual(plan(fleets, wanted), steps));

  it('does a step in every cluster before the next begins in any', () => {
    const wanted = release('2', { made: new Map(['eu', 'us'].map((cluster) => [cluster, [made('2')]])) });
    const half = [observed('1', 'current'), coming(), observed('1', 'current', { cluster: 'us' })];
    const steps = planRelease(half, wanted, NOW);
    assert.deepEqual(shown(firstOf(steps)), ['bring-up duel-2 in us']);
    assert.deepEqual(shown(steps).slice(1, 4), ['await-ready duel-2 in us', 'switch duel-2', 'switch duel-2 in us']);
    const switched = [observed('1', 'leaving'), observed('2', 'current', { note: note(2, { digest, before: '1' }) })];
    const late = [...switched, observed('1', 'current', { cluster: 'us' }), coming({ cluster: 'us' })];
    assert.deepEqual(shown(firstOf(planRelease(late, wanted, NOW))), ['switch duel-2 in us']);
  });

  it('begins with as many servers as the old fleet has free, or as the manifests keep free', () => {
    const replicas = (ready: number) => {
      const first = planRelease([observed('1', 'current', { ready })], release('2'), NOW)[0];
      return first?.does === 'bring-up' ? first.replicas : undefined;
    };
    assert.deepEqual([replicas(7), replicas(0)], [7, 3]);
  });

  it('brings a build back with what it had free, beside those that still play on it', () => {
    const kept = { free: 5, autoscaler: SCALED };
    const old = observed('1', 'closed', { ...CLOSED, allocated: 2, servers: 2, note: note(1, { kept }) });
    const steps = planRelease([old, observed('2', 'current', { ready: 1, note: note(2, { before: '1' }) })], rollback('1'), NOW);
    const [raise, , change] = steps;
    assert.ok(raise?.does === 'raise' && change?.does === 'switch');
    assert.deepEqual([raise.replicas, change.autoscaler], [7, SCALED]);
  });

  it('says each step once for all clusters that share it', () => {
    const wanted = release('2', { made: new Map(['eu', 'us'].map((cluster) => [cluster, [made('2')]])) });
    const lines = stepLines(planRelease([], wanted, NOW), NOW);
    assert.deepEqual(lines[0], '  1. bring up duel-2 with 3 servers of game:1  [eu, us]');
  });
});

describe('What a rollback goes back to', () => {
  const targets = (fleets: readonly ObservedFleet[]) => Object.fromEntries(rollbackTargets(fleets, undefined));
  const old = observed('1', 'leaving');

  it('is the build before the one that came last, be it switched to or not', () => {
    assert.deepEqual(targets([old, observed('2', 'current', { note: note(2, { before: '1' }) })]), { duel: '1' });
    assert.deepEqual(targets([observed('1', 'current'), observed('2', 'coming', { note: note(2, { before: '1' }) })]), { duel: '1' });
  });

  it('is the same one when it is repeated, whatever came before', () => {
    const back = observed('1', 'current', { note: note(3, { by: 'rollback' }) });
    assert.deepEqual(targets([back, observed('2', 'closed', { note: note(2, { before: '1' }) }), observed('0', 'closed')]), { duel: '1' });
    const half = [
      back,
      observed('2', 'current', { cluster: 'us', note: note(2, { before: '1' }) }),
      observed('1', 'closed', { cluster: 'us' }),
    ];
    assert.deepEqual(targets(half), { duel: '1' });
  });

  it('is refused with every reason', () => {
    assert.throws(() => targets([observed('1', undefined)]), /nothing was ever released here/);
    assert.throws(() => targets([observed('1', 'current')]), /1 was the first build/);
    const gone = [observed('2', 'current', { note: note(2, { before: '1' }) })];
    assert.throws(() => targets(gone), /build 1 is not kept any more in eu: release it anew, make release BUILD=1/);
    assert.throws(() => rollbackTargets(gone, ['raid', 'duel']), /raid was never released here; there are duel[^]*is not kept/);
  });
});

describe('The fleet of a build', () => {
  it('is the fleet of the manifests under another name, told its build everywhere', () => {
    const { manifest, autoscaler, image, free } = made('1.4.2-RC_1', 'game@sha256:1');
    const { template } = manifest.spec;
    const [other, game] = template.spec.template.spec.containers;
    const labels = { 'lifeverse.dev/fleet': 'duel', 'lifeverse.dev/build': '1.4.2-RC_1' };
    assert.deepEqual([manifest.metadata.name, manifest.metadata.labels], ['duel-1-4-2-rc-1', { part: 'x', ...labels }]);
    assert.deepEqual([template.metadata?.labels, template.spec.template.metadata?.labels], [labels, labels]);
    assert.deepEqual([other?.image, game?.image, image, free], ['other:1', 'game@sha256:1', 'game@sha256:1', 3]);
    assert.deepEqual([game?.args, game?.env], [['--port=1', '--build=1.4.2-RC_1'], [{ name: 'GAME_BUILD', value: '1.4.2-RC_1' }]]);
    const text = JSON.stringify(autoscaler);
    assert.equal(text.match(/\/v1\/autoscaler\/eu\/duel-1-4-2-rc-1"/g)?.length, 2);
    assert.equal(autoscaler?.spec.fleetName, 'duel-1-4-2-rc-1');
    assert.notEqual(made('1.4.2').digest, made('1.4.2', 'other').digest);
  });

  it('is refused where its name is taken or too long for the names of game servers', () => {
    const refused = (build: string, fleets: ObservedFleet[]) => releaseTargets(fleets, new Map([['eu', [made(build)]]]), build);
    assert.throws(
      () => refused('1.4', [observed('x', 'closed', { name: 'duel-1-4', build: '1-4' })]),
      /has a fleet duel-1-4 already, of build 1-4/,
    );
    assert.throws(() => refused('a'.repeat(47), []), /has 52 characters/);
    assert.deepEqual([...refused('a'.repeat(46), [])], [['duel', 'a'.repeat(46)]]);
  });
});

describe('The story of servers that come up', () => {
  const look = (states: Record<string, string>, holdUps: StartLook['holdUps'] = []): StartLook => ({
    servers: new Map(Object.entries(states).map(([name, state]) => [name, { name, state }])),
    holdUps,
  });
  const told = (looks: readonly StartLook[], patienceMs = 3) => {
    let story = NEW_STORY;
    looks.forEach((one, at) => (story = continued(story, one, at)));
    return faultIn(story, looks.at(-1) ?? look({}), looks.length - 1, patienceMs)?.why;
  };
  const held = (reason: string) => look({ a: 'Scheduled' }, [{ server: 'a', reason, message: 'why' }]);

  it('ends when three have died, also those that were replaced between two looks', () => {
    assert.equal(told([look({ a: 'Starting', b: 'Ready' }), look({ b: 'Ready', c: 'Unhealthy' })]), undefined);
    assert.match(
      told([look({ a: 'Starting' }), look({ b: 'Unhealthy' }), look({ c: 'Starting' }), look({})]) ?? '',
      /3 servers have ended.* a, b, c/,
    );
  });

  it('does not count a server that ends with its session', () => {
    const states = ['a', 'b', 'c', 'd'].flatMap((name) => [
      look({ [name]: 'Ready' }),
      look({ [name]: 'Allocated' }),
      look({ [name]: 'Shutdown' }),
    ]);
    assert.equal(told(states), undefined);
  });

  it('ends when a pod is held up by the same fault for too long, and not by what passes', () => {
    const long = (reason: string) => Array.from({ length: 4 }, () => held(reason));
    assert.equal(told(long('ErrImagePull')), 'ErrImagePull: why');
    assert.equal(told(long('ErrImagePull').slice(1)), undefined);
    assert.equal(told([...long('CrashLoopBackOff').slice(1), look({ a: 'Ready' }), held('CrashLoopBackOff')]), undefined);
    assert.equal(told(long('ContainerCreating')), undefined);
  });
});
