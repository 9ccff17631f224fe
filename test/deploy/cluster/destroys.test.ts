import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { KINDS } from '../../../deploy/cluster/leftovers/compute-thing.ts';
import { CLOUD, DeploymentUnderTest, EDGE, inStrides, KINDS_THERE, listed, type Ended } from './deployment-under-test.ts';
import type { Rule } from './fake-cloud.ts';
import { inventoryOf } from './leftover-inventory.ts';

const CHANGES = /^(gcloud .* delete |terraform .* (apply|destroy) |kubectl .* (apply|delete) )/;

describe('deploy: make destroy-cluster', function () {
  this.timeout(300_000);
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
    const exports_ = {
      on: 'kubectl *europe-west1/kubeconfig get customresourcedefinitions *',
      says: [...KINDS_THERE, 'serviceexports.net.gke.io'].join('\n'),
    };
    const link = 'https://compute.example/disks/pvc-1';
    await it_.cloud.answer([
      { on: 'gcloud compute disks list *us-east1*', says: link },
      { on: 'gcloud compute disks delete *' },
      exports_,
      ...CLOUD,
    ]);
    const end = await it_.destroy();
    ended(end, 0);
    const done = await changes();
    const kubectl = (region: string, rest: string): string => `kubectl --kubeconfig=.deploy/dev/${region}/kubeconfig delete ${rest}`;
    const entrances = (region: string): string =>
      kubectl(region, '--all --all-namespaces --timeout=15m gateways.gateway.networking.k8s.io');
    const inEach = (region: string): string[] => [
      kubectl(region, 'ingresses'),
      kubectl(region, 'namespace lifeverse lifeverse-services'),
      kubectl(region, 'services --all-namespaces --field-selector=spec.type=LoadBalancer'),
      kubectl(region, 'persistentvolumeclaims'),
      'terraform -chdir=terraform/cluster destroy',
    ];
    const order = [
      entrances('europe-west1'),
      entrances('us-east1'),
      kubectl('europe-west1', '--all --all-namespaces --timeout=15m serviceexports.net.gke.io'),
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
    await it_.cloud.answer([{ on: 'gcloud container clusters list *', says: listed('europe-west1') }, ...CLOUD]);
    ended(await it_.destroy(), 0);
    assert.deepEqual(
      (await changes()).filter((call) => call.includes('us-east1')),
      [],
    );
  });

  it('goes on after a destroy that broke off, when Terraform’s outputs are gone already', async () => {
    await it_.cloud.answer([
      {
        on: 'terraform -chdir=terraform/environments/dev apply *',
        makes: 'outputs-gone',
        exits: 1,
        complains: 'network is already being used by x',
      },
      ...CLOUD,
    ]);
    const broken = await it_.destroy();
    assert.match(broken.said, /step infrastructure failed: [\s\S]*Often: what it names is in the way[\s\S]*make destroy-cluster ENV=dev$/);
    await it_.cloud.forgetCalls();
    await it_.cloud.answer([{ on: 'gcloud container clusters list *', says: '' }, ...CLOUD]);
    ended(await it_.destroy(), 0);
    assert.deepEqual(
      (await changes()).map((call) => call.slice(0, 49)),
      ['terraform -chdir=terraform/environments/dev apply'],
    );
  });

  describe('what GKE left', () => {
    const inventory = inventoryOf('lifeverse-dev', EDGE, 'a1');
    /** As long as one is not deleted it is listed. */
    const there = Object.entries(inventory).flatMap(([collection, things]): Rule[] => [
      { on: `gcloud compute ${collection} list *`, when: `!${collection}`, says: JSON.stringify(things) },
      { on: `gcloud compute ${collection} delete *`, makes: collection },
    ]);
    const deletions = async (): Promise<string[]> =>
      (await it_.cloud.calls()).flatMap((call) => /^gcloud compute ([a-z-]+) delete https/.exec(call)?.[1] ?? []);

    it('is shown before the question, waited for, and deleted from the outside in before the infrastructure', async () => {
      await it_.cloud.answer([...there, ...CLOUD]);
      const shown = await it_.destroy({ PLAN: '1' });
      assert.match(
        shown.said,
        /made 7 more[\s\S]*takes away {2}forwarding rule gkegw1-a1[\s\S]*takes away {2}firewall rule gkegw1-l7-lifeverse-dev/,
      );
      assert.deepEqual(await deletions(), []);
      const { code, said } = await it_.destroy({ YES: '1' }, inStrides(5));
      assert.equal(code, 0, said);
      assert.match(said, /0 s: GKE is still taking down 1 forwarding rule, .*1 firewall rule\n {2}deletes the forwarding rule/);
      assert.deepEqual(
        await deletions(),
        KINDS.map(({ collection }) => collection).filter((one) => one !== 'target-http-proxies'),
      );
      const calls = await it_.cloud.calls();
      const last = calls.findLastIndex((call) => call.startsWith('gcloud compute firewall-rules delete'));
      assert.ok(last < calls.findIndex((call) => call.startsWith('terraform -chdir=terraform/environments/dev apply')));
    });

    it('is left to GKE while it does it itself', async () => {
      const gone = { on: 'gcloud compute firewall-rules list *', when: 'third', says: '[]' };
      const first = {
        on: 'gcloud compute firewall-rules list *',
        when: '!first',
        makes: 'first',
        says: JSON.stringify(inventory['firewall-rules']),
      };
      const second = {
        on: 'gcloud compute firewall-rules list *',
        when: '!third',
        makes: 'third',
        says: JSON.stringify(inventory['firewall-rules']),
      };
      await it_.cloud.answer([gone, first, second, ...CLOUD]);
      const { code, said } = await it_.destroy();
      assert.equal(code, 0, said);
      assert.deepEqual(await deletions(), []);
    });

    it('stops before the infrastructure when it will not go, and says what and why', async () => {
      const stuck = { on: 'gcloud compute network-endpoint-groups delete *', exits: 1, complains: 'ERROR: is used by a backend service' };
      await it_.cloud.answer([stuck, ...there, ...CLOUD]);
      const { code, said } = await it_.destroy({ YES: '1' }, inStrides(5));
      assert.equal(code, undefined);
      assert.match(said, /step leftovers failed: still there: endpoint group k8s1-a1-\S+\nendpoint group k8s1-a1-\S+: ERROR: is used by/);
      assert.ok(!(await changes()).some((call) => call.includes('environments/dev apply')));
    });

    it('may be gone by itself meanwhile', async () => {
      const meanwhile = {
        on: 'gcloud compute url-maps delete *',
        makes: 'url-maps',
        exits: 1,
        complains: "The resource 'x' was not found",
      };
      await it_.cloud.answer([meanwhile, ...there, ...CLOUD]);
      ended(await it_.destroy({ YES: '1' }, inStrides(5)), 0);
    });

    it('is not taken for gone when it cannot be seen', async () => {
      await it_.cloud.answer([{ on: 'gcloud compute url-maps list *', exits: 1, complains: 'ERROR: 503' }, ...CLOUD]);
      const { code, said } = await it_.destroy();
      assert.equal(code, undefined);
      assert.match(said, /url-maps list[\s\S]*503/);
      assert.deepEqual(await changes(), []);
    });

    it('is told of and left where somebody else made it', async () => {
      const network = 'https://www.googleapis.com/compute/v1/projects/studio-dev-1/global/networks/lifeverse-dev';
      const says = JSON.stringify([{ name: 'office-ssh', selfLink: 'https://c/office-ssh', network }]);
      await it_.cloud.answer([{ on: 'gcloud compute firewall-rules list *', says }, ...CLOUD]);
      const end = await it_.destroy();
      ended(end, 0);
      assert.match(end.said, /leaves {6}firewall rule office-ssh: somebody else’s/);
      assert.deepEqual(await deletions(), []);
    });
  });

  it('says at every step where to look, does nothing after it, and goes on from there when it is run again', async () => {
    const steps = [
      ['europe-west1/entrances', 'kubectl *delete --all *gateways*'],
      ['us-east1/made-by-kubernetes', 'kubectl *us-east1/kubeconfig delete persistentvolumeclaims *'],
      ['europe-west1/uninstall', 'terraform -chdir=terraform/cluster destroy *region=europe-west1 *'],
      ['us-east1/disks', 'gcloud compute disks list *us-east1*'],
      ['infrastructure', 'terraform -chdir=terraform/environments/dev apply *'],
    ] as const;
    for (const [step, call] of steps) {
      await it_.cloud.forgetCalls();
      await it_.cloud.answer([{ on: call, exits: 9, complains: `the fault of ${step}` }, ...CLOUD]);
      const { code, said } = await it_.destroy();
      assert.equal(code, undefined, said);
      assert.match(
        said,
        new RegExp(
          `The step ${step} failed: [\\s\\S]*the fault of ${step}[\\s\\S]*\\nLook at: .+\\.\\n.*To go on from there: make destroy-cluster ENV=dev$`,
        ),
      );
      if (step !== 'infrastructure') assert.ok(!(await changes()).some((one) => one.includes('environments/dev apply')), step);
    }
    await it_.cloud.answer(CLOUD);
    ended(await it_.destroy(), 0);
  });

  it('says where to look when something stays, and leaves the infrastructure alone', async () => {
    await it_.cloud.answer([{ on: 'kubectl *europe-west1*delete namespace*', exits: 1, complains: 'error: timed out waiting' }, ...CLOUD]);
    const end = await it_.destroy();
    assert.match(
      end.said,
      /step europe-west1\/made-by-kubernetes failed[\s\S]*timed out waiting[\s\S]*Look at: .*finalizer[\s\S]*make destroy-cluster ENV=dev$/,
    );
    assert.match((await changes()).at(-1) ?? '', /europe-west1\/kubeconfig delete namespace/);
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
