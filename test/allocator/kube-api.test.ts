import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../contracts/app-error.ts';
import { openKubeApi, connectKubeApi, type KubeApi } from '../../allocator/clusters/kube-api.ts';
import { fromPod } from '../../allocator/clusters/kube-credentials.ts';
import { neverSent } from '../../allocator/clusters/kube-errors.ts';
import { testCluster, testStack } from '../../local/testing.ts';
import { startClusterProxy, type ClusterProxy } from './cluster-proxy.ts';
import { until } from './allocator-under-test.ts';

describe('The API of a cluster', function () {
  this.timeout(600_000);
  let now = 0;
  let proxy: ClusterProxy;
  const apis: KubeApi[] = [];
  beforeEach(async () => {
    now = 0;
    proxy = await startClusterProxy(await testCluster());
  });
  afterEach(async () => {
    for (const api of apis.splice(0)) api.close();
    await proxy.close();
  });

  function opened(): KubeApi {
    const api = openKubeApi(proxy.kubeconfig, undefined, () => now);
    apis.push(api);
    return api;
  }

  const namespaces = { method: 'GET', path: '/api/v1/namespaces', timeoutMs: 60_000 } as const;
  const newNamespace = (name = `n-${randomUUID().slice(0, 8)}`) => ({
    method: 'POST' as const,
    path: '/api/v1/namespaces',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    timeoutMs: 60_000,
  });
  const failure = (work: Promise<unknown>): Promise<AppError> =>
    work.then(
      () => assert.fail('it did not fail'),
      (cause: unknown) => {
        assert.ok(cause instanceof AppError);
        return cause;
      },
    );

  it('goes on with a watch when the credentials are looked up again', async () => {
    const api = opened();
    const name = `watched-${randomUUID().slice(0, 8)}`;
    await api.send(newNamespace(name));
    const make = (config: string) =>
      api.send({
        method: 'POST',
        path: `/api/v1/namespaces/${name}/configmaps`,
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: config } },
        timeoutMs: 60_000,
      });
    await make('before');
    const watch = api.watch(`/api/v1/namespaces/${name}/configmaps?watch=true`, AbortSignal.timeout(200_000));
    const next = async () => ((await watch.next()).value as { object: { metadata: { name: string } } }).object.metadata.name;
    assert.equal(await next(), 'before');
    now += 60_000;
    await make('after');
    assert.equal(await next(), 'after');
  });

  it('takes up a renewed token within the very request that was refused for the old one', async () => {
    await proxy.rewrite({ token: 'expired' });
    const api = opened();
    assert.equal((await failure(api.send(namespaces))).kind, 'unauthenticated');
    await proxy.rewrite({});
    now += 1_000;
    assert.equal((await api.send(newNamespace())).status, 201);
  });

  it('takes up a rotated authority within the very request that met the new certificate, and closes the old connections', async () => {
    const api = opened();
    assert.equal((await api.send(namespaces)).status, 200);
    await proxy.set({ mode: 'other-certificate' });
    // The broken connection may still stand in the pool.
    await api.send(namespaces).catch(() => {});
    now += 1_000;
    const untrusted = await failure(api.send(newNamespace()));
    assert.equal(untrusted.code, 'cluster_untrusted');
    assert.ok(neverSent(untrusted));
    await proxy.rewrite({ authority: 'other' });
    now += 1_000;
    assert.equal((await api.send(newNamespace())).status, 201);
    await until('only the new connection is open', async () => proxy.connections === 1);
  });

  it('asks an exec plugin for credentials, and again when they are refused', async () => {
    const cluster = await testCluster();
    const { folder } = await testStack();
    const file = path.join(folder, `exec-${randomUUID()}`);
    const plugin = (token: string) =>
      writeFile(
        `${file}.json`,
        JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }),
      );
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'cat', args: [`${file}.json`], interactiveMode: 'Never' };
    await writeFile(
      file,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: cluster.url, 'certificate-authority': cluster.caFile } }],
        users: [{ name: 'u', user: { exec } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      }),
    );
    await plugin('expired');
    const api = openKubeApi(file, 'x', () => now);
    apis.push(api);
    assert.equal((await failure(api.send(namespaces))).kind, 'unauthenticated');
    await plugin(cluster.token);
    now += 1_000;
    assert.equal((await api.send(namespaces)).status, 200);
  });

  it('speaks as the service account of the pod that it runs in', async () => {
    const cluster = await testCluster();
    const { folder } = await testStack();
    const account = path.join(folder, `account-${randomUUID()}`);
    await mkdir(account);
    await copyFile(cluster.caFile, path.join(account, 'ca.crt'));
    await writeFile(path.join(account, 'token'), 'expired\n');
    const api = connectKubeApi(fromPod({ host: '127.0.0.1', port: Number(new URL(cluster.url).port), folder: account }), () => now);
    apis.push(api);
    assert.equal((await failure(api.send(namespaces))).kind, 'unauthenticated');
    await writeFile(path.join(account, 'token'), `${cluster.token}\n`);
    now += 1_000;
    assert.equal((await api.send(namespaces)).status, 200);
  });

  it('is certain that a request had no effect only where not a byte of it has left', async () => {
    const api = opened();
    await proxy.set({ mode: 'refuse' });
    assert.equal(neverSent(await failure(api.send(newNamespace()))), true, 'nobody listened');
    await proxy.set({ mode: 'blackhole' });
    assert.equal(neverSent(await failure(api.send({ ...newNamespace(), timeoutMs: 300 }))), true, 'the handshake was never answered');
    await proxy.set({ mode: 'pass' });
    assert.equal((await api.send(namespaces)).status, 200);
    await proxy.set({ mode: 'blackhole' });
    const late = await failure(api.send({ ...newNamespace(), timeoutMs: 3_000 }));
    assert.deepEqual([late.code, neverSent(late)], ['cluster_timeout', false], 'it went over a connection that stood');
    await proxy.set({ mode: 'pass' });
    assert.equal((await api.send(namespaces)).status, 200);
    await proxy.set({ mode: 'blackhole' });
    const before = proxy.swallowed;
    const broken = failure(api.send(newNamespace()));
    await until('it has left', async () => proxy.swallowed > before);
    await proxy.set({ mode: 'cut' });
    assert.deepEqual([(await broken).code, neverSent(await broken)], ['cluster_broken', false], 'the connection broke afterwards');
  });

  it('notices a watch that has gone silent', async () => {
    const api = opened();
    let open = false;
    const events = api.watch('/api/v1/namespaces?watch=true', AbortSignal.timeout(200_000), {
      silentMs: 4_000,
      onOpen: () => (open = true),
    });
    await events.next();
    assert.ok(open);
    await proxy.set({ mode: 'blackhole' });
    const drained = (async () => {
      for await (const _ of events);
    })();
    assert.equal((await failure(drained)).code, 'watch_silent');
  });
});
