import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { openKubeApi } from '../../allocator/clusters/kube-api.ts';
import { testCluster } from '../../local/testing.ts';

describe('The API of a cluster', function () {
  this.timeout(120_000);

  it('goes on with a watch when the credentials are looked up again', async () => {
    let now = 0;
    const api = openKubeApi((await testCluster()).kubeconfig, undefined, () => now);
    const namespace = `watched-${randomUUID().slice(0, 8)}`;
    const make = (name: string) =>
      api.send({
        method: 'POST',
        path: `/api/v1/namespaces/${namespace}/configmaps`,
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
        timeoutMs: 5_000,
      });
    try {
      await api.send({
        method: 'POST',
        path: '/api/v1/namespaces',
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
        timeoutMs: 5_000,
      });
      await make('before');
      const watch = api.watch(`/api/v1/namespaces/${namespace}/configmaps?watch=true`, AbortSignal.timeout(20_000));
      const next = async () => ((await watch.next()).value as { object: { metadata: { name: string } } }).object.metadata.name;
      assert.equal(await next(), 'before');
      now += 60_000;
      await make('after');
      assert.equal(await next(), 'after');
    } finally {
      api.close();
    }
  });
});
