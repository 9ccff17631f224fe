import assert from 'node:assert/strict';
import { levelBySize, planResize, planTakeBack } from '../../../allocator/scaling/resize/plan-resize.ts';
import { canLowerLimits } from '../../../allocator/scaling/resize/find-support.ts';
import { filledOf, levelOf, type Level, type Present } from '../../../allocator/scaling/resize/level.ts';
import { podOf } from '../../../allocator/scaling/resize/pod-view.ts';
import { parseProfile, type Profile } from '../../../allocator/scaling/resize/profile.ts';
import { thousandthsOf } from '../../../allocator/scaling/resize/quantity.ts';

const PROFILE = {
  idle: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
  allocated: { requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '2Gi' } },
  full: { requests: { cpu: '1', memory: '2Gi' }, limits: { memory: '3Gi' } },
};

function profileOf(given: object = PROFILE): Profile {
  const parsed = parseProfile(JSON.stringify(given));
  assert.ok('profile' in parsed, JSON.stringify(parsed));
  return parsed.profile;
}

describe('The resize profile of a fleet', () => {
  const faultsOf = (given: unknown) => {
    const parsed = parseProfile(typeof given === 'string' ? given : JSON.stringify(given));
    return 'faults' in parsed ? parsed.faults : [];
  };

  it('is YAML or JSON, with what may be left out filled in', () => {
    const parsed = parseProfile('{ idle: { requests: { cpu: 0.1 } }, allocated: { requests: { cpu: 2 } } }');
    assert.ok('profile' in parsed);
    const { allocated, seats, holdSeconds, shrinkMemoryInSession } = parsed.profile;
    assert.deepEqual(allocated, { requests: { cpu: '2' }, limits: {} });
    assert.deepEqual([seats, holdSeconds, shrinkMemoryInSession], [{ fullFrom: 0.8, fullUntil: 0.6 }, 60, false]);
  });

  const wrong: readonly (readonly [RegExp, unknown])[] = [
    [/neither YAML nor JSON/, '{ idle: ['],
    [/expected object/i, 'large'],
    [/allocated: /, { idle: PROFILE.idle }],
    [/idel/, { ...PROFILE, idel: {} }],
    [/idle.requests: .*gpu/, { ...PROFILE, idle: { ...PROFILE.idle, requests: { ...PROFILE.idle.requests, gpu: '1' } } }],
    [/idle.requests.cpu: is no amount/, { ...PROFILE, idle: { ...PROFILE.idle, requests: { cpu: 'much', memory: '1Mi' } } }],
    [/full.limits.memory: is not set, but/, { ...PROFILE, full: { requests: PROFILE.full.requests } }],
    [
      /allocated.requests.memory: is more than its limit \(512Mi\)/,
      { ...PROFILE, allocated: { ...PROFILE.allocated, limits: { memory: '512Mi' } } },
    ],
    [/sets nothing/, { idle: {}, allocated: {} }],
    [/seats: are of the level full/, { idle: PROFILE.idle, allocated: PROFILE.allocated, seats: { counter: 'players' } }],
    [/contradicts counter/, { ...PROFILE, seats: { counter: 'players', list: 'players' } }],
    [/fullUntil: is not less/, { ...PROFILE, seats: { fullFrom: 0.5, fullUntil: 0.5 } }],
  ];
  for (const [fault, given] of wrong)
    it(`is refused as a whole: ${fault.source}`, () => {
      const faults = faultsOf(given);
      assert.ok(
        faults.some((one) => fault.test(one)),
        faults.join('; ') || 'no fault',
      );
    });

  it('reads amounts as Kubernetes writes them', () => {
    const read = ['250m', '0.25', '1.5Gi', '1536Mi', '1e3', '2k', '', '-1', '1 Gi', '1GB', 'Gi', '1.'].map(thousandthsOf);
    const gib = 2 ** 30 * 1_000;
    assert.deepEqual(read, [250, 250, 1.5 * gib, 1.5 * gib, 1e6, 2e6, ...Array.from({ length: 6 }, () => undefined)]);
  });
});

describe('The level of a game server', () => {
  const profile = profileOf({ ...PROFILE, holdSeconds: 60 });
  const at = (filled: number | undefined, present?: Present, now = 0): Level | undefined =>
    levelOf({ state: 'Allocated', deleting: false }, filled, profile, present, now);

  it('follows its state, and is nothing while it starts, is reserved or ends', () => {
    const of = (state: string, deleting = false) => levelOf({ state, deleting }, undefined, profile, undefined, 0);
    assert.deepEqual(
      ['Ready', 'Allocated', 'Scheduled', 'RequestReady', 'Reserved', 'Shutdown', 'Unhealthy'].map((one) => of(one)),
      ['idle', 'allocated', ...Array.from({ length: 5 }, () => undefined)],
    );
    assert.equal(of('Ready', true), undefined);
  });

  it('becomes full at once, and is so no more only when few are left and some time has passed', () => {
    assert.deepEqual([at(0.79), at(0.8)], ['allocated', 'full']);
    const full = { level: 'full', since: 0 } as const;
    assert.equal(at(0.61, full, 3_600_000), 'full', 'too many for that');
    assert.equal(at(0.1, full, 59_000), 'full', 'too soon for that');
    assert.equal(at(0.6, full, 60_000), 'allocated');
  });

  it('stays as it is while nobody knows the seats', () => {
    assert.deepEqual([at(undefined, { level: 'full', since: 0 }, 1e9), at(undefined)], ['full', 'allocated']);
  });

  it('is never full where the profile has no such level', () => {
    const { full: _, ...small } = PROFILE;
    assert.equal(levelOf({ state: 'Allocated', deleting: false }, 1, profileOf(small), undefined, 0), 'allocated');
  });

  it('counts seats by the counter or the list that the profile names', () => {
    const server = {
      counters: { players: { count: 3, capacity: 4 } },
      lists: { team: { values: ['a'], capacity: 2 }, none: { values: [], capacity: 0 } },
    };
    const of = (seats: object) => filledOf(server, profileOf({ ...PROFILE, seats }));
    assert.deepEqual(
      [of({ counter: 'players' }), of({ list: 'team' }), of({ list: 'none' }), of({ counter: 'absent' })],
      [0.75, 0.5, undefined, undefined],
    );
  });
});

