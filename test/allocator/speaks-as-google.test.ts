import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { connectKubeApi, type KubeApi } from '../../allocator/clusters/kube-api.ts';
import { fromGoogle } from '../../allocator/clusters/kube-credentials.ts';
import { googleToken, type GoogleToken } from '../../runtime/google/google-token.ts';
import { neverSent } from '../../allocator/clusters/kube-errors.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { RunningCluster } from '../../local/cluster/start-cluster.ts';
import { testCluster } from '../../local/testing.ts';
import { createHttpSend, type HttpSend } from '../../runtime/http-send.ts';
import { until } from './allocator-under-test.ts';
import { startGoogleMetadata, type GoogleMetadata } from '../runtime/google-metadata.ts';

/** Seconds, as GKE gives them. */
const HOUR = 3_599;

describe('The Google identity of a pod', function () {
  this.timeout(300_000);
  let cluster: RunningCluster;
  let metadata: GoogleMetadata;
  let http: HttpSend;
  let clock = 0;
  let token: GoogleToken;
  const apis: KubeApi[] = [];
  const namespaces = { method: 'GET', path: '/api/v1/namespaces?limit=1', timeoutMs: 60_000 } as const;

  before(async () => {
    cluster = await testCluster();
    http = createHttpSend();
    metadata = await startGoogleMetadata({ token: cluster.token, expiresIn: HOUR });
  });
  beforeEach(async () => {
    metadata.answer({ token: cluster.token, expiresIn: HOUR });
    clock = 0;
    token = googleToken({ host: metadata.host, send: http.send, now: () => clock });
  });
  afterEach(() => {
    for (const api of apis.splice(0)) api.close();
  });
  after(async () => {
    await metadata.kill();
    await http.close();
  });

  const opened = async (source = token): Promise<KubeApi> => {
    const ca = (await readFile(cluster.caFile)).toString('base64');
    const api = connectKubeApi(fromGoogle({ endpoint: cluster.url, ca }, source), () => clock);
    apis.push(api);
    return api;
  };
  const asks = async (work: () => Promise<unknown>): Promise<number> => {
    const before = metadata.asked();
    await work();
    return metadata.asked() - before;
  };
  const failure = (work: Promise<unknown>): Promise<AppError> =>
    work.then(
      () => assert.fail('it did not fail'),
      (cause: unknown) => {
        assert.ok(cause instanceof AppError, String(cause));
        return cause;
      },
    );

  it('opens a control plane, and is asked for once by many clusters', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => opened()));
    const asked = await asks(async () => {
      for (const { status } of await Promise.all(all.map((api) => api.send(namespaces)))) assert.equal(status, 200);
    });
    assert.equal(asked, 1);
  });

  it('goes to no control plane whose certificate is neither publicly trusted nor of the given authority', async () => {
    const api = connectKubeApi(fromGoogle({ endpoint: cluster.url, ca: undefined }, token), () => clock);
    apis.push(api);
    const untrusted = await failure(api.send(namespaces));
    assert.deepEqual([untrusted.code, neverSent(untrusted)], ['cluster_untrusted', true]);
  });

  it('is renewed shortly before its end, not sooner, and the old one serves while no new one is to be had', async () => {
    assert.equal(await asks(token), 1);
    clock = (HOUR - 226) * 1_000;
    assert.equal(await asks(token), 0);
    metadata.answer({ token: 'next', expiresIn: HOUR, status: 503 });
    clock = (HOUR - 224) * 1_000;
    assert.equal(await token(), cluster.token);
    clock = (HOUR - 9) * 1_000;
    await assert.rejects(token(), /answered 503/);
    metadata.answer({ token: 'next', expiresIn: HOUR });
    assert.equal(await token(), 'next');
  });

  it('that somebody refuses goes on serving whom it serves, while no new one is to be had', async () => {
    assert.equal(await token(), cluster.token);
    metadata.answer({ token: 'next', expiresIn: HOUR, status: 503 });
    await assert.rejects(token(cluster.token), /answered 503/);
    assert.equal(await token(), cluster.token);
    metadata.answer({ token: 'next', expiresIn: HOUR });
    assert.equal(await token(cluster.token), 'next');
    assert.equal(await token(), 'next');
  });

  it('is looked up anew within the very request that was refused', async () => {
    metadata.answer({ token: 'revoked', expiresIn: HOUR });
    const api = await opened();
    assert.equal((await failure(api.send(namespaces))).code, 'cluster_token_refused');
    metadata.answer({ token: cluster.token, expiresIn: HOUR });
    clock += 1_000;
    assert.equal((await api.send(namespaces)).status, 200);
  });

  it('is asked for once when several clusters refuse it at the same time', async () => {
    metadata.answer({ token: 'revoked', expiresIn: HOUR });
    const all = await Promise.all(Array.from({ length: 4 }, () => opened()));
    await Promise.all(all.map((api) => failure(api.send(namespaces))));
    metadata.answer({ token: cluster.token, expiresIn: HOUR });
    clock += 1_000;
    assert.equal(await asks(() => Promise.all(all.map((api) => api.send(namespaces)))), 1);
  });

  it('is believed from Google’s own metadata server only, and never told in an error', async () => {
    const sane = { token: 'secret', expiresIn: HOUR };
    const wrong = [
      { ...sane, impostor: true },
      { ...sane, status: 404 },
      { ...sane, body: '{"access_token":"secret"' },
      { ...sane, body: '{"access_token":"secret","expires_in":"soon","token_type":"Bearer"}' },
      { ...sane, body: '{"access_token":"secret","expires_in":60,"token_type":"MAC"}' },
    ];
    for (const plan of wrong) {
      metadata.answer(plan);
      const { code, message } = await failure((await opened()).send(namespaces));
      assert.equal(code, 'cluster_credentials');
      assert.match(message, /the Google identity of this pod gives no credentials: .*(metadata server)/);
      assert.doesNotMatch(message, /secret/);
    }
  });

  it('is a fault of the request, not of the process, while the metadata server is away', async () => {
    const api = await opened();
    await metadata.kill();
    const { kind, code, message } = await failure(api.send(namespaces));
    assert.deepEqual([kind, code], ['unavailable', 'cluster_credentials']);
    assert.match(message, /metadata|computeMetadata/);
    await metadata.restart();
    await until('it is there again', async () => (await api.send(namespaces).catch(() => undefined))?.status === 200);
  });
});
