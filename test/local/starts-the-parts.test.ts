import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { Redis } from 'ioredis';
import { decodeJwt } from 'jose';
import { MongoClient } from 'mongodb';
import { isAlive } from '../../local/processes/process-identity.ts';
import { startMongo } from '../../local/mongo/start-mongo.ts';
import { testCluster, testMongo, testRedis, testStack } from '../../local/testing.ts';

/** A first run may have to build the parts. */
const PARTS_MS = 1_200_000;

describe('the real parts', function () {
  this.timeout(PARTS_MS);

  it('the document database keeps a document, over TLS', async () => {
    const client = new MongoClient((await testMongo()).url);
    try {
      const things = client.db('starts_the_parts').collection<{ _id: string; n: number }>('things');
      await things.insertOne({ _id: 'a', n: 1 });
      assert.equal((await things.updateOne({ _id: 'a', n: 1 }, { $set: { n: 2 } })).modifiedCount, 1);
      assert.equal((await things.updateOne({ _id: 'a', n: 1 }, { $set: { n: 3 } })).modifiedCount, 0);
    } finally {
      await client.close();
    }
  });

  it('the document database loses nothing acknowledged to a kill -9', async () => {
    const stack = await testStack();
    const place = { ...stack, name: 'mongo-killed', folder: `${stack.folder}/mongo-killed` };
    const first = await startMongo({
      ...place,
      around: { ...stack.around, env: { ...stack.around.env, MONGO_URL: '' } },
    });
    const writer = new MongoClient(first.url);
    const ids = Array.from({ length: 50 }, (_, index) => index);
    await Promise.all(ids.map((id) => writer.db('killed').collection<{ _id: number }>('things').insertOne({ _id: id })));
    assert.ok(first.process !== undefined);
    process.kill(first.process.pid, 'SIGKILL');
    await first.process.ended;
    await writer.close();

    const second = await startMongo({
      ...place,
      around: { ...stack.around, env: { ...stack.around.env, MONGO_URL: '' } },
    });
    const reader = new MongoClient(second.url);
    try {
      assert.equal(await reader.db('killed').collection('things').countDocuments({}), ids.length);
    } finally {
      await reader.close();
      await second.stop();
    }
  });

  it('Redis answers, over TLS where it was built with it', async () => {
    const { url, caFile } = await testRedis();
    const redis = new Redis(url, caFile === undefined ? {} : { tls: { ca: await readFile(caFile) } });
    try {
      assert.equal(await redis.set('starts-the-parts', '1'), 'OK');
      assert.equal((await redis.config('GET', 'maxmemory-policy'))[1], 'noeviction');
    } finally {
      redis.disconnect();
    }
  });

  it('the cluster is reached with its kubeconfig and gives a pod a token of its own issuer', async () => {
    const cluster = await testCluster();
    const core = apiOf(cluster.kubeconfig);
    const namespace = 'starts-the-parts';
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    await core.createNamespacedServiceAccount({
      namespace,
      body: { metadata: { name: 'game-server' } },
    });
    const pod = await core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name: 'one' },
        spec: { serviceAccountName: 'game-server', containers: [{ name: 'a', image: 'none' }] },
      },
    });
    const boundObjectRef = {
      apiVersion: 'v1',
      kind: 'Pod',
      name: 'one',
      uid: pod.metadata?.uid ?? '',
    };
    const answer = await core.createNamespacedServiceAccountToken({
      namespace,
      name: 'game-server',
      body: { spec: { audiences: ['lifeverse'], expirationSeconds: 600, boundObjectRef } },
    });
    const claims = decodeJwt(answer.status?.token ?? '');
    assert.equal(claims.iss, cluster.issuer);
    assert.deepEqual(claims.aud, ['lifeverse']);
    assert.deepEqual(claims['kubernetes.io'], {
      namespace,
      pod: { name: 'one', uid: boundObjectRef.uid },
      serviceaccount: {
        name: 'game-server',
        uid: (claims['kubernetes.io'] as { serviceaccount: { uid: string } }).serviceaccount.uid,
      },
    });
  });

  it('stops with its keeper: nothing is left of a part that was stopped', async () => {
    const stack = await testStack();
    const around = { ...stack.around, env: { ...stack.around.env, MONGO_URL: '' } };
    const mongo = await startMongo({
      ...stack,
      around,
      name: 'mongo-stopped',
      folder: `${stack.folder}/mongo-stopped`,
    });
    assert.ok(mongo.process !== undefined && isAlive(mongo.process));
    await mongo.stop();
    assert.equal(isAlive(mongo.process), false);
  });
});

function apiOf(kubeconfig: string): CoreV1Api {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  return config.makeApiClient(CoreV1Api);
}
