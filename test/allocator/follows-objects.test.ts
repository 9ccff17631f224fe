import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { AppError } from '../../contracts/app-error.ts';
import { Census } from '../../allocator/clusters/census.ts';
import { followObjects, type FollowParts } from '../../allocator/clusters/follow-objects.ts';
import { openKubeApi, type KubeApi } from '../../allocator/clusters/kube-api.ts';
import { testCluster } from '../../local/testing.ts';
import { startClusterProxy, type ClusterProxy } from './cluster-proxy.ts';
import { until } from './allocator-under-test.ts';

/** Config maps have all that a census reads of a game server, and need no Agones. */
describe('The census of a cluster', function () {
  this.timeout(300_000);
  let proxy: ClusterProxy;
  let api: KubeApi;
  let direct: KubeApi;
  let path: string;
  let stop: AbortController;
  let census: Census;
  let relists: string[];
  let failures: unknown[];
  let isFresh: boolean;
  let following: Promise<void>;
  beforeEach(async () => {
    const cluster = await testCluster();
    proxy = await startClusterProxy(cluster);
    api = openKubeApi(proxy.kubeconfig, undefined, Date.now);
    direct = openKubeApi(cluster.kubeconfig, undefined, Date.now);
    const name = `census-${randomUUID().slice(0, 8)}`;
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await direct.send({ method: 'POST', path: '/api/v1/namespaces', body, timeoutMs: 60_000 });
    path = `/api/v1/namespaces/${name}/configmaps`;
    stop = new AbortController();
    census = new Census(Date.now);
    relists = [];
    failures = [];
    isFresh = false;
  });
  afterEach(async () => {
    stop.abort();
    await following;
    api.close();
    direct.close();
    await proxy.close();
  });

  function follow(changes: Partial<FollowParts> = {}): void {
    following = followObjects(
      {
        api,
        path,
        view: census,
        silentMs: 60_000,
        pageSize: 500,
        interruption: () => ({ signal: new AbortController().signal, relist: () => false }),
        heard: () => {},
        fresh: (is) => (isFresh = is),
        relisted: (why, count) => relists.push(`${why} ${count}`),
        failed: (cause) => failures.push(cause),
        ...changes,
      },
      stop.signal,
    );
  }

  const make = (name: string) =>
    direct.send({ method: 'POST', path, body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }, timeoutMs: 60_000 });
  const knows = (name: string) => until(`the census knows ${name}`, async () => census.get(name) !== undefined);

  it('is listed page by page', async () => {
    for (let nth = 0; nth < 5; nth += 1) await make(`s${nth}`);
    const lists: string[] = [];
    follow({
      pageSize: 2,
      api: {
        ...api,
        send: (request) => {
          lists.push(request.path);
          return api.send(request);
        },
      },
    });
    await knows('s4');
    assert.equal(lists.length, 3);
    assert.deepEqual(relists, ['start 5']);
  });

  it('resumes a broken watch where it broke off, without a new list', async () => {
    await make('before');
    follow();
    await until('it is watched', async () => isFresh);
    assert.ok(census.get('before'));
    await proxy.set({ mode: 'cut' });
    await make('meanwhile');
    await proxy.set({ mode: 'pass' });
    await knows('meanwhile');
    assert.deepEqual(relists, ['start 1']);
  });

  it('lists anew when the API server has forgotten its version', async () => {
    let forgets = true;
    follow({
      api: {
        ...api,
        watch: (...watched) => {
          if (!forgets) return api.watch(...watched);
          forgets = false;
          throw new AppError('gone', 'cluster_answer', '410');
        },
      },
    });
    await until('it was listed twice', async () => relists.length === 2);
    assert.deepEqual(relists, ['start 0', 'gone 0']);
    await make('after');
    await knows('after');
    assert.deepEqual(failures, []);
  });

  it('notices a watch on a connection that is dead, and renews it', async () => {
    await make('before');
    follow({ silentMs: 500 });
    await until('it is watched', async () => isFresh);
    assert.ok(census.get('before'));
    await proxy.set({ mode: 'blackhole' });
    await make('meanwhile');
    await until('the dead watch is given up and cannot be had again', async () => failures.length > 0);
    await proxy.set({ mode: 'pass' });
    await knows('meanwhile');
    assert.deepEqual(relists, ['start 1']);
  });

  it('tells of an outage when neither list nor watch can be had', async () => {
    await proxy.set({ mode: 'refuse' });
    follow();
    await until('it is told', async () => failures.length > 0);
  });
});
