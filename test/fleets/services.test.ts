import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readAccountsConfig } from '../../accounts/config.ts';
import { parseClusters } from '../../allocator/clusters/cluster-config.ts';
import { readAllocatorConfig } from '../../allocator/config.ts';
import { accountsApi } from '../../contracts/accounts.ts';
import { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Api } from '../../contracts/endpoint.ts';
import { matchmakerApi } from '../../contracts/matchmaker.ts';
import { savesApi } from '../../contracts/saves.ts';
import type { Manifest } from '../../local/kustomize/render-folder.ts';
import { testStack } from '../../local/testing.ts';
import { readMatchmakerConfig } from '../../matchmaker/config.ts';
import { readSavesConfig } from '../../saves/config.ts';
import { renderLayer, RENDER_MS } from './rendered.ts';

const Reference = z.object({ name: z.string(), key: z.string() });
const Deployment = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z.looseObject({ annotations: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        containers: z.tuple([
          z.looseObject({
            env: z.array(
              z.strictObject({
                name: z.string(),
                value: z.string().optional(),
                valueFrom: z.strictObject({ configMapKeyRef: Reference.optional(), secretKeyRef: Reference.optional() }).optional(),
              }),
            ),
            volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
          }),
        ]),
        volumes: z.array(
          z.looseObject({
            name: z.string(),
            configMap: z
              .looseObject({ name: z.string(), items: z.array(z.object({ key: z.string(), path: z.string() })).optional() })
              .optional(),
            secret: z
              .looseObject({ secretName: z.string(), items: z.array(z.object({ key: z.string(), path: z.string() })).optional() })
              .optional(),
            projected: z
              .looseObject({
                sources: z.tuple([z.object({ serviceAccountToken: z.looseObject({ audience: z.string(), path: z.string() }) })]),
              })
              .optional(),
          }),
        ),
      }),
    }),
  }),
});
type Deployment = z.infer<typeof Deployment>;
const ConfigMap = z.looseObject({ data: z.record(z.string(), z.string()) });
const ExternalSecret = z.looseObject({
  spec: z.looseObject({
    target: z.looseObject({}),
    data: z.array(z.looseObject({ secretKey: z.string(), remoteRef: z.object({ key: z.string() }) })),
  }),
});
const Route = z.looseObject({
  spec: z.looseObject({
    hostnames: z.tuple([z.string()]),
    rules: z.tuple([z.looseObject({ matches: z.array(z.object({ path: z.object({ value: z.string() }) })) })]),
  }),
});

const CLUSTERS = [{ name: 'lifeverse-dev-europe-west1', region: 'europe-west1', inCluster: true, namespace: 'lifeverse' }];
const ISSUERS = [{ issuer: 'https://accounts.example.com', jwks: 'https://accounts.example.com/jwks', roles: ['player'] }];
const DEPLOYMENT = {
  ALLOCATOR_ISSUER: 'https://allocator.example.com',
  ACCOUNTS_ISSUER: 'https://accounts.example.com',
  PROJECT_ID: 'some-project',
  DOMAIN: 'example.com',
  'clusters.yaml': JSON.stringify(CLUSTERS),
  'trusted-issuers.json': JSON.stringify(ISSUERS),
};
/** As Secret Manager has them. */
const SECRETS: Readonly<Record<string, string>> = {
  'lifeverse-dev-mongo-url': 'mongodb+srv://user:word@cluster.example.net/?retryWrites=true',
  'lifeverse-dev-redis-url': 'rediss://10.48.0.3:6379',
  'lifeverse-dev-redis-ca': 'PEM',
  'lifeverse-dev-accounts-secret': 'x'.repeat(48),
  'lifeverse-dev-allocator-key-secret': Buffer.alloc(32, 7).toString('base64'),
};