describe('The plan of a resize', () => {
  const profile = profileOf();
  const rules = { memoryLimitsShrink: true };
  const pod = (resources: object, more: object = {}, status: object = {}) =>
    podOf({
      metadata: { uid: 'u', resourceVersion: '1', generation: 7, annotations: { 'agones.dev/container': 'game' } },
      spec: { containers: [{ name: 'log' }, { name: 'game', resources, ...more }] },
      status,
    });

  it('changes only what differs, however it is written', () => {
    const present = { requests: { cpu: '0.5', memory: '1024Mi' }, limits: { memory: '1Gi', 'ephemeral-storage': '1Gi' } };
    const plan = planResize(pod(present), profile, 'allocated', rules);
    assert.deepEqual(plan.kind === 'resize' && plan.change, { requests: {}, limits: { memory: '2Gi' } });
    assert.equal(planResize(pod(PROFILE.allocated), profile, 'allocated', rules).kind, 'same');
  });

  it('takes CPU from a session, but no memory unless the profile allows it', () => {
    const plan = planResize(pod(PROFILE.full), profile, 'allocated', rules);
    assert.deepEqual(plan.kind === 'resize' && plan.change, { requests: { cpu: '500m' }, limits: {} });
    const allowed = planResize(pod(PROFILE.full), profileOf({ ...PROFILE, shrinkMemoryInSession: true }), 'allocated', rules);
    assert.deepEqual(allowed.kind === 'resize' && allowed.change, { requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '2Gi' } });
  });

  it('gives memory back when the session is over, except for a limit that the cluster cannot lower', () => {
    const plan = planResize(pod(PROFILE.full), profile, 'idle', rules);
    assert.deepEqual(plan.kind === 'resize' && plan.change, PROFILE.idle);
    const old = planResize(pod(PROFILE.full), profile, 'idle', { memoryLimitsShrink: false });
    assert.deepEqual(old.kind === 'resize' && old.change, { requests: PROFILE.idle.requests, limits: {} });
  });

  it('never sets a limit below a request that is kept', () => {
    const plan = planResize(pod({ requests: { cpu: '500m', memory: '4Gi' } }), profile, 'allocated', rules);
    assert.deepEqual(plan.kind === 'resize' && plan.change, { requests: {}, limits: { memory: '4Gi' } });
  });

  it('touches no container that would be restarted for it', () => {
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    const plan = planResize(pod(PROFILE.idle, { resizePolicy }), profile, 'allocated', rules);
    assert.match(plan.kind === 'impossible' ? plan.why : '', /restarts it for memory/);
    const cpuOnly = profileOf({ idle: { requests: { cpu: '100m' } }, allocated: { requests: { cpu: '1' } } });
    assert.equal(planResize(pod(PROFILE.idle, { resizePolicy }), cpuOnly, 'allocated', rules).kind, 'resize');
  });

  it('says when the pod has no such container', () => {
    const plan = planResize(pod(PROFILE.idle), profileOf({ ...PROFILE, container: 'server' }), 'idle', rules);
    assert.match(plan.kind === 'impossible' ? plan.why : '', /no container server/);
  });

  it('knows by its size what a server was, for a process that has not seen it before', () => {
    assert.deepEqual(
      [PROFILE.full, PROFILE.allocated, PROFILE.idle, {}].map((size) => levelBySize(pod(size), profile)),
      ['full', 'allocated', 'idle', 'idle'],
    );
  });

  it('takes back what the node has not given, and nothing that it does not tell', () => {
    const status = { containerStatuses: [{ name: 'game', resources: PROFILE.idle }] };
    assert.deepEqual(planTakeBack(pod(PROFILE.full, {}, status), profile, 'full'), PROFILE.idle);
    assert.equal(planTakeBack(pod(PROFILE.full), profile, 'full'), undefined);
  });

  it('lowers memory limits from Kubernetes 1.34 on', () => {
    const versions = [
      { minor: '33' },
      { minor: '33+' },
      { minor: '34' },
      { minor: '35', emulationMinor: '33' },
      { minor: '35', emulationMinor: '35' },
    ];
    assert.deepEqual(versions.map(canLowerLimits), [false, false, true, false, true]);
  });

  it('hears what the node says, by conditions and by the field that came before them', () => {
    const condition = (type: string, reason?: string) => ({ conditions: [{ type, status: 'True', reason, message: 'm' }] });
    const kinds = [
      condition('PodResizePending', 'Deferred'),
      condition('PodResizePending', 'Infeasible'),
      condition('PodResizeInProgress'),
      condition('PodResizeInProgress', 'Error'),
      { conditions: [{ type: 'PodResizePending', status: 'False', reason: 'Deferred' }] },
      { conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible', observedGeneration: 6 }] },
      { conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible', observedGeneration: 7 }] },
      { resize: 'Infeasible' },
      { resize: 'Deferred' },
      { resize: 'Proposed' },
    ].map((status) => pod({}, {}, status).verdict.kind);
    assert.deepEqual(kinds, [
      'deferred',
      'infeasible',
      'under-way',
      'error',
      'none',
      'none',
      'infeasible',
      'infeasible',
      'deferred',
      'none',
    ]);
  });
});
