import assert from 'node:assert/strict';
import { readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { DEPLOYED_IMAGES } from '../../../deploy/cluster/built-images.ts';
import { AUTHORITY, CLOUD, DeploymentUnderTest, imageOf, OUTPUTS, type Ended } from './deployment-under-test.ts';

/** Calls that change something, by their first words. */
const CHANGES =
  /^(gcloud (services enable|storage buckets (create|update)|secrets versions add)|terraform .* (apply|destroy) |kubectl .* (apply|delete) |node )/;

describe('deploy: make deploy-cluster', function () {
  this.timeout(300_000);
  let it_: DeploymentUnderTest;
  beforeEach(async () => {
    it_ = await DeploymentUnderTest.open();
  });
  afterEach(() => it_.close());

  const changes = async (): Promise<string[]> => (await it_.cloud.calls()).filter((call) => CHANGES.test(call));
  const ended = (end: Ended, code: number): void => assert.equal(end.code, code, end.said);

  describe('looks at everything first', () => {
    it('lists all that is missing at once, with how to get it, and ends well where only a plan is asked for', async () => {
      await it_.cloud.answer([], []);
      const end = await it_.deploy({ PLAN: '1' });
      ended(end, 0);
      for (const tool of ['gcloud', 'gke-gcloud-auth-plugin', 'terraform', 'kubectl', 'helm'])
        assert.match(end.said, new RegExp(`\\d+\\. ${tool}: is not on the PATH\n +→ `));
      assert.match(end.said, /Looked at when these are there: .*project.*quotas in europe-west1/);
      assert.match(end.said, /1\. Enable the 7 APIs[\s\S]*Place one real session/);
      assert.match(end.said, /This was only the plan/);
    });

    it('stops before anything is changed when something is missing', async () => {
      await it_.write('terraform/environments/dev/dev.tfvars', 'project_id = "studio-dev-1"\ndomian = "dev.example.com"\n');
      await it_.write('deploy/pins.json', '{}');
      const end = await it_.deploy();
      ended(end, 1);
      assert.match(end.said, /domain is not set; domian is no variable of/);
      assert.match(end.said, /no version is resolved of agones, cert-manager, external-secrets/);
      assert.match(end.said, /pins of base images: no digest is resolved of docker\.io\/library\/node:\S+, .*busybox\S+\n +→ make pins/);
      assert.deepEqual(await changes(), []);
    });

    it('sends no player to UDP proxies that Terraform has no address for, and wants the program of those that it has', async () => {
      await it_.write('deploy/cluster/placement.yaml', 'dev: { us-east1: { udpEdge: true } }\n');
      const without = await it_.deploy({ PLAN: '1' });
      assert.match(without.said, /sends players of us-east1 through UDP proxies, and .*dev\.tfvars does not set quilkin = true/);
      await it_.write('terraform/environments/dev/dev.tfvars', 'project_id = "studio-dev-1"\ndomain = "dev.example.com"\nquilkin = true\n');
      assert.match((await it_.deploy({ PLAN: '1' })).said, /Quilkin’s program is not named\n +→ QUILKIN=…\/quilkin: make quilkin/);
      assert.deepEqual(await changes(), []);
    });

    for (const [what, rule, told] of [
      ['an old tool', { on: 'helm version *', says: 'v3.1.0' }, /helm: is 3\.1\.0, and 3\.14\.0 is needed/],
      ['nobody logged in', { on: 'gcloud auth list *', says: '' }, /login of gcloud: nobody is logged in\n +→ gcloud auth login/],
      [
        'no login for Terraform',
        { on: 'gcloud auth application-default *', complains: 'no credentials', exits: 1 },
        /application default login: .*no credentials/,
      ],
      [
        'a project that is not there',
        { on: 'gcloud projects describe *', complains: 'ERROR: no permission', exits: 1 },
        /project: studio-dev-1 cannot be seen/,
      ],
      [
        'a project on its way out',
        { on: 'gcloud projects describe *', says: '{"projectId":"x","lifecycleState":"DELETE_REQUESTED"}' },
        /is DELETE_REQUESTED/,
      ],
      [
        'no billing',
        { on: 'gcloud billing *', says: '{"billingEnabled":false}' },
        /billing: studio-dev-1 has no billing account\n +→ gcloud billing projects link/,
      ],
      [
        'a quota that is too small',
        { on: 'gcloud compute regions describe us-east1 *', says: '{"quotas":[{"metric":"CPUS","limit":8,"usage":0}]}' },
        /quotas in us-east1: CPUS is 8 and \d+ are needed/,
      ],
      [
        'a bucket of another’s',
        { on: 'gcloud storage buckets describe *', complains: 'ERROR: 403 forbidden', exits: 1 },
        /state bucket: .*403/,
      ],
      [
        'no builder of images',
        { on: 'buildah *', exits: 1 },
        /docker, podman or buildah: none builds images here: buildx: .*podman: is not on the PATH/,
      ],
      [
        'values that are no Terraform',
        {
          on: 'terraform fmt *',
          exits: 2,
          complains: '╷\n│ Error: Invalid multi-line string\n│ \n│   on ../dev.tfvars line 3:\n│    3: domain = "x\n',
        },
        /grammar of the values: terraform\/environments\/dev\/dev\.tfvars: line 3: Invalid multi-line string\n +→ edit/,
      ],
      [
        'no git',
        { on: 'git -C *', exits: 128, complains: 'fatal: not a git repository' },
        /commit: git does not tell: fatal: not a git repository/,
      ],
    ] as const) {
      it(`stops at ${what}`, async () => {
        await it_.cloud.answer([rule, ...CLOUD]);
        const end = await it_.deploy();
        ended(end, 1);
        assert.match(end.said, told);
        assert.deepEqual(await changes(), []);
      });
    }

    it('asks for the keys of Atlas where the environment has a database there', async () => {
      await it_.write('terraform/environments/dev/mongo.tf', 'variable "mongodbatlas_org_id" {\n  default = ""\n}\n');
      assert.match(
        (await it_.deploy({ PLAN: '1' })).said,
        /keys of Atlas: neither MONGODB_ATLAS_PUBLIC_KEY and MONGODB_ATLAS_PRIVATE_KEY nor/,
      );
      it_.env = { MONGODB_ATLAS_PUBLIC_KEY: 'a', MONGODB_ATLAS_PRIVATE_KEY: 'very-private' };
      const { said } = await it_.deploy({ PLAN: '1' });
      assert.match(said, /Nothing is missing/);
      assert.doesNotMatch(said, /very-private/);
    });

    it('counts by Terraform’s plan what of the quotas is needed, and stops before it asks', async () => {
      const pool = {
        location: 'us-east1',
        node_locations: ['b', 'c'],
        autoscaling: [{ max_node_count: 50 }],
        node_config: [{ machine_type: 'c3d-standard-8' }],
        network_config: [{ enable_private_nodes: false }],
      };
      const resource_changes = [{ address: 'pool', type: 'google_container_node_pool', change: { actions: ['no-op'], after: pool } }];
      const limits = [
        { metric: 'C3D_CPUS', limit: 799, usage: 0 },
        { metric: 'IN_USE_ADDRESSES', limit: 100, usage: 0 },
        { metric: 'CPUS', limit: 10_000, usage: 0 },
      ];
      await it_.cloud.answer([
        { on: 'terraform *show *', says: JSON.stringify({ resource_changes }) },
        { on: 'gcloud compute regions describe us-east1 *', says: JSON.stringify({ quotas: limits }) },
        ...CLOUD,
      ]);
      const end = await it_.deploy();
      ended(end, 1);
      assert.match(end.said, /quotas in us-east1: C3D_CPUS is 799 and 800 are needed\n/);
      assert.deepEqual(await changes(), []);
    });

    it('lists files that it cannot read among what is missing, each with what is wrong', async () => {
      await it_.write('deploy/pins.json', '{"charts": }');
      await it_.write('deploy/cluster/placement.yaml', 'dev: { us-east1: { drian: true } }');
      const end = await it_.deploy({ PLAN: '1' });
      ended(end, 0);
      assert.match(
        end.said,
        /\d\. files: deploy\/cluster\/placement\.yaml: .*drian[\s\S]*deploy\/pins\.json: is not JSON[\s\S]*→ mend them/,
      );
      await it_.write('deploy/cluster/placement.yaml', 'dev: {');
      assert.match((await it_.deploy({ PLAN: '1' })).said, /files: deploy\/cluster\/placement\.yaml: /);
    });

    it('takes no word without quotes for a project', async () => {
      await it_.write('terraform/environments/dev/dev.tfvars', 'project_id = studio-dev-1\ndomain = "dev.example.com"\n');
      assert.match((await it_.deploy()).said, /project_id is not a plain string/);
    });

    it('asks for no pin of a base that is named by its digest, and refuses one that is no name', async () => {
      await it_.write('deploy/pins.json', '{}');
      const byDigest = `mirror.example/base@sha256:${'ab'.repeat(32)}`;
      it_.env = { NODE_IMAGE: byDigest, CPP_IMAGE: byDigest, RUNTIME_IMAGE: byDigest, SHELL_IMAGE: byDigest };
      assert.match((await it_.deploy({ PLAN: '1' })).said, /ok +pins of base images +each by its digest/);
      it_.env = { NODE_IMAGE: 'node' };
      assert.match((await it_.deploy({ PLAN: '1' })).said, /NODE_IMAGE: is REGISTRY\/PATH:TAG/);
    });

    it('shows the root’s own note of what its defaults cost where Terraform cannot plan, and the plan’s where it can', async () => {
      await it_.write('terraform/environments/dev/COST.txt', 'dev, a quiet month: about 380\n    73  GKE\n');
      const { said } = await it_.deploy();
      assert.match(said, /\nCost:\n {2}about 400 EUR/);
      assert.doesNotMatch(said, /default settings/);
      await it_.cloud.answer([], []);
      const without = (await it_.deploy({ PLAN: '1' })).said;
      assert.match(without, /Cost, for the environment’s default settings:\n {2}dev, a quiet month: about 380\n {6}73 {2}GKE\n/);
    });

    it('refuses pins that are too old', async () => {
      await it_.write(
        'deploy/pins.json',
        '{"charts":{"agones":{"repository":"https://a.example","version":"1.61.0"},"cert-manager":{"repository":"https://a.example","version":"v1.19.0"},"external-secrets":{"repository":"https://a.example","version":"1.0.0"}}}',
      );
      assert.match((await it_.deploy()).said, /agones 1\.61\.0 is older than 1\.62\.0/);
    });
  });

  describe('asks once', () => {
    it('does nothing without a terminal and without YES, and says what to say', async () => {
      const end = await it_.deploy({});
      ended(end, 1);
      assert.match(end.said, /Cost:\n {2}about 400 EUR a month/);
      assert.match(end.said, /there is no terminal to ask at.*make deploy-cluster ENV=dev YES=1/);
      assert.deepEqual(await changes(), []);
    });

    it('does nothing for any answer but yes', async () => {
      const questions: string[] = [];
      const ask = async (question: string) => (questions.push(question), 'y');
      ended(await it_.deploy({}, { ask }), 1);
      assert.equal(questions.length, 1);
      assert.deepEqual(await changes(), []);
      ended(await it_.deploy({}, { ask: async () => 'yes' }), 0);
    });

    it('only plans with PLAN=1, whatever else is said', async () => {
      ended(await it_.deploy({ PLAN: '1', YES: '1' }), 0);
      assert.deepEqual(await changes(), []);
    });
  });

  it('goes from an empty project to a session that was played, in an order that holds', async () => {
    const end = await it_.deploy();
    ended(end, 0);
    const apply = (region: string): string =>
      `kubectl --kubeconfig=.deploy/dev/${region}/kubeconfig apply --server-side --field-manager=lifeverse-deploy`;
    const order = [
      'gcloud services enable',
      'gcloud storage buckets create',
      'gcloud storage buckets update',
      'terraform -chdir=terraform/environments/dev apply',
      'gcloud secrets versions add lifeverse-dev-accounts-secret',
      'gcloud secrets versions add lifeverse-dev-allocator-key-secret',
      'node deploy/images/main.ts',
      'terraform -chdir=terraform/cluster apply',
      'terraform -chdir=terraform/cluster apply',
      `${apply('europe-west1')} --kustomize=.deploy/dev/europe-west1/services`,
      `${apply('europe-west1')} --kustomize=.deploy/dev/europe-west1/game-servers`,
      `${apply('us-east1')} --kustomize=.deploy/dev/us-east1/game-servers`,
      `${apply('europe-west1')} --force-conflicts --filename=-`,
      'kubectl --kubeconfig=.deploy/dev/europe-west1/kubeconfig delete pod smoke',
    ];
    const done = await changes();
    assert.equal(done.length, order.length, done.join('\n'));
    order.forEach((begin, nth) => assert.ok(done[nth]?.startsWith(begin), `${begin}\n${done[nth] ?? ''}`));
    assert.match(end.said, /ready after .*203\.0\.113\.9:7001[\s\S]*game port answers[\s\S]*ended/);
    assert.match(end.said, /What comes next/);
    assert.deepEqual(
      it_.asked.map((line) => line.split('/v1')[0]),
      ['POST https://allocator.dev.example.com', 'DELETE https://allocator.dev.example.com'],
    );
    assert.ok(it_.asked.every((line) => line.endsWith('Bearer smoke-token')));
  });

  it('asks for the map that the matchmaker asks that fleet for', async () => {
    const modes = { quick: { fleet: 'sample-duel', map: 'harbour', players: 2 }, other: { fleet: 'other', map: 'x' } };
    await it_.write('fleets/base/services/match-modes.json', JSON.stringify(modes));
    ended(await it_.deploy(), 0);
    assert.deepEqual(it_.maps, ['harbour']);
  });

  it('does nothing twice when it is run again', async () => {
    ended(await it_.deploy(), 0);
    const before = await it_.cloud.kept('accounts-secret');
    await it_.cloud.forgetCalls();
    ended(await it_.deploy(), 0);
    const again = await changes();
    for (const once of ['buckets create', 'secrets versions add', 'deploy/images/main.ts'])
      assert.deepEqual(
        again.filter((call) => call.includes(once)),
        [],
        once,
      );
    assert.equal(await it_.cloud.kept('accounts-secret'), before);
  });

  it('makes no second secret because it could not see whether there is one', async () => {
    ended(await it_.deploy(), 0);
    const before = await it_.cloud.kept('accounts-secret');
    await it_.cloud.forgetCalls();
    await it_.cloud.answer([{ on: 'gcloud secrets versions list *', exits: 1, complains: 'ERROR: the network is away' }, ...CLOUD]);
    assert.match((await it_.deploy()).said, /step secret\/accounts-secret failed: [\s\S]*the network is away/);
    assert.deepEqual(
      (await changes()).filter((call) => call.includes('versions add')),
      [],
    );
    assert.equal(await it_.cloud.kept('accounts-secret'), before);
  });

  it('builds those images that the registry lacks, also after a push that broke off, and uses what it has from another machine', async () => {
    const half = DEPLOYED_IMAGES.slice(0, 2).map((name) => imageOf(name));
    await it_.cloud.answer([{ on: 'gcloud artifacts docker images list *', when: '!images', says: JSON.stringify(half) }, ...CLOUD]);
    ended(await it_.deploy(), 0);
    assert.equal(await it_.cloud.kept('only'), DEPLOYED_IMAGES.slice(2).join(','));
    await it_.cloud.forgetCalls();
    await rm(path.join(it_.tree, '.deploy'), { recursive: true });
    const { said } = await it_.deploy();
    assert.match(said, /images: .*\n {2}abc1234 of each is in the registry already/);
    assert.ok(!(await changes()).includes('node deploy/images/main.ts'));
  });

  it('takes no image of another tag for that of this commit, and stops where a push left nothing', async () => {
    const others = DEPLOYED_IMAGES.map((name) => imageOf(name, 'abc12345'));
    await it_.cloud.answer([{ on: 'gcloud artifacts docker images list *', says: JSON.stringify(others) }, ...CLOUD]);
    assert.match((await it_.deploy()).said, /step images failed: .* has no abc1234 of accounts, .* after they were pushed/);
  });

  it('builds from a commit, or from a changed tree under a name of its own', async () => {
    await it_.cloud.answer([{ on: 'git -C * status *', says: ' M saves/main.ts\n?? deploy/pins.json' }, ...CLOUD]);
    const end = await it_.deploy();
    ended(end, 1);
    assert.match(
      end.said,
      /commit: the tree has changes that abc1234 has not: saves\/main\.ts, deploy\/pins\.json\n +→ commit them, or name/,
    );
    const named = await it_.deploy({ PLAN: '1', TAG: 'try-7' });
    assert.match(named.said, /Nothing is missing/);
    assert.match(named.said, /ok +commit +images are try-7, of a changed tree/);
  });

  it('keeps secrets off the screen, the calls and the disk', async () => {
    const end = await it_.deploy();
    const secret = (await it_.cloud.kept('accounts-secret')).trim();
    assert.equal(Buffer.from(secret, 'base64').length, 32);
    const calls = (await it_.cloud.calls()).join('\n');
    for (const [name, value] of [
      ['secret', secret],
      ['token', 'smoke-token'],
      ['login', 'ya29.secret-token'],
    ] as const) {
      assert.ok(!end.said.includes(value), name);
      assert.ok(!calls.includes(value), name);
    }
    const folder = path.join(it_.tree, '.deploy/dev/europe-west1');
    assert.equal((await stat(folder)).mode & 0o077, 0);
    assert.equal((await stat(path.join(folder, 'kubeconfig'))).mode & 0o077, 0);
  });

  it('writes what only this deployment knows on top of the committed manifests', async () => {
    await it_.deploy();
    const read = (file: string) => readFile(path.join(it_.tree, '.deploy/dev', file), 'utf8');
    assert.match(await read('europe-west1/services/clusters.yaml'), /endpoint: https:\/\/gke-us-east1\.us-east1\.gke\.goog/);
    assert.match(
      await read('us-east1/game-servers/kustomization.yaml'),
      /newName: europe-west1-docker\.pkg\.dev\/studio-dev-1\/lifeverse\/sample-server\n +digest: sha256:abab/,
    );
    assert.match(
      await read('us-east1/game-servers/kustomization.yaml'),
      new RegExp(`ALLOCATOR_URL=https://${OUTPUTS.api_hosts.allocator}`),
    );
    assert.match(await read('europe-west1/game-servers/kustomization.yaml'), new RegExp(`AUTOSCALER_CA=${AUTHORITY}`));
  });

  for (const [what, regions] of [
    ['', {}],
    [', also when it alone is deployed', { REGIONS: 'us-east1' }],
  ] as const)
    it(`has a region without services believe the authority of those that it asks${what}`, async () => {
      await it_.deploy({ YES: '1', ...regions });
      const written = await readFile(path.join(it_.tree, '.deploy/dev/us-east1/game-servers/kustomization.yaml'), 'utf8');
      const asked = /AUTOSCALER_CA=(\S+)/.exec(written)?.[1] ?? '';
      const decoded = (text: string) => Buffer.from(text, 'base64').toString('utf8').trim();
      assert.equal(decoded(asked), decoded(AUTHORITY));
    });
});