describe('the services of the dev overlay', function () {
  this.timeout(RENDER_MS);
  let manifests: readonly Manifest[];
  let folder: string;

  before(async () => {
    manifests = await renderLayer('services', (fleets) => ({
      resources: [`${fleets}/overlays/dev/regions/europe-west1/services`],
      components: [`${fleets}/components/deployment/services`],
      configMapGenerator: [
        {
          name: 'lifeverse-deployment',
          namespace: 'lifeverse-services',
          behavior: 'merge',
          literals: Object.entries(DEPLOYMENT).map(([name, value]) => `${name}=${value}`),
        },
      ],
    }));
    folder = path.join((await testStack()).folder, 'mounted');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const find = (kind: string, name: string): Manifest =>
    manifests.find((one) => one.kind === kind && one.metadata.name === name) ?? assert.fail(`there is no ${kind} ${name}`);
  const configMap = (name: string): Record<string, string> => ConfigMap.parse(find('ConfigMap', name)).data;
  /** What External Secrets and cert-manager would make. */
  const secret = (name: string): Record<string, string> => {
    if (name.endsWith('-tls')) {
      assert.ok(find('Certificate', name));
      return { 'tls.crt': 'PEM', 'tls.key': 'PEM', 'ca.crt': 'PEM' };
    }
    const { data } = ExternalSecret.parse(find('ExternalSecret', name)).spec;
    return Object.fromEntries(
      data.map(({ secretKey, remoteRef }) => [secretKey, SECRETS[remoteRef.key] ?? assert.fail(`nobody keeps ${remoteRef.key}`)]),
    );
  };

  /** Writes what is mounted to a folder of the test, and names it in the environment in place of the paths in the pod. */
  async function environmentOf(name: string): Promise<NodeJS.ProcessEnv> {
    const { containers, volumes } = Deployment.parse(find('Deployment', name)).spec.template.spec;
    const [{ env, volumeMounts }] = containers;
    const mounts = new Map<string, string>();
    for (const { name: volume, mountPath } of volumeMounts) {
      const at = path.join(folder, name, volume);
      await mkdir(at, { recursive: true });
      const source = volumes.find((one) => one.name === volume) ?? assert.fail(`${name} mounts ${volume}, which is no volume`);
      for (const [file, content] of Object.entries(contentOf(source))) await writeFile(path.join(at, file), content);
      mounts.set(mountPath, at);
    }
    const mounted = (text: string) => {
      // Once only: the folder of the test may itself be below a path that a pod mounts.
      const mount = [...mounts].find(([inPod]) => text.includes(`${inPod}/`));
      const found = mount === undefined ? text : text.replace(`${mount[0]}/`, `${mount[1]}/`);
      const file = /^(?:file:)?(\/.*)$/.exec(found)?.[1];
      assert.ok(file === undefined || existsSync(file), `${name} is told of ${text}, where nothing is`);
      return found;
    };
    return Object.fromEntries(env.map((one) => [one.name, one.value === undefined ? referred(one.valueFrom) : mounted(one.value)]));
  }

  function contentOf(volume: Deployment['spec']['template']['spec']['volumes'][number]): Record<string, string> {
    if (volume.projected !== undefined) {
      const [{ serviceAccountToken }] = volume.projected.sources;
      assert.equal(serviceAccountToken.audience, 'lifeverse');
      return { [serviceAccountToken.path]: 'token' };
    }
    const from = volume.configMap ?? volume.secret;
    if (from === undefined) return {};
    const data = volume.secret === undefined ? configMap(volume.configMap?.name ?? '') : secret(volume.secret.secretName);
    return Object.fromEntries(
      (from.items ?? Object.keys(data).map((key) => ({ key, path: key }))).map((item) => [item.path, at(data, item.key)]),
    );
  }

  function referred(from: Deployment['spec']['template']['spec']['containers'][0]['env'][number]['valueFrom']): string {
    if (from?.secretKeyRef !== undefined) return at(secret(from.secretKeyRef.name), from.secretKeyRef.key);
    if (from?.configMapKeyRef !== undefined) return at(configMap(from.configMapKeyRef.name), from.configMapKeyRef.key);
    return assert.fail('a variable has no value');
  }

  const at = (data: Record<string, string>, key: string): string => data[key] ?? assert.fail(`there is no key ${key}`);

  it('start accounts, allocator, matchmaker and saves with all that they need, and nothing that they do not know', async () => {
    const accounts = readAccountsConfig(await environmentOf('accounts'));
    const allocator = readAllocatorConfig(await environmentOf('allocator'));
    const matchmaker = readMatchmakerConfig(await environmentOf('matchmaker'));
    const saves = readSavesConfig(await environmentOf('saves'));
    for (const config of [accounts, allocator, matchmaker, saves]) {
      assert.deepEqual([config.HOST, config.PORT, config.OPS_PORT], ['0.0.0.0', 8443, 8444]);
      assert.deepEqual(config.TRUSTED_ISSUERS, ISSUERS);
      assert.equal(config.MONGO_URL, SECRETS['lifeverse-dev-mongo-url']);
    }
    assert.equal(accounts.ACCOUNTS_ISSUER, DEPLOYMENT.ACCOUNTS_ISSUER);
    assert.equal(allocator.ALLOCATOR_ISSUER, DEPLOYMENT.ALLOCATOR_ISSUER);
    assert.equal(allocator.REDIS_CREDENTIALS, 'google');
    assert.deepEqual(Object.keys(matchmaker.MATCH_MODES), ['duel', 'world']);
    for (const [name, config] of Object.entries({ accounts, allocator, matchmaker, saves })) {
      const unknown = Object.keys(await environmentOf(name)).filter((variable) => !(variable in config));
      assert.deepEqual(unknown, [], name);
    }
  });

  it('mount the clusters file where the allocator looks for it', async () => {
    const { CLUSTERS_FILE } = await environmentOf('allocator');
    const [cluster] = parseClusters(await readFile(CLUSTERS_FILE ?? '', 'utf8'), 'clusters.yaml');
    assert.equal(cluster?.name, 'lifeverse-dev-europe-west1');
  });

  it('start anew when the issuers that they trust change, which they read at their start', () => {
    for (const name of ['accounts', 'allocator', 'matchmaker', 'saves']) {
      const { annotations } = Deployment.parse(find('Deployment', name)).spec.template.metadata;
      assert.equal(annotations['lifeverse.dev/trusted-issuers'], DEPLOYMENT['trusted-issuers.json']);
    }
  });

  it('are the allocator to Google as the account that Terraform makes', () => {
    const annotations = find('ServiceAccount', 'allocator').metadata['annotations'];
    assert.deepEqual(annotations, { 'iam.gke.io/gcp-service-account': 'lifeverse-dev-allocator@some-project.iam.gserviceaccount.com' });
  });

  const APIS: readonly [string, Api][] = [
    ['accounts', accountsApi],
    ['allocator', allocatorApi],
    ['matchmaker', matchmakerApi],
    ['saves', savesApi],
  ];
  for (const [name, api] of APIS) {
    it(`lead every request of ${name}’s API to it from outside, and none that only Agones asks`, () => {
      const { hostnames, rules } = Route.parse(find('HTTPRoute', name)).spec;
      assert.deepEqual(hostnames, [`${name}.example.com`]);
      const prefixes = rules[0].matches.map((match) => match.path.value);
      const paths = Object.values(api.endpoints).flatMap((endpoint) =>
        // Of saves: `{kind}` is worlds or players.
        ['worlds', 'players'].map((kind) => endpoint.path.replace('{kind}', kind)),
      );
      const reached = (at: string) => prefixes.some((prefix) => at === prefix || at.startsWith(`${prefix}/`));
      assert.deepEqual([...new Set(paths.filter((at) => !reached(at)))], name === 'allocator' ? ['/v1/autoscaler/{cluster}/{fleet}'] : []);
      for (const prefix of prefixes)
        assert.ok(
          paths.some((at) => at === prefix || at.startsWith(`${prefix}/`)),
          `${prefix} leads nowhere`,
        );
    });
  }
});
