import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { parseClusters } from '../../../allocator/clusters/cluster-config.ts';
import { readConfig, trustEnv } from '../../../runtime/config.ts';
import { createTokenCheck } from '../../../runtime/token-check.ts';
import type { Placement } from '../../../deploy/cluster/known.ts';
import { Outputs } from '../../../deploy/cluster/outputs.ts';
import { layerFolder, type Layer } from '../../../deploy/cluster/paths.ts';
import { ENVIRONMENTS, type Environment } from '../../../deploy/cluster/request.ts';
import { clustersFile } from '../../../deploy/cluster/settings/clusters-file.ts';
import { deploymentLayer } from '../../../deploy/cluster/settings/deployment-layer.ts';
import { trustedIssuers } from '../../../deploy/cluster/settings/trusted-issuers.ts';
import { renderFolder, type Manifest } from '../../../local/kustomize/render-folder.ts';
import { kustomizePart } from '../../../local/parts/kustomize-part.ts';
import { obtainParts } from '../../../local/parts/obtain-parts.ts';
import { testStack } from '../../../local/testing.ts';
import { AUTHORITY, OUTPUTS } from './deployment-under-test.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
const IMAGES = ['accounts', 'allocator', 'matchmaker', 'quilkin', 'saves', 'sample-server', 'sdk-bridge'];
const DIGEST = `sha256:${'12'.repeat(32)}`;
const ISSUER = OUTPUTS.regions['europe-west1'].issuer;

const readTrust = (issuers: unknown) => readConfig(z.object(trustEnv), { TRUSTED_ISSUERS: JSON.stringify(issuers) }).TRUSTED_ISSUERS;

describe('deploy: settings from what the infrastructure gave', () => {
  it('lists the clusters as the allocator reads them, with what is drained or weighted', () => {
    const text = clustersFile({ ...OUTPUTS, quilkin_addresses: {} }, { 'us-east1': { drain: true, weight: 2 } });
    assert.deepEqual(
      parseClusters(text, 'clusters.yaml').map(({ name, region, endpoint, credentials, namespace, drain, weight }) => {
        return { name, region, endpoint, credentials, namespace, drain, weight };
      }),
      [
        {
          name: 'lifeverse-dev-europe-west1',
          region: 'europe-west1',
          endpoint: 'https://gke-europe-west1.europe-west1.gke.goog',
          credentials: 'google',
          namespace: 'lifeverse',
          drain: false,
          weight: 1,
        },
        {
          name: 'lifeverse-dev-us-east1',
          region: 'us-east1',
          endpoint: 'https://gke-us-east1.us-east1.gke.goog',
          credentials: 'google',
          namespace: 'lifeverse',
          drain: true,
          weight: 2,
        },
      ],
    );
  });

  it('sends players through the UDP proxies of those regions alone that say so, and refuses to where there are none', () => {
    const outputs = { ...OUTPUTS, quilkin_addresses: { 'europe-west1': '203.0.113.7', 'us-east1': '203.0.113.8' } };
    const edges = parseClusters(clustersFile(outputs, { 'us-east1': { udpEdge: true } }), 'clusters.yaml').map(({ udpEdge }) => udpEdge);
    assert.deepEqual(edges, [undefined, { host: '203.0.113.8', port: 7_777 }]);
    assert.throws(() => clustersFile({ ...outputs, quilkin_addresses: {} }, { 'us-east1': { udpEdge: true } }), /us-east1.*quilkin = true/);
  });

  it('trusts whom the services’ own config takes', () => {
    const issuers = readTrust(trustedIssuers(OUTPUTS));
    assert.deepEqual(
      issuers.map(({ issuer }) => issuer),
      ['https://accounts.dev.example.com', 'https://allocator.dev.example.com', ISSUER, OUTPUTS.regions['us-east1'].issuer],
    );
    assert.equal(new Set(issuers.map(({ jwks }) => jwks)).size, issuers.length);
  });

  it('gives each account its role and nothing more, and none outside of the clusters with services', async () => {
    const { exportJWK, generateKeyPair, SignJWT } = await import('jose');
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] });
    const now = Date.now();
    const send = async () => ({ status: 200, headers: {}, body: keys });
    const check = createTokenCheck(readTrust(trustedIssuers(OUTPUTS)), { send, now: () => now });
    const rolesOf = async (issuer: string, namespace: string, account: string) => {
      const pod = { name: 'p', uid: 'u' };
      const token = await new SignJWT({ 'kubernetes.io': { namespace, pod, serviceaccount: { name: account, uid: 's' } } })
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setIssuer(issuer)
        .setSubject(`system:serviceaccount:${namespace}:${account}`)
        .setAudience('lifeverse')
        .setExpirationTime(Math.floor(now / 1_000) + 60)
        .sign(privateKey);
      return (await check(token)).roles;
    };
    const elsewhere = OUTPUTS.regions['us-east1'].issuer;
    assert.deepEqual(await rolesOf(ISSUER, 'lifeverse-services', 'allocator'), ['allocator']);
    assert.deepEqual(await rolesOf(ISSUER, 'lifeverse-services', 'matchmaker'), ['matchmaker']);
    assert.deepEqual(await rolesOf(ISSUER, 'lifeverse-services', 'smoke'), ['matchmaker']);
    assert.deepEqual(await rolesOf(elsewhere, 'lifeverse', 'agones-sdk'), ['game-server']);
    for (const [issuer, namespace, account] of [
      [ISSUER, 'default', 'allocator'],
      [ISSUER, 'lifeverse', 'default'],
      [elsewhere, 'lifeverse-services', 'allocator'],
      [elsewhere, 'lifeverse-services', 'smoke'],
    ] as const)
      assert.deepEqual(await rolesOf(issuer, namespace, account), [], `${namespace}/${account}`);
  });
});

