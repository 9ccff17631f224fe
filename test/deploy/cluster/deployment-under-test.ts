/** A tree, a cloud of scripts, and hands that wait for nothing: a deployment that can be run again and again within a second. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import type { Send } from '../../../contracts/client.ts';
import { readRequest } from '../../../deploy/cluster/request.ts';
import { deployCluster } from '../../../deploy/cluster/deploy-cluster.ts';
import type { Hands } from '../../../deploy/cluster/doing/hands.ts';
import { BASES } from '../../../deploy/images/image-table.ts';
import { destroyCluster } from '../../../deploy/cluster/destroy-cluster.ts';
import { DEPLOYED_IMAGES } from '../../../deploy/cluster/built-images.ts';
import { KINDS } from '../../../deploy/cluster/leftovers/compute-thing.ts';
import { FakeCloud, type Rule } from './fake-cloud.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
export const NAME_SERVERS = ['ns-cloud-a1.googledomains.com.', 'ns-cloud-a2.googledomains.com.'];
export const EDGE = '203.0.113.7';
export const AUTHORITY = 'TFMwdENlcnQ=';
export const PROJECT = 'studio-dev-1';

const cluster = (region: string, services: boolean) => ({
  cluster_name: `lifeverse-dev-${region}`,
  endpoint: `https://gke-${region}.${region}.gke.goog`,
  ca: '',
  issuer: `https://container.googleapis.com/v1/projects/${PROJECT}/locations/${region}/clusters/lifeverse-dev-${region}`,
  services,
});

export const OUTPUTS = {
  project_id: PROJECT,
  environment: 'dev',
  registry: `europe-west1-docker.pkg.dev/${PROJECT}/lifeverse`,
  regions: { 'europe-west1': cluster('europe-west1', true), 'us-east1': cluster('us-east1', false) },
  game_ports: { min: 7000, max: 7100 },
  domain: 'dev.example.com',
  api_hosts: {
    allocator: 'allocator.dev.example.com',
    accounts: 'accounts.dev.example.com',
    matchmaker: 'matchmaker.dev.example.com',
    saves: 'saves.dev.example.com',
  },
  edge_ip: EDGE,
  dns_name_servers: NAME_SERVERS,
  cost_note: 'about 400 EUR a month, without traffic',
  secret_names: {},
};

const HOSTS = Object.values(OUTPUTS.api_hosts);
/** As Certificate Manager lists them. */
export const authorizationOf = (domain: string) => ({
  domain,
  dnsResourceRecord: {
    name: `_acme-challenge.${domain}.`,
    type: 'CNAME',
    data: `_acme-challenge.${domain}.authorize.certificatemanager.goog.`,
  },
});
export const certificateOf = (host: string, managed: object) => ({
  name: `certificates/${host}`,
  managed: { domains: [host], ...managed },
});

/** As gcloud lists what is in a registry. */
export const imageOf = (name: string, tag = 'abc1234') => ({ package: `${OUTPUTS.registry}/${name}`, version: DIGEST, tags: [tag] });

/** As gcloud lists clusters. */
export const listed = (...regions: readonly string[]): string =>
  JSON.stringify(
    regions.map((region) => ({
      name: `lifeverse-dev-${region}`,
      location: region,
      controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint: `gke-${region}.${region}.gke.goog` } },
    })),
  );
/** Of a cluster that stands alone. */
export const KINDS_THERE = ['fleets.agones.dev', 'gateways.gateway.networking.k8s.io'];
const LISTS = KINDS.map(({ collection }) => collection);

const printed = JSON.stringify(Object.fromEntries(Object.entries(OUTPUTS).map(([name, value]) => [name, { value }])));
const tfPlan = (...removes: string[]): string =>
  JSON.stringify({
    resource_changes: [
      { address: 'module.network.google_compute_network.this', change: { actions: ['create'] } },
      ...removes.map((address) => ({ address, change: { actions: ['delete', 'create'] } })),
    ],
    planned_values: { outputs: { cost_note: { value: OUTPUTS.cost_note } } },
  });

