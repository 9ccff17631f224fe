import assert from 'node:assert/strict';
import { waitUntil } from '../../../local/processes/wait-until.ts';
import { certificateOf, CLOUD, DeploymentUnderTest, inStrides, OUTPUTS } from './deployment-under-test.ts';

/** Step → the call that fails in it. */
const FAILURES: readonly (readonly [step: string, call: string])[] = [
  ['apis', 'gcloud services enable *'],
  ['quotas', 'gcloud compute regions describe us-east1 *'],
  ['state-bucket', 'gcloud storage buckets create *'],
  ['state-versions', 'gcloud storage buckets update *'],
  ['infrastructure', 'terraform -chdir=terraform/environments/dev apply *'],
  ['outputs', 'terraform *output *'],
  ['secret/accounts-secret', 'gcloud secrets versions add lifeverse-dev-accounts-secret *'],
  ['secret/allocator-key-secret', 'gcloud secrets versions add lifeverse-dev-allocator-key-secret *'],
  ['registry-login', 'gcloud auth configure-docker *'],
  ['images', 'node deploy/images/main.ts'],
  ['europe-west1/install', 'terraform -chdir=terraform/cluster apply *region=europe-west1 *'],
  ['us-east1/install', 'terraform -chdir=terraform/cluster apply *region=us-east1 *'],
  ['us-east1/crds', 'kubectl *us-east1/kubeconfig wait *'],
  ['europe-west1/services', 'kubectl *--kustomize=.deploy/dev/europe-west1/services'],
  ['europe-west1/authority', 'kubectl *get secret lifeverse-ca *'],
  ['us-east1/game-servers', 'kubectl *--kustomize=.deploy/dev/us-east1/game-servers'],
  ['europe-west1/services-available', 'kubectl *get deployments*'],
  ['smoke', 'kubectl *create token*'],
];
/** Looked at before the question too: the failure has to come in the step. */
const AFTER: Readonly<Record<string, string>> = { quotas: 'apis' };