describe('deploy: the last layer on the committed manifests', function () {
  this.timeout(600_000);
  let tree: string;
  before(async () => {
    tree = await mkdtemp(path.join(tmpdir(), 'lifeverse-layers-'));
    await cp(path.join(ROOT, 'fleets'), path.join(tree, 'fleets'), { recursive: true });
  });
  after(() => rm(tree, { recursive: true, force: true }));

  const render = async (environment: Environment, region: string, layer: Layer, more: Partial<Outputs> = {}): Promise<Manifest[]> => {
    const cluster = { ...OUTPUTS.regions['europe-west1'], cluster_name: `lifeverse-${environment}-${region}` };
    const outputs = Outputs.parse({ ...OUTPUTS, environment, regions: { [region]: cluster }, ...more });
    const images = { registry: OUTPUTS.registry, tag: 't', images: Object.fromEntries(IMAGES.map((name) => [name, DIGEST])) };
    const placement: Record<string, Placement> = {};
    const files = deploymentLayer(layer, { environment, region, outputs, images, placement, authority: AUTHORITY });
    for (const [file, content] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(tree, file)), { recursive: true });
      await writeFile(path.join(tree, file), content);
    }
    const { around } = await testStack();
    const [program] = await obtainParts([kustomizePart], around);
    assert.ok(program !== undefined);
    return renderFolder({ program, env: around.env, signal: around.signal }, path.join(tree, layerFolder(environment, region, layer)));
  };

  it('puts UDP proxies before the game servers where an address is reserved for them', async () => {
    const manifests = await render('dev', 'europe-west1', 'game-servers', { quilkin_addresses: { 'europe-west1': '203.0.113.7' } });
    const text = JSON.stringify(manifests.filter(({ metadata }) => metadata.name === 'udp-proxies'));
    assert.match(text, /"loadBalancerIP":"203\.0\.113\.7"/);
    assert.match(text, new RegExp(`"image":"${OUTPUTS.registry}/quilkin@${DIGEST}"`));
    assert.doesNotMatch(JSON.stringify(manifests), /lifeverse\.invalid/);
  });

  for (const environment of ENVIRONMENTS) {
    it(`leaves no placeholder in any region of ${environment}`, async () => {
      for (const region of await readdir(path.join(ROOT, 'fleets/overlays', environment, 'regions'))) {
        const layers = (['services', 'game-servers'] as const).filter((layer) =>
          existsSync(path.join(ROOT, 'fleets/overlays', environment, 'regions', region, layer)),
        );
        assert.ok(layers.includes('game-servers'), region);
        for (const layer of layers) {
          const manifests = await render(environment, region, layer);
          const text = JSON.stringify(manifests);
          assert.doesNotMatch(text, /lifeverse\.invalid|lifeverse-invalid/, `${region}/${layer}`);
          assert.match(text, new RegExp(`${OUTPUTS.registry}/[a-z-]+@${DIGEST}`), `${region}/${layer}`);
          const named = (kind: string, name: string) => manifests.find((one) => one.kind === kind && one.metadata.name === name);
          const account = `lifeverse-${environment}-allocator@${OUTPUTS.project_id}.iam.gserviceaccount.com`;
          if (layer === 'services') {
            const data = z.object({ data: z.record(z.string(), z.string()) }).parse(named('ConfigMap', 'lifeverse-deployment')).data;
            assert.equal(parseClusters(data['clusters.yaml'] ?? '', 'clusters.yaml')[0]?.name, `lifeverse-${environment}-${region}`);
            assert.equal(readTrust(JSON.parse(data['trusted-issuers.json'] ?? '')).length, 3);
            assert.ok(JSON.stringify(named('ServiceAccount', 'allocator')).includes(account));
          } else {
            assert.ok(JSON.stringify(named('RoleBinding', 'allocator')).includes(account));
            const autoscalers = manifests.filter(({ kind }) => kind === 'FleetAutoscaler');
            assert.ok(autoscalers.length > 0);
            for (const one of autoscalers) {
              assert.ok(JSON.stringify(one).includes(`"caBundle":"${AUTHORITY}"`));
              assert.ok(JSON.stringify(one).includes(`/v1/autoscaler/lifeverse-${environment}-${region}/`));
            }
          }
        }
      }
    });
  }
});
