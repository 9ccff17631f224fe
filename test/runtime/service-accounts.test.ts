import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:https';
import { readFile } from 'node:fs/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { z } from 'zod';
import { openKubeApi, type KubeApi } from '../../allocator/clusters/kube-api.ts';
import type { RunningCluster } from '../../local/cluster/start-cluster.ts';
import { testCluster, testStack } from '../../local/testing.ts';
import type { TrustedIssuer } from '../../runtime/config.ts';
import { createHttpSend, type HttpSend } from '../../runtime/http-send.ts';
import { createTokenCheck } from '../../runtime/token-check.ts';

const Token = z.object({ status: z.object({ token: z.string() }) });
const Named = z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) });

/** Tokens that a real API server gives to pods' service accounts, as a kubelet asks for them. */
describe('The tokens of service accounts', function () {
  this.timeout(600_000);
  const namespace = `services-${randomUUID().slice(0, 8)}`;
  let cluster: RunningCluster;
  let api: KubeApi;
  let http: HttpSend;
  let pod: { name: string; uid: string };
  let trusted: TrustedIssuer;

  const create = async (path: string, body: object): Promise<unknown> => {
    const answer = await api.send({ method: 'POST', path, body, timeoutMs: 60_000 });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body;
  };
  before(async () => {
    cluster = await testCluster();
    api = openKubeApi(cluster.kubeconfig, undefined, Date.now);
    http = createHttpSend((await testStack()).authority.caFile);
    await create('/api/v1/namespaces', { metadata: { name: namespace } });
    for (const name of ['matchmaker', 'other'])
      await create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
    pod = await podOf('matchmaker');
    trusted = {
      issuer: cluster.issuer,
      jwks: cluster.jwksUrl,
      jwksTokenFile: cluster.tokenFile,
      roles: ['game-server', 'matchmaker', 'allocator'],
      cluster: 'europe',
      serviceAccounts: { [`${namespace}/matchmaker`]: ['matchmaker'] },
    };
  });
  after(async () => {
    api.close();
    await http.close();
  });

  async function podOf(serviceAccountName: string): Promise<{ name: string; uid: string }> {
    const spec = { serviceAccountName, containers: [{ name: 'main', image: 'none' }] };
    const made = await create(`/api/v1/namespaces/${namespace}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: 'p-' },
      spec,
    });
    return Named.parse(made).metadata;
  }
  const tokenOf = async (account: string, bound?: { name: string; uid: string }, audience = 'lifeverse'): Promise<string> => {
    const boundObjectRef = bound === undefined ? undefined : { apiVersion: 'v1', kind: 'Pod', ...bound };
    const spec = { audiences: [audience], expirationSeconds: 3_600, boundObjectRef };
    const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
    return Token.parse(await create(`/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, asked)).status.token;
  };
  const check = (token: string, changes: Partial<TrustedIssuer> = {}) =>
    createTokenCheck([{ ...trusted, ...changes }], { send: http.send, now: Date.now })(token);
  const refused = (code: string) => ({ kind: 'unauthenticated', code });

  it('give the roles of their account, and say which pod speaks', async () => {
    const { roles, subject, pod: speaking } = await check(await tokenOf('matchmaker', pod));
    assert.deepEqual(roles, ['matchmaker']);
    assert.equal(subject, `system:serviceaccount:${namespace}:matchmaker`);
    assert.deepEqual(speaking, { cluster: 'europe', namespace, ...pod });
  });

  it('make no service of an account that is not listed', async () => {
    const token = await tokenOf('other', await podOf('other'));
    assert.deepEqual((await check(token)).roles, ['game-server']);
    assert.deepEqual((await check(token, { roles: ['matchmaker'] })).roles, []);
    const serviceAccounts = { ...trusted.serviceAccounts, 'games/server': ['game-server' as const] };
    assert.deepEqual((await check(token, { serviceAccounts })).roles, []);
  });

  it('are worth nothing without a pod, or for another audience', async () => {
    await assert.rejects(check(await tokenOf('matchmaker')), refused('token_unbound'));
    await assert.rejects(check(await tokenOf('matchmaker', pod, 'another')), refused('token_invalid'));
  });

  it('are worth nothing where they are edited, or signed by somebody else', async () => {
    const token = await tokenOf('other', await podOf('other'));
    const [head = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, Record<string, unknown>>;
    const wanted = {
      ...claims,
      sub: `system:serviceaccount:${namespace}:matchmaker`,
      'kubernetes.io': { ...claims['kubernetes.io'], serviceaccount: { name: 'matchmaker', uid: randomUUID() } },
    };
    const edited = Buffer.from(JSON.stringify(wanted)).toString('base64url');
    await assert.rejects(check(`${head}.${edited}.${signature}`), refused('token_invalid'));
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg: string; kid: string };
    const { privateKey } = await generateKeyPair('RS256');
    await assert.rejects(check(await new SignJWT(wanted).setProtectedHeader(header).sign(privateKey)), refused('token_invalid'));
    await assert.rejects(check(await new SignJWT({ ...wanted, iss: 'https://else' }).setProtectedHeader(header).sign(privateKey)), {
      code: 'token_issuer',
    });
  });

  it('are checked by keys that are published for all, as GKE does under the address of its issuer', async () => {
    const { authority } = await testStack();
    const tls = await authority.issue({ name: 'gke', commonName: 'gke', use: 'server' });
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'gke-1', alg: 'RS256', use: 'sig' };
    const place = '/v1/projects/studio/locations/europe-west4/clusters/eu-1';
    const asked: unknown[] = [];
    const server = createServer({ cert: await readFile(tls.certFile), key: await readFile(tls.keyFile) }, (request, response) => {
      asked.push([request.url, request.headers.authorization]);
      response.writeHead(200, { 'content-type': 'application/jwk-set+json' }).end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const issuer = `https://container.googleapis.com${place}`;
    const token = await new SignJWT({ 'kubernetes.io': { namespace, pod, serviceaccount: { name: 'matchmaker', uid: randomUUID() } } })
      .setProtectedHeader({ alg: 'RS256', kid: 'gke-1' })
      .setIssuer(issuer)
      .setAudience(['lifeverse'])
      .setSubject(`system:serviceaccount:${namespace}:matchmaker`)
      .setExpirationTime('1h')
      .sign(privateKey);
    const { jwksTokenFile: _, ...open } = trusted;
    const gke: TrustedIssuer = { ...open, issuer, jwks: `https://127.0.0.1:${port}${place}/jwks` };
    try {
      assert.deepEqual((await createTokenCheck([gke], { send: http.send, now: Date.now })(token)).roles, ['matchmaker']);
      assert.deepEqual(asked, [[`${place}/jwks`, undefined]], 'no credentials of ours go there');
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