const fleets = JSON.stringify({
  items: [
    {
      metadata: { name: 'sample-duel' },
      spec: {
        replicas: 2,
        template: {
          metadata: { labels: { 'lifeverse.dev/build': 'dev' } },
          spec: { template: { spec: { containers: [{ image: `eu.example/lifeverse/sample-server@${DIGEST}` }] } } },
        },
      },
      status: { replicas: 2, readyReplicas: 2, allocatedReplicas: 0 },
    },
  ],
});
const deployments = JSON.stringify({
  items: [
    {
      metadata: { name: 'allocator', generation: 2 },
      spec: { replicas: 2 },
      status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
    },
  ],
});
const externalSecrets = JSON.stringify({
  items: [{ metadata: { name: 'lifeverse-mongo' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }],
});
const quotas = JSON.stringify({
  quotas: ['CPUS', 'IN_USE_ADDRESSES', 'SSD_TOTAL_GB'].map((metric) => ({ metric, limit: 10_000, usage: 1 })),
});

/** What a person's machine has, logged in. */
const TOOLS: readonly Rule[] = [
  { on: 'gcloud version *', says: JSON.stringify({ 'Google Cloud SDK': '528.0.0' }) },
  { on: 'gke-gcloud-auth-plugin --version', says: 'Kubernetes v1.32.0' },
  { on: 'terraform version *', says: JSON.stringify({ terraform_version: '1.11.4' }) },
  { on: 'kubectl version *', says: JSON.stringify({ clientVersion: { gitVersion: 'v1.33.1' } }) },
  { on: 'helm version *', says: 'v3.18.0' },
  { on: 'buildah info' },
  { on: 'git rev-parse *', says: 'abc1234' },
  { on: 'git -C * status --porcelain' },
  { on: 'terraform fmt *' },
  { on: 'gcloud auth list *', says: 'ada@example.com' },
  { on: 'gcloud auth application-default *', says: 'ya29.secret-token' },
];

/** An empty project, which comes to have what is made in it. */
export const CLOUD: readonly Rule[] = [
  ...TOOLS,
  { on: 'gcloud projects describe *', says: JSON.stringify({ projectId: PROJECT, lifecycleState: 'ACTIVE' }) },
  { on: 'gcloud billing *', says: JSON.stringify({ billingEnabled: true, billingAccountName: 'billingAccounts/0' }) },
  { on: 'gcloud services list *', says: 'serviceusage.googleapis.com' },
  { on: 'gcloud services enable *', makes: 'apis' },
  { on: 'gcloud compute regions describe *', when: '!apis', complains: 'ERROR: API [compute] not enabled on project', exits: 1 },
  { on: 'gcloud compute regions describe *', says: quotas },
  { on: 'gcloud storage buckets describe *', when: '!bucket', complains: 'ERROR: 404 bucket not found', exits: 1 },
  { on: 'gcloud storage buckets describe *', says: 'True' },
  { on: 'gcloud storage buckets create *', makes: 'bucket' },
  { on: 'gcloud storage buckets update *', makes: 'versions' },
  { on: 'terraform *init *' },
  { on: 'terraform *plan *', says: 'Plan: 1 to add' },
  { on: 'terraform *show *', says: tfPlan() },
  { on: 'terraform -chdir=terraform/environments/dev apply *', makes: 'infrastructure' },
  { on: 'terraform *output *', when: 'outputs-gone', says: '{}' },
  { on: 'terraform *output *', when: '!infrastructure', says: '{}' },
  { on: 'terraform *output *', says: printed },
  { on: 'terraform -chdir=terraform/cluster apply *', makes: 'installed' },
  { on: 'terraform -chdir=terraform/cluster destroy *', makes: 'uninstalled' },
  { on: 'gcloud secrets versions list lifeverse-dev-accounts-secret *', when: 'accounts-secret', says: '1' },
  { on: 'gcloud secrets versions list lifeverse-dev-allocator-key-secret *', when: 'allocator-key-secret', says: '1' },
  { on: 'gcloud secrets versions list *', says: '' },
  { on: 'gcloud secrets versions add lifeverse-dev-accounts-secret *', keeps: 'accounts-secret' },
  { on: 'gcloud secrets versions add lifeverse-dev-allocator-key-secret *', keeps: 'allocator-key-secret' },
  { on: 'gcloud auth configure-docker *' },
  { on: 'gcloud artifacts docker images list *', when: '!images', says: '[]' },
  { on: 'gcloud artifacts docker images list *', says: JSON.stringify(DEPLOYED_IMAGES.map((name) => imageOf(name))) },
  {
    on: 'node deploy/images/main.ts',
    makes: 'images',
    // What it was told to build.
    does: 'printf %s "$ONLY" > $MADE/only',
  },
  { on: 'kubectl *wait *' },
  { on: 'kubectl *apply *--filename=-', keeps: 'smoke-identity' },
  { on: 'kubectl *apply *' },
  { on: 'kubectl *get secret lifeverse-ca *', says: AUTHORITY },
  { on: 'kubectl *get fleets*', says: fleets },
  { on: 'kubectl *get deployments*', says: deployments },
  { on: 'kubectl *get pods *', says: '{"items":[]}' },
  { on: 'kubectl *get externalsecrets*', says: externalSecrets },
  { on: 'kubectl *create token *', says: 'smoke-token' },
  { on: 'kubectl *get customresourcedefinitions *', says: KINDS_THERE.join('\n') },
  { on: 'kubectl *delete *' },
  { on: 'terraform *state list *', when: '!infrastructure', complains: 'No state file was found!', exits: 1 },
  { on: 'terraform *state list *', says: 'module.environment.module.network.google_compute_network.this' },
  { on: 'gcloud container clusters list *', says: listed('europe-west1', 'us-east1') },
  ...LISTS.map((collection) => ({ on: `gcloud compute ${collection} list *`, says: '[]' })),
  { on: 'gcloud compute disks list *', says: '' },
  { on: 'gcloud certificate-manager dns-authorizations list *', says: JSON.stringify(HOSTS.map(authorizationOf)) },
  {
    on: 'gcloud certificate-manager certificates list *',
    says: JSON.stringify(HOSTS.map((host) => certificateOf(host, { state: 'ACTIVE' }))),
  },
];

/** A clock by which every wait takes minutes: what is looked at again and again is looked at a few times. */
export function inStrides(minutes: number): Pick<Hands, 'now' | 'sleep'> {
  let now = 0;
  return { now: () => now, sleep: async () => void (now += minutes * 60_000) };
}

export interface Ended {
  readonly code: number | undefined;
  /** What was said, and the words of a failure. */
  readonly said: string;
}

export class DeploymentUnderTest {
  readonly cloud: FakeCloud;
  readonly tree: string;
  /** What the allocator was asked: `POST /v1/allocations`. */
  readonly asked: string[] = [];
  /** The maps that it was asked for. */
  readonly maps: string[] = [];
  /** More of the person's environment. */
  env: Record<string, string> = {};
  readonly #abort = new AbortController();

  private constructor(cloud: FakeCloud, tree: string) {
    this.cloud = cloud;
    this.tree = tree;
  }

  static async open(): Promise<DeploymentUnderTest> {
    const cloud = await FakeCloud.open();
    const tree = await mkdtemp(path.join(tmpdir(), 'lifeverse-tree-'));
    const it = new DeploymentUnderTest(cloud, tree);
    await cloud.answer(CLOUD);
    for (const region of ['europe-west1/services', 'europe-west1/game-servers', 'us-east1/game-servers'])
      await mkdir(path.join(tree, 'fleets/overlays/dev/regions', region), { recursive: true });
    await it.write(
      'terraform/environments/dev/variables.tf',
      'variable "project_id" {}\nvariable "domain" {\n  type = string\n}\nvariable "labels" {\n  default = {}\n}\n',
    );
    await it.write('terraform/environments/dev/dev.tfvars', `project_id = "${PROJECT}"\ndomain = "dev.example.com" # of the studio\n`);
    await it.write('terraform/cluster/versions.tf', 'terraform {\n  required_version = ">= 1.9.0"\n}\n');
    const chart = (version: string) => ({ repository: 'https://charts.example', version });
    const charts = { agones: chart('1.62.0'), 'cert-manager': chart('v1.19.1'), 'external-secrets': chart('0.20.3') };
    await it.write(
      'deploy/pins.json',
      JSON.stringify({ charts, images: Object.fromEntries(Object.values(BASES).map((name) => [name, DIGEST])) }),
    );
    return it;
  }

  async write(file: string, content: string): Promise<void> {
    await mkdir(path.dirname(path.join(this.tree, file)), { recursive: true });
    await writeFile(path.join(this.tree, file), content);
  }

  interrupt(): void {
    this.#abort.abort(new Error('interrupted'));
  }

  /** As when the command is started anew in the same tree and cloud. */
  afresh(): DeploymentUnderTest {
    return new DeploymentUnderTest(this.cloud, this.tree);
  }

  deploy(env: Record<string, string> = { YES: '1' }, hands: Partial<Hands> = {}): Promise<Ended> {
    return this.#run((given) => deployCluster(readRequest({ ENV: 'dev', ...env }), given), hands);
  }

  destroy(env: Record<string, string> = { YES: '1' }, hands: Partial<Hands> = {}): Promise<Ended> {
    return this.#run((given) => destroyCluster(readRequest({ ENV: 'dev', ...env }), given), hands);
  }

  async close(): Promise<void> {
    await this.cloud.close();
    await rm(this.tree, { recursive: true, force: true });
  }

  async #run(command: (hands: Hands) => Promise<number>, hands: Partial<Hands>): Promise<Ended> {
    const said: string[] = [];
    let now = 0;
    const own: Hands = {
      shop: { env: { ...this.cloud.env, ...this.env }, say: (line) => void said.push(line), signal: this.#abort.signal },
      tree: this.tree,
      now: () => now,
      sleep: async (ms) => void (now += ms),
      randomBytes: (bytes) => Buffer.alloc(bytes, 7),
      nameServersOf: async () => NAME_SERVERS,
      addressesOf: async () => [EDGE],
      aliasesOf: async (name) => [`${name}authorize.certificatemanager.goog.`],
      answersHttps: async () => {},
      send: this.#allocator(),
      knock: async () => 'answered',
      ask: undefined,
    };
    try {
      return { code: await command({ ...own, ...hands }), said: said.join('\n') };
    } catch (cause) {
      return { code: undefined, said: [...said, cause instanceof Error ? cause.message : String(cause)].join('\n') };
    }
  }

  /** An allocator that places at once. */
  #allocator(): Send {
    let body: z.infer<typeof Asked> | undefined;
    return async ({ method, url, body: text, headers }) => {
      this.asked.push(`${method} ${url} ${headers['authorization'] ?? ''}`);
      if (method === 'POST') {
        body = Asked.parse(JSON.parse(text ?? ''));
        this.maps.push(body.session.map);
      }
      const state = method === 'DELETE' ? 'ended' : 'ready';
      return {
        status: method === 'POST' ? 201 : 200,
        headers: {},
        body: JSON.stringify(body === undefined ? {} : allocation(body, state)),
      };
    };
  }
}

const Asked = z.looseObject({
  id: z.string(),
  fleet: z.string(),
  build: z.string(),
  players: z.array(z.object({ id: z.string() })),
  session: z.object({ map: z.string() }),
});

function allocation({ id, fleet, build, players }: z.infer<typeof Asked>, state: string) {
  const player = players[0]?.id ?? '';
  return {
    id,
    fleet,
    build,
    state,
    uid: 'ab'.repeat(16),
    attempt: 1,
    mode: 'smoke',
    priority: 5,
    session: { map: 'arena', capacity: 1 },
    players: [{ id: player, role: 'player' }],
    createdAt: '2026-01-01T00:00:00Z',
    deadlineAt: '2026-01-01T00:02:00Z',
    server: {
      cluster: 'c',
      region: 'europe-west1',
      namespace: 'lifeverse',
      gameServer: 'sample-duel-1',
      address: { host: '203.0.113.9', port: 7001 },
    },
    admissions: [{ playerId: player, joinTicket: 'ticket', packetKey: 'key' }],
  };
}
