import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { CoreV1Api, CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import { Agent, request } from 'undici';
import { allocatorApi } from '../../contracts/allocator-api.ts';
import { createClient } from '../../contracts/client.ts';
import { knock } from '../../deploy/cluster/smoke/knock.ts';
import { smokeSession } from '../../deploy/cluster/smoke/smoke-session.ts';
import { identityOf, isAlive } from '../../local/processes/process-identity.ts';
import type { ProcessIdentity } from '../../local/processes/process-identity.ts';
import { readRunRecords } from '../../local/processes/run-records.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { readStackFile } from '../../local/supervisor/stack-file.ts';
import type { StackFile } from '../../local/supervisor/stack-file.ts';
import { followSizes } from '../../local/demo/follow-sizes.ts';
import { Tally } from '../../local/demo/tally.ts';
import { testStack } from '../../local/testing.ts';
import { createHttpSend } from '../../runtime/http-send.ts';
import { SILENT_LOG } from '../../runtime/log.ts';

const MAIN = path.join(import.meta.dirname, '../../local/main.ts');
/** A first run builds the parts. */
const START_MS = 1_800_000;

describe('the local stack', function () {
  this.timeout(START_MS);

  let state: string;
  let env: NodeJS.ProcessEnv;
  let stack: StackFile;

  /** @returns exit code and what was printed. */
  const command = async (...args: string[]): Promise<{ code: number | null; said: string }> => {
    const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, said };
  };
  const up = async (): Promise<void> => {
    const { code, said } = await command('up');
    assert.equal(code, 0, said);
    const read = readStackFile(path.join(state, 'stack.json'));
    assert.ok(read !== undefined);
    stack = read;
  };
  const living = (): ProcessIdentity[] =>
    readRunRecords(path.join(state, 'run'))
      .map(({ record }) => record)
      .filter((record) => isAlive(record));
  const isReady = async (opsUrl: string): Promise<boolean> => {
    const dispatcher = new Agent({ connect: { ca: readFileSync(stack.caFile) } });
    try {
      const answer = await request(`${opsUrl}/readyz`, { dispatcher, signal: AbortSignal.timeout(10_000) });
      await answer.body.dump();
      return answer.statusCode === 200;
    } catch {
      return false;
    } finally {
      await dispatcher.close();
    }
  };

  const waiting = (what: string) => ({ what, deadlineMs: 180_000, signal: new AbortController().signal });

  before(async () => {
    const { folder } = await testStack();
    // `testing.ts` brings down every `*stack` of a run that was killed.
    state = path.join(folder, 'own-stack');
    env = { ...process.env, LIFEVERSE_STATE_DIR: state };
    await up();
  });
  after(async () => {
    await command('down');
    rmSync(state, { recursive: true, force: true });
  });

  it('says in stack.json where everything is, to its owner only', async () => {
    assert.equal(statSync(path.join(state, 'stack.json')).mode & 0o077, 0);
    assert.deepEqual(
      stack.clusters.map(({ name }) => name),
      ['europe-west1', 'us-east1'],
    );
    for (const [name, { opsUrl }] of Object.entries(stack.services)) await waitUntil(() => isReady(opsUrl), waiting(`${name} is ready`));
    assert.equal((await command('status')).code, 0);
  });

  it('has the fleets of fleets/base Ready in both clusters, as any Kubernetes client sees them', async () => {
    for (const { kubeconfig, namespace } of stack.clusters) {
      const config = new KubeConfig();
      config.loadFromFile(kubeconfig);
      const api = config.makeApiClient(CustomObjectsApi);
      const ready = async (): Promise<string> => {
        const list = (await api.listNamespacedCustomObject({ group: 'agones.dev', version: 'v1', namespace, plural: 'fleets' })) as {
          items: { metadata: { name: string }; spec: { replicas: number }; status: { readyReplicas: number } }[];
        };
        return list.items.map(({ metadata, spec, status }) => `${metadata.name} ${status.readyReplicas === spec.replicas}`).join();
      };
      // Its autoscaler may just have changed how many it is to have.
      await waitUntil(async () => (await ready()) === 'sample-duel true,sample-world true', waiting(`all of ${namespace} are Ready`));
    }
  });

  it('scales every fleet by what its own allocator answers', async () => {
    for (const { kubeconfig, namespace } of stack.clusters) {
      const config = new KubeConfig();
      config.loadFromFile(kubeconfig);
      const api = config.makeApiClient(CustomObjectsApi);
      const applied = async (): Promise<string[]> => {
        const list = (await api.listNamespacedCustomObject({
          group: 'autoscaling.agones.dev',
          version: 'v1',
          namespace,
          plural: 'fleetautoscalers',
        })) as { items: { metadata: { name: string }; status?: { lastAppliedPolicy: string } }[] };
        return list.items.map(({ metadata, status }) => `${metadata.name} ${status?.lastAppliedPolicy}`);
      };
      const expected = ['sample-duel Chain:demand:Webhook', 'sample-world Chain:demand:Webhook'];
      const asks = async () => JSON.stringify(await applied()) === JSON.stringify(expected);
      await waitUntil(asks, waiting('every autoscaler asks the allocator'));
    }
  });

  it('passes the smoke test of a deployment: a session through the API, its game port reached, and ended', async () => {
    const http = createHttpSend(stack.caFile);
    try {
      const allocator = createClient(allocatorApi, {
        baseUrl: stack.services['allocator']?.url ?? '',
        send: http.send,
        token: () => stack.tokens['matchmaker'],
      });
      const said: string[] = [];
      const id = 'smoke-test';
      await smokeSession(
        { id, fleet: 'sample-duel', build: 'dev', map: 'arena', isSample: true },
        { allocator, knock, random: randomBytes, now: Date.now, say: (line) => said.push(line), signal: new AbortController().signal },
      );
      assert.match(said.join('\n'), /ready after .*\n.*game port answers.*\n.*ended/);
      assert.equal((await allocator.getAllocation({ params: { id }, query: {}, headers: {} })).body.state, 'ended');
    } finally {
      await http.close();
    }
  });

  it('gives the server of a world another size while its session runs, as its fleet’s profile says', async () => {
    const http = createHttpSend(stack.caFile);
    const watching = new AbortController();
    try {
      // The demo's own eye for it.
      const tally = new Tally(Date.now, () => {});
      await followSizes(stack, tally, SILENT_LOG, watching.signal);
      const token = () => stack.tokens['matchmaker'];
      const allocator = createClient(allocatorApi, { baseUrl: stack.services['allocator']?.url ?? '', send: http.send, token });
      const id = 'sized-by-its-load';
      const session = { map: 'meadow', capacity: 4 };
      const body = { id, fleet: 'sample-world', build: 'dev', mode: 'world', session, players: [{ id: 'ann' }], deadlineSeconds: 600 };
      await allocator.requestAllocation({ headers: {}, body });
      const placed = async () => (await allocator.getAllocation({ params: { id }, query: { wait: 5 }, headers: {} })).body.server;
      const wait = (what: string) => ({ ...waiting(what), everyMs: 200 });
      await waitUntil(async () => (await placed()) !== undefined, wait('it has a server'));
      const server = await placed();
      const { kubeconfig, namespace } = stack.clusters.find(({ name }) => name === server?.cluster) ?? assert.fail(server?.cluster);
      const config = new KubeConfig();
      config.loadFromFile(kubeconfig);
      const api = config.makeApiClient(CoreV1Api);
      const asked = async () => {
        const pod = await api.readNamespacedPod({ namespace, name: server?.gameServer ?? '' });
        const isGame = ({ name }: { name: string }) => name === 'game-server';
        const given = pod.status?.containerStatuses?.find(isGame)?.resources?.requests;
        return [pod.spec?.containers.find(isGame)?.resources?.requests?.['cpu'], given?.['cpu'], given?.['memory']];
      };
      await waitUntil(async () => (await asked()).join(' ') === '100m 100m 48Mi', wait('its node has given it the size of a session'));
      await waitUntil(async () => tally.resizedServers.has(server?.gameServer ?? ''), wait('the demo shows it'));
      assert.match(
        tally.news[0]?.text ?? '',
        /is resized with its session: 50m of a core, 32Mi to 128Mi of memory → 100m of a core, 48Mi to 192Mi/,
      );
      await allocator.cancelAllocation({ params: { id } });
    } finally {
      watching.abort();
      await http.close();
    }
  });

  it('refuses a second supervisor of the same folder', async () => {
    const { code, said } = await command('run');
    assert.equal(code, 1);
    assert.match(said, /up already/);
  });

  it('starts a service again that was killed', async () => {
    const record = readRunRecords(path.join(state, 'run')).find(({ record: { name } }) => name === 'allocator')?.record;
    assert.ok(record !== undefined);
    process.kill(record.pid, 'SIGKILL');
    const opsUrl = stack.services['allocator']?.opsUrl ?? '';
    await waitUntil(async () => !isAlive(record) && (await isReady(opsUrl)), waiting('the allocator is back'));
  });

  it('recovers on the next start from a kill -9 of its supervisor, and keeps its URLs', async () => {
    const before = { ids: living(), services: stack.services };
    assert.ok(before.ids.length > 20);
    process.kill(stack.supervisor.pid, 'SIGKILL');
    await waitUntil(() => !isAlive(stack.supervisor), waiting('it is gone'));
    assert.equal((await command('status')).code, 3);
    await up();
    for (const identity of before.ids) assert.equal(isAlive(identity), false);
    assert.deepEqual(stack.services, before.services);
  });

  it('leaves nothing behind when it goes down', async () => {
    const before = living();
    assert.equal((await command('down')).code, 0);
    for (const identity of before) assert.equal(isAlive(identity), false);
    assert.equal(identityOf(stack.supervisor.pid), undefined);
    assert.equal((await command('status')).code, 3);
  });
});
