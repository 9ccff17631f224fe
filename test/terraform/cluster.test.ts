import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { agonesFaults } from './agones-chart.ts';
import { openChartJudge } from './chart-values.ts';
import { planned, valueAt } from './planned.ts';
import { runsIn, terraformBed, type TerraformCopy } from './terraform-bed.ts';
import type { Plan, Runs } from './test-output.ts';

const PROMISES = 'cluster.tftest.hcl';
const [WHOLE = ''] = runsIn(PROMISES);

describe('terraform: what is installed into a cluster', function () {
  // A first run builds the schema server, and Terraform where there is none.
  this.timeout(900_000);
  let copy: TerraformCopy;
  let ended: Runs;
  let plan: Plan;

  before(async () => {
    copy = (await terraformBed()).copy('cluster');
    ended = await copy.test('cluster', PROMISES);
    const whole = ended.runs.get(WHOLE)?.plan;
    assert.ok(whole, ended.faults.join('\n'));
    plan = whole;
  });

  for (const run of runsIn(PROMISES)) {
    it(run.replaceAll('_', ' '), () => {
      const faults = ended.faults.filter((fault) => fault.startsWith(`${run}:`) || fault.startsWith(':'));
      assert.equal(ended.runs.get(run)?.status, 'pass', faults.join('\n'));
    });
  }

  it('is a configuration that Terraform calls valid', async () => {
    const valid = await copy.run('cluster', 'validate', '-no-color');
    assert.equal(valid.code, 0, valid.said);
  });

  it('hands the ports that the environment opens on to Agones', () => {
    const { gameservers } = valuesOf(plan, 'agones');
    assert.deepEqual(gameservers, { namespaces: ['lifeverse'], minPort: 20_000, maxPort: 21_000 });
  });

  it('installs Agones, cert-manager and External Secrets, and beside them namespaces alone', () => {
    const releases = planned(plan, 'helm_release');
    assert.deepEqual(releases.map((each) => String(valueAt(each, 'name'))).toSorted(), [
      'agones',
      'cert-manager',
      'external-secrets',
      'lifeverse-namespaces',
    ]);
  });

  it('gives cert-manager and External Secrets values that their charts know', async () => {
    const faultsOf = await openChartJudge();
    for (const chart of ['cert-manager', 'external-secrets']) {
      const values = valuesOf(plan, chart);
      assert.deepEqual(faultsOf(chart, values), [], chart);
      assert.match(faultsOf(chart, { ...values, webhook: { replicas: 2 } }).join(), /webhook.*replicas/, chart);
    }
  });

  it('gives Agones values that its chart reads', () => {
    const values = valuesOf(plan, 'agones');
    assert.deepEqual(agonesFaults(values), []);
    const { agones, gameservers } = values;
    for (const [wrong, about] of [
      [{ agones: { ...agones, crds: { cleanUpOnDelete: false } } }, /does not read agones\.crds\.cleanUpOnDelete/],
      [
        { agones: { ...agones, allocator: { ...agones.allocator, allocationBatchWait: '10ms' } } },
        /does not read agones\.allocator\.allocationBatchWait$/,
      ],
      [{ agones: { ...agones, extensions: { ...agones.extensions, replicas: '2' } } }, /extensions\.replicas is no whole/],
      [{ agones: { ...agones, extensions: { ...agones.extensions, pdb: { maxUnavailable: 1 } } } }, /minAvailable as well/],
      [{ agones: { ...agones, featureGates: 'SidecarContainer=true' } }, /no feature gate SidecarContainer=/],
      [{ agones, gameservers: { ...gameservers, minPorts: 7000 } }, /does not read gameservers\.minPorts/],
    ] as const)
      assert.match(agonesFaults(wrong).join('\n'), about);
  });

  it('runs every part on the pools that are meant for it, and none among game servers', () => {
    const parts = [
      ...['controller', 'extensions', 'allocator'].map(
        (part) => [valuesOf(plan, 'agones').agones[part], 'agones.dev/agones-system'] as const,
      ),
      ...['cert-manager', 'external-secrets'].flatMap((release) => {
        const values = valuesOf(plan, release);
        const inside = ['webhook', 'cainjector', 'certController'].flatMap((part) => values[part] ?? []);
        return [values, ...inside].map((part) => [part, 'lifeverse.dev/pool'] as const);
      }),
    ];
    assert.equal(parts.length, 9);
    for (const [part, label] of parts) assert.deepEqual(Object.keys(part.nodeSelector), [label]);
  });
});

/** What a release gives its chart. */
function valuesOf(plan: Plan, name: string): ReturnType<typeof Object> {
  const release = planned(plan, 'helm_release').find((each) => valueAt(each, 'name') === name);
  assert.ok(release, `there is no release ${name}`);
  return Object(parse(String(valueAt(release, 'values.0'))));
}
