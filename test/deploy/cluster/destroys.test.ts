import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { CLOUD, DeploymentUnderTest, type Ended } from './deployment-under-test.ts';

const CHANGES = /^(gcloud .* delete |terraform .* (apply|destroy) |kubectl .*(apply|delete) )/;

describe('deploy: make destroy-cluster', function () {
  this.timeout(60_000);
  let it_: DeploymentUnderTest;
  beforeEach(async () => {
    it_ = await DeploymentUnderTest.open();
    for (const made of ['apis', 'bucket', 'versions', 'infrastructure']) await it_.cloud.make(made);
  });
  afterEach(() => it_.close());

  const changes = async (): Promise<string[]> => (await it_.cloud.calls()).filter((call) => CHANGES.test(call));
  const ended = (end: Ended, code: number): void => assert.equal(end.code, code, end.said);
  /** The same environment under the name that is guarded. */
  const asProd = async (): Promise<void> => {
    for (const folder of ['terraform/environments', 'fleets/overlays'])
      await cp(path.join(it_.tree, folder, 'dev'), path.join(it_.tree, folder, 'prod'), { recursive: true });
    await cp(path.join(it_.tree, 'terraform/environments/dev/dev.tfvars'), path.join(it_.tree, 'terraform/environments/prod/prod.tfvars'));
    await it_.cloud.answer([{ on: 'terraform *environments/prod apply *' }, ...CLOUD]);
  };

  it('takes away what Kubernetes made before what Terraform made, and the infrastructure last', async () => {
    const link = 'https://compute.example/disks/pvc-1';
    await it_.cloud.answer([{ on: 'gcloud compute disks list *us-east1*', says: link }, { on: 'gcloud compute disks delete *' }, ...CLOUD]);
    const end = await it_.destroy();
    ended(end, 0);
    const done = await changes();
    const inEach = (region: string): string[] => [
      `kubectl --kubeconfig=.deploy/dev/${region}/kubeconfig delete namespace lifeverse lifeverse-services`,
      `kubectl --kubeconfig=.deploy/dev/${region}/kubeconfig delete services --all-namespaces --field-selector=spec.type=LoadBalancer`,
      `kubectl --kubeconfig=.deploy/dev/${region}/kubeconfig delete ingresses`,
      `kubectl --kubeconfig=.deploy/dev/${region}/kubeconfig delete persistentvolumeclaims`,
      'terraform -chdir=terraform/cluster destroy',
    ];
    const order = [
      ...inEach('europe-west1'),
      ...inEach('us-east1'),
      `gcloud compute disks delete --quiet --project=studio-dev-1 ${link}`,
      'terraform -chdir=terraform/environments/dev apply',
    ];
    assert.equal(done.length, order.length, done.join('\n'));
    order.forEach((begin, nth) => assert.ok(done[nth]?.startsWith(begin), `${begin}\n${done[nth] ?? ''}`));
    assert.match((await it_.cloud.calls()).join('\n'), /environments\/dev plan .*-destroy/);
    assert.match(end.said, /Terraform’s state is kept.*gcloud storage rm --recursive gs:\/\/studio-dev-1-lifeverse-dev-state/);
  });

  it('shows what goes and changes nothing with PLAN=1, without a terminal, and for any answer but yes', async () => {
    for (const [env, hands, code] of [
      [{ PLAN: '1' }, {}, 0],
      [{}, {}, 1],
      [{}, { ask: async () => 'no' }, 1],
    ] as const) {
      const end = await it_.destroy(env, hands);
      ended(end, code);
      assert.match(end.said, /End every session in lifeverse-dev-us-east1[\s\S]*Destroy the infrastructure of dev/);
    }
    assert.deepEqual(await changes(), []);
  });

  it('destroys prod by its name only', async () => {
    await asProd();
    for (const [env, hands] of [
      [{ YES: '1' }, {}],
      [{ YES: '1', CONFIRM: 'dev' }, {}],
      [{ CONFIRM: 'prod' }, {}],
      [{}, { ask: async () => 'yes' }],
    ] as const) {
      const end = await it_.destroy({ ENV: 'prod', ...env }, hands);
      ended(end, 1);
      assert.match(end.said, /Nothing was changed/);
    }
    assert.deepEqual(await changes(), []);
    ended(await it_.destroy({ ENV: 'prod' }, { ask: async () => 'prod' }), 0);
    ended(await it_.destroy({ ENV: 'prod', YES: '1', CONFIRM: 'prod' }), 0);
  });

  it('goes on where a cluster is gone already', async () => {
    await it_.cloud.answer([{ on: 'gcloud container clusters list *us-east1*', says: '' }, ...CLOUD]);
    ended(await it_.destroy(), 0);
    assert.deepEqual(
      (await changes()).filter((call) => call.includes('us-east1')),
      [],
    );
  });

  it('says where to look when something stays, and leaves the infrastructure alone', async () => {
    await it_.cloud.answer([{ on: 'kubectl *europe-west1*delete namespace*', exits: 1, complains: 'error: timed out waiting' }, ...CLOUD]);
    const end = await it_.destroy();
    assert.match(
      end.said,
      /step europe-west1\/made-by-kubernetes failed[\s\S]*timed out waiting[\s\S]*Look at: .*finalizer[\s\S]*make destroy-cluster ENV=dev$/,
    );
    assert.equal((await changes()).length, 1);
  });

  it('has nothing to do where there is nothing', async () => {
    await it_.cloud.unmake('infrastructure');
    const end = await it_.destroy();
    ended(end, 0);
    assert.match(end.said, /nothing to destroy/);
    assert.deepEqual(await changes(), []);
  });

  it('cannot see what would go without a cloud, and says so', async () => {
    await it_.cloud.answer([], []);
    const end = await it_.destroy({ PLAN: '1' });
    ended(end, 0);
    assert.match(end.said, /gcloud: is not on the PATH[\s\S]*cannot be seen before that/);
    ended(await it_.destroy(), 1);
  });
});
