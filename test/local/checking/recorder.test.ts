import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { GAME_SERVER_MARKS } from '../../../contracts/allocator.ts';
import { KubeClient } from '../../../local/agones/kube/kube-client.ts';
import { readKubeConnection } from '../../../local/agones/kube/kube-connection.ts';
import { doubledOf, orphansOf } from '../../../local/checking/game-server-history.ts';
import { startRecorder } from '../../../local/checking/recorder.ts';
import { waitUntil } from '../../../local/processes/wait-until.ts';
import { testCluster } from '../../../local/testing.ts';
import { SILENT_LOG } from '../../../runtime/log.ts';
import { EAST, WEST } from '../../allocator/allocator-under-test.ts';
import { startStandInProcess } from '../../allocator/stand-in-process.ts';

describe('The recorder at a real API server', function () {
  this.timeout(300_000);
  const stop = new AbortController();
  after(() => stop.abort());

  it('sees a planted double, and a planted orphan', async () => {
    const cluster = await testCluster();
    // The stand-in is one for the whole run.
    await startStandInProcess(cluster, [EAST, WEST]);
    const namespace = EAST;
    const [first, second] = [`first-${randomUUID().slice(0, 8)}`, `second-${randomUUID().slice(0, 8)}`];
    const client = new KubeClient(await readKubeConnection(cluster.kubeconfig));
    const one = {
      name: 'one',
      kubeconfig: cluster.kubeconfig,
      namespace,
    };
    const recorder = await startRecorder({ clusters: [one] }, SILENT_LOG, Date.now, stop.signal);
    const uid = randomBytes(16).toString('hex');

    const plant = async (name: string): Promise<void> => {
      const path = `/apis/agones.dev/v1/namespaces/${namespace}/gameservers`;
      await client.send({
        method: 'POST',
        path,
        body: {
          apiVersion: 'agones.dev/v1',
          kind: 'GameServer',
          metadata: {
            name,
            labels: { [GAME_SERVER_MARKS.owner]: 'planted', [GAME_SERVER_MARKS.uid]: uid, [GAME_SERVER_MARKS.attempt]: '1' },
            annotations: { 'agones.dev/dev-address': '127.0.0.1' },
          },
          spec: {
            ports: [{ name: 'game', portPolicy: 'Static', hostPort: 7_777, containerPort: 7_777 }],
            template: { spec: { containers: [{ name: 'game', image: 'none' }] } },
          },
        },
      });
      await until(`${name} is Ready`, () => recorder.find('one', namespace, name)?.status?.state === 'Ready');
      await client.send({
        method: 'PATCH',
        path: `${path}/${name}`,
        contentType: 'application/merge-patch+json',
        body: { status: { state: 'Allocated' } },
      });
    };
    const stays = () => recorder.history.stays.filter((stay) => stay.uid === uid);
    const known = new Map([[uid, { uid, attempt: 1, attemptSince: 0 }]]);

    await plant(first);
    await until('the first is recorded', () => stays().length === 1);
    assert.equal(doubledOf(stays(), Date.now()), 0);
    assert.equal(orphansOf(stays(), known, Date.now(), true).length, 0);
    assert.equal(orphansOf(stays(), new Map(), Date.now(), true).length, 1);

    await plant(second);
    await until('the second is recorded', () => stays().length === 2);
    assert.equal(doubledOf(stays(), Date.now()), 1);

    await client.send({ method: 'DELETE', path: `/apis/agones.dev/v1/namespaces/${namespace}/gameservers/${first}` });
    await until('the first is gone', () => stays().filter(({ until: gone }) => gone !== undefined).length === 1);
    assert.equal(doubledOf(stays(), Date.now()), 1);
    client.close();
  });

  const until = (what: string, holds: () => boolean) => waitUntil(holds, { what, deadlineMs: 90_000, signal: stop.signal });
});