describe('deploy: a deployment that fails', function () {
  this.timeout(300_000);
  let it_: DeploymentUnderTest;
  beforeEach(async () => {
    it_ = await DeploymentUnderTest.open();
  });
  afterEach(() => it_.close());

  it('says at every step where to look, does nothing after it, and goes on from there when it is run again', async () => {
    for (const [nth, [step, call]] of FAILURES.entries()) {
      const only = { on: call, exits: 9, complains: `the fault of ${step}` };
      await it_.cloud.answer([...(AFTER[step] === undefined ? [only] : [{ ...only, when: AFTER[step] }]), ...CLOUD]);
      if (step === 'quotas') await it_.cloud.unmake('apis');
      const end = await it_.deploy();
      assert.equal(end.code, undefined, end.said);
      assert.match(
        end.said,
        new RegExp(
          `The step ${step} failed: [\\s\\S]*the fault of ${step}[\\s\\S]*\nLook at: .+\\.\n.*To go on from there: make deploy-cluster ENV=dev$`,
        ),
      );
      const later = FAILURES.slice(nth + 1).filter(([, one]) => /apply|add|main\.ts|create /.test(one));
      const done = (await it_.cloud.calls()).join('\n');
      for (const [name, one] of later) assert.doesNotMatch(done, pattern(one), `${name} after ${step}`);
    }
    await it_.cloud.answer(CLOUD);
    await it_.cloud.forgetCalls();
    const end = await it_.deploy();
    assert.equal(end.code, 0, end.said);
    assert.match(end.said, /state-bucket: .*\n {2}is so already/);
    const done = (await it_.cloud.calls()).join('\n');
    for (const once of [/buckets create/, /versions add/, /deploy\/images/]) assert.doesNotMatch(done, once);
  });

  it('tells what the usual faults mean', async () => {
    const complains = 'Error: Error acquiring the state lock\nID: 1234';
    await it_.cloud.answer([{ on: 'terraform -chdir=terraform/cluster apply *', exits: 1, complains }, ...CLOUD]);
    assert.match((await it_.deploy()).said, /Often: someone else is deploying, .*force-unlock/);
  });

  it('waits no longer than it says, and tells what it saw last', async () => {
    const fleets = '{"items":[{"metadata":{"name":"duel"},"spec":{"replicas":2},"status":{"replicas":2,"readyReplicas":1}}]}';
    await it_.cloud.answer([{ on: 'kubectl *us-east1/kubeconfig get fleets*', says: fleets }, ...CLOUD]);
    const { said } = await it_.deploy();
    assert.match(said, /us-east1\/fleets-ready failed: not so after 25 minutes; last seen: duel 1\/2/);
    assert.match(said, / {2}0 s: duel 1\/2\n {2}60 s: duel 1\/2\n/);
  });

  it('waits through names that do not resolve and certificates that are not there yet', async () => {
    let looks = 0;
    const answersHttps = async () => {
      if (++looks < 20) throw new Error('self-signed certificate');
    };
    const { code, said } = await it_.deploy({ YES: '1' }, { answersHttps });
    assert.equal(code, 0, said);
    assert.match(said, /allocator\.dev\.example\.com: self-signed certificate/);
    const never = await it_.deploy({ YES: '1' }, { ...inStrides(5), addressesOf: async () => ['198.51.100.1'] });
    assert.match(never.said, /step hosts failed: .*is 198\.51\.100\.1 and not yet 203\.0\.113\.7/);
  });

  it('says at the first look why the fleets do not come up, and what that often means when it gives up', async () => {
    const fleets = '{"items":[{"metadata":{"name":"duel"},"spec":{"replicas":2},"status":{"replicas":2}}]}';
    const waiting = (reason: string) => ({ name: 'game-server', image: 'lifeverse.invalid/unreal-server', state: { waiting: { reason } } });
    const unscheduled = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: '0/3 nodes are available: 3 Insufficient cpu.',
    };
    const pods = [
      { status: { containerStatuses: [waiting('ImagePullBackOff')] } },
      { status: { containerStatuses: [waiting('ImagePullBackOff')] } },
      { status: { containerStatuses: [waiting('ContainerCreating')], conditions: [{ type: 'PodScheduled', status: 'True' }] } },
      { status: { conditions: [unscheduled] } },
      {},
    ];
    await it_.cloud.answer([
      { on: 'kubectl *us-east1/kubeconfig get fleets*', says: fleets },
      { on: 'kubectl *us-east1/kubeconfig get pods *', says: JSON.stringify({ items: pods }) },
      ...CLOUD,
    ]);
    const { said } = await it_.deploy({ YES: '1' }, inStrides(10));
    const told =
      '2 pods: ImagePullBackOff of lifeverse\\.invalid/unreal-server\\n +1 pod: no node for it: 0/3 nodes are available: 3 Insufficient cpu\\.';
    assert.match(said, new RegExp(` {2}0 s: duel 0/2\\n {6}${told}\\n`));
    assert.match(said, new RegExp(`fleets-ready failed: .*\\n {2}${told}\\nOften: the nodes cannot pull`));
  });

  it('says right after the infrastructure that the domain is not delegated, and goes on meanwhile', async () => {
    const { said } = await it_.deploy({ YES: '1' }, { nameServersOf: async () => ['ns1.registrar.example'] });
    const told = 'dev.example.com is delegated to ns1.registrar.example; it has to be ns-cloud-a1';
    assert.match(said, new RegExp(`outputs: .*\\n {2}Do it now, the rest goes on meanwhile: ${told}`));
    assert.match(said, new RegExp(`delegation: .*\\n {2}0 s: ${told}`));
    assert.match(said, /step delegation failed: not so after 15 minutes/);
  });

  it('says at the first look why there is no certificate, and again when it gives up', async () => {
    const attempt = { domain: 'saves.dev.example.com', state: 'FAILED', failureReason: 'CAA', details: '' };
    const certificates = Object.values(OUTPUTS.api_hosts).map((host) =>
      certificateOf(host, host === attempt.domain ? { state: 'PROVISIONING', authorizationAttemptInfo: [attempt] } : { state: 'ACTIVE' }),
    );
    await it_.cloud.answer([{ on: 'gcloud certificate-manager certificates list *', says: JSON.stringify(certificates) }, ...CLOUD]);
    const answersHttps = async (host: string) => {
      if (host === attempt.domain) throw new Error('unrecognized name');
    };
    const { said } = await it_.deploy({ YES: '1' }, { ...inStrides(20), answersHttps });
    const why = 'the certificate of saves\\.dev\\.example\\.com is PROVISIONING; FAILED by CAA: a CAA record of the domain';
    assert.match(said, new RegExp(` {2}0 s: saves\\S+: unrecognized name\\n {6}${why}`));
    assert.match(said, new RegExp(`step https failed: not so after 60 minutes; .*\\n {2}${why}`));
  });

  it('waits on when it cannot see why', async () => {
    await it_.cloud.answer([{ on: 'gcloud certificate-manager *', exits: 1, complains: 'ERROR: PERMISSION_DENIED' }, ...CLOUD]);
    let looks = 0;
    const answersHttps = async () => {
      if (++looks < 5) throw new Error('self-signed certificate');
    };
    const { code, said } = await it_.deploy({ YES: '1' }, { answersHttps });
    assert.equal(code, 0, said);
    assert.match(said, /certificates list does not tell: ERROR: PERMISSION_DENIED/);
    assert.doesNotMatch(said, /has no certificate/);
  });

  it('does not take away what was not told of when it was agreed to', async () => {
    const removing = (address: string) => JSON.stringify({ resource_changes: [{ address, change: { actions: ['delete', 'create'] } }] });
    // The first look is the one that is agreed to; then somebody changes something.
    const first = { on: 'terraform *show *', when: '!seen', makes: 'seen', says: removing('google_dns_managed_zone.this') };
    await it_.cloud.answer([first, { on: 'terraform *show *', says: removing('google_container_cluster.this') }, ...CLOUD]);
    const { code, said } = await it_.deploy();
    assert.equal(code, undefined);
    assert.match(said, /takes away {2}google_dns_managed_zone\.this/);
    assert.match(said, /would now take away what it would not when you agreed:\n {2}google_container_cluster\.this/);
    assert.ok(!it_.cloud.has('infrastructure'));
  });

  it('stops where terraform/ and fleets/ speak of other regions', async () => {
    await it_.write('fleets/overlays/dev/regions/asia-east1/game-servers/kustomization.yaml', '');
    assert.match(
      (await it_.deploy()).said,
      /step outputs failed: the regions of terraform\/ and fleets\/ differ:\n {2}asia-east1 has a folder of manifests and no cluster/,
    );
  });

  it('ends its session and tells the decision trace when no game server is reached', async () => {
    const closed = async (): Promise<never> => {
      throw new Error('203.0.113.9:7001 takes no packets');
    };
    for (const [knock, told] of [
      [closed, /takes no packets/],
      [async () => 'silent' as const, /nothing comes back from 203\.0\.113\.9:7001/],
    ] as const) {
      it_.asked.length = 0;
      const { said } = await it_.deploy({ YES: '1' }, { knock });
      assert.match(said, told);
      assert.match(said, /decision trace/);
      assert.match(it_.asked.at(-1) ?? '', /^DELETE /);
      assert.match((await it_.cloud.calls()).at(-1) ?? '', /delete pod smoke/);
    }
  });

  it('ends at once by Ctrl-C whatever runs, begins nothing more, and goes on from there', async () => {
    for (const call of [
      'gcloud services enable *',
      'node deploy/images/main.ts',
      'kubectl *us-east1/kubeconfig apply *',
      'kubectl *create token *',
    ]) {
      const does = ': > $MADE/begun; exec sleep 60';
      await it_.cloud.unmake('begun');
      await it_.cloud.answer([{ on: call, does }, ...CLOUD]);
      const again = it_.afresh();
      const running = again.deploy();
      await waitUntil(() => it_.cloud.has('begun'), { what: call, deadlineMs: 180_000, signal: new AbortController().signal });
      const before = (await it_.cloud.calls()).length;
      again.interrupt();
      const { code, said } = await running;
      assert.equal(code, undefined);
      assert.match(said, /interrupted$/);
      assert.equal((await it_.cloud.calls()).length, before, call);
    }
    await it_.cloud.answer(CLOUD);
    const end = await it_.deploy();
    assert.equal(end.code, 0, end.said);
  });

  it('ends at once by Ctrl-C while it waits', async () => {
    const sleep = async (): Promise<void> => {
      it_.interrupt();
      throw new Error('interrupted');
    };
    const answersHttps = async () => {
      throw new Error('not yet');
    };
    const { code, said } = await it_.deploy({ YES: '1' }, { sleep, answersHttps });
    assert.equal(code, undefined);
    assert.match(said, /https: [\s\S]*not yet[\s\S]*\ninterrupted$/);
    assert.deepEqual(it_.asked, []);
  });

  for (const [what, call, complains, advice] of [
    ['init', 'terraform *init *', 'Error: Failed to query available provider packages', 'Terraform cannot reach its provider registry'],
    ['plan', 'terraform *plan *', "Error: Error 403: Required 'compute.networks.create' permission", 'lacks a role'],
  ] as const) {
    it(`changes nothing when Terraform’s ${what} fails, and says what is known of the fault`, async () => {
      await it_.cloud.answer([{ on: call, exits: 1, complains }, ...CLOUD]);
      await it_.write('terraform/environments/dev/COST.txt', 'dev, a quiet month: about 380');
      for (const [env, code] of [
        [{ YES: '1' }, 1],
        [{ PLAN: '1' }, 0],
      ] as const) {
        const end = await it_.deploy(env);
        assert.equal(end.code, code, end.said);
        assert.match(end.said, /default settings:\n {2}dev, a quiet month: about 380/);
        assert.match(end.said, new RegExp(`1\\. plan of Terraform: [\\s\\S]*${complains.slice(7, 20)}[\\s\\S]*\\n +→ .*${advice}`));
        assert.match(end.said, /\. Place one real session/);
      }
      assert.ok(!it_.cloud.has('apis'));
    });
  }

  it('takes no offence at the silence of a server whose protocol is not the sample’s', async () => {
    const own = CLOUD.map((rule) =>
      rule.says?.includes('sample-server@') === true ? { ...rule, says: rule.says.replace('sample-server@', 'unreal-server@') } : rule,
    );
    await it_.cloud.answer(own);
    const end = await it_.deploy({ YES: '1' }, { knock: async () => 'silent' });
    assert.equal(end.code, 0, end.said);
    assert.match(end.said, /its game port is silent to a hello of the sample server/);
  });

  it('has Terraform give its lock back on Ctrl-C, with one signal, and begins nothing more', async () => {
    const does = 'trap ": > $MADE/lock-back; exit 1" TERM; : > $MADE/begun; while [ -e $MADE ]; do sleep 0.05; done';
    await it_.cloud.answer([{ on: 'terraform -chdir=terraform/environments/dev apply *', does }, ...CLOUD]);
    const running = it_.deploy();
    await waitUntil(() => it_.cloud.has('begun'), {
      what: 'terraform apply has begun',
      deadlineMs: 180_000,
      signal: new AbortController().signal,
    });
    const before = (await it_.cloud.calls()).length;
    it_.interrupt();
    const { code, said } = await running;
    assert.equal(code, undefined);
    assert.match(said, /interrupted$/);
    assert.ok(it_.cloud.has('lock-back'));
    assert.equal((await it_.cloud.calls()).length, before);
  });
});

/** A shell pattern as a regular expression. */
function pattern(glob: string): RegExp {
  return new RegExp(glob.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*'));
}
