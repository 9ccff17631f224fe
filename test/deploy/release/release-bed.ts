/** Releases of a fleet in one namespace of the test cluster, by the command that a person runs. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { podlessFleet } from '../../../local/podless-fleet.ts';
import { testCluster, testStack } from '../../../local/testing.ts';
import { EAST, until, type AllocatorUnderTest } from '../../allocator/allocator-under-test.ts';
import { inheritedEnv } from '../../inherited-env.ts';

const MAIN = path.join(import.meta.dirname, '../../../deploy/release/main.ts');
const FLEETS = `/apis/agones.dev/v1/namespaces/${EAST}/fleets`;
const AUTOSCALERS = `/apis/autoscaling.agones.dev/v1/namespaces/${EAST}/fleetautoscalers`;

export interface Command {
  readonly child: ChildProcess;
  output(): string;
  /** Its exit code; null when it was killed. */
  readonly ended: Promise<number | null>;
}

export interface SeenFleet {
  readonly name: string;
  readonly build: string;
  readonly state: string | undefined;
  readonly replicas: number;
  readonly ready: number;
  readonly allocated: number;
}

interface FleetBody {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number; readonly allocatedReplicas?: number };
}

/** @param fleet stands already, as a deployment left it @param manifest instead of podless servers */
export async function releaseBed(world: AllocatorUnderTest, fleet: string, manifest: object = podlessFleet(fleet, 2)) {
  const { folder, authority } = await testStack();
  const cluster = await testCluster();
  const manifests = path.join(folder, `manifests-${randomUUID()}`);
  mkdirSync(manifests);
  const webhook = {
    url: `${world.allocator.url}/v1/autoscaler/${EAST}/${fleet}`,
    caBundle: readFileSync(authority.caFile).toString('base64'),
  };
  const autoscaler = {
    apiVersion: 'autoscaling.agones.dev/v1',
    kind: 'FleetAutoscaler',
    metadata: { name: fleet },
    spec: { fleetName: fleet, policy: { type: 'Webhook', webhook }, sync: { type: 'FixedInterval', fixedInterval: { seconds: 1 } } },
  };
  writeFileSync(path.join(manifests, 'fleet.yaml'), stringify(manifest));
  writeFileSync(path.join(manifests, 'autoscaler.yaml'), stringify(autoscaler));

  const get = async (url: string) => (await world.kube.send({ method: 'GET', path: url, timeoutMs: 30_000 })).body;
  const env = {
    ...inheritedEnv(),
    KUBECONFIG: cluster.kubeconfig,
    CONTEXTS: `${EAST}=test-cluster`,
    NAMESPACE: EAST,
    MANIFESTS: manifests,
    YES: '1',
    OVERLAP: '0',
    READY_MINUTES: '10',
  };
  /** @param killAt what it is killed at, as soon as it has said it */
  const start = (verb: 'release' | 'rollback', settings: Record<string, string> = {}, killAt?: RegExp): Command => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, verb], {
      env: { ...env, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
        if (killAt?.test(text) === true) child.kill('SIGKILL');
      });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { child, output: () => text, ended };
  };
  const fleets = async (): Promise<SeenFleet[]> => {
    const { items } = (await get(FLEETS)) as { items: FleetBody[] };
    return items
      .filter(({ metadata }) => metadata.name === fleet || metadata.labels?.['lifeverse.dev/fleet'] === fleet)
      .map(({ metadata, spec, status }) => ({
        name: metadata.name,
        build: metadata.labels?.['lifeverse.dev/build'] ?? 'dev',
        state: metadata.annotations?.['lifeverse.dev/release-state'],
        replicas: spec.replicas ?? 0,
        ready: status?.readyReplicas ?? 0,
        allocated: status?.allocatedReplicas ?? 0,
      }));
  };

  return {
    start,
    fleets,
    fleetOf: async (build: string) => {
      const found = (await fleets()).find((one) => one.build === build);
      assert.ok(found !== undefined, `there is no fleet of build ${build}`);
      return found;
    },
    /** Build → state of each fleet. */
    states: async () => Object.fromEntries((await fleets()).map(({ build, state }) => [build, state])),
    autoscaled: async () => {
      const { items } = (await get(AUTOSCALERS)) as { items: { spec: { fleetName: string } }[] };
      return items.map(({ spec }) => spec.fleetName).filter((name) => name.startsWith(fleet));
    },
    /** To its end. */
    run: async (verb: 'release' | 'rollback', settings: Record<string, string> = {}) => {
      const command = start(verb, settings);
      return { code: await command.ended, output: command.output() };
    },
    /** Until it has said this. */
    said: (command: Command, what: RegExp) =>
      until(
        `it says ${what.source}`,
        async () => {
          if (what.test(command.output())) return true;
          assert.equal(command.child.exitCode, null, `it has ended without a word of ${what.source}: ${command.output()}`);
          return false;
        },
        300_000,
      ),
    stop: async () => {
      for (const url of [AUTOSCALERS, FLEETS]) {
        const { items } = (await get(url)) as { items: { metadata: { name: string } }[] };
        for (const { metadata } of items.filter((one) => one.metadata.name.startsWith(fleet)))
          await world.kube.send({ method: 'DELETE', path: `${url}/${metadata.name}`, timeoutMs: 30_000 });
      }
    },
  };
}

/** What happens to game servers, from the watch: nothing is missed between two looks. */
export function watchServers(world: AllocatorUnderTest) {
  const ending = new AbortController();
  const states = new Map<string, string[]>();
  const watching = (async () => {
    const url = `/apis/agones.dev/v1/namespaces/${EAST}/gameservers?watch=true`;
    for await (const { type, object } of world.kube.watch(url, ending.signal)) {
      const { metadata, status } = object as {
        metadata: { uid: string; name: string; deletionTimestamp?: string };
        status?: { state?: string };
      };
      const state = type === 'DELETED' || metadata.deletionTimestamp !== undefined ? 'gone' : (status?.state ?? '');
      const before = states.get(metadata.name) ?? [];
      if (before.at(-1) !== state) states.set(metadata.name, [...before, state]);
    }
  })();
  return {
    /** Every state that it was in, in order. */
    of: (name: string) => states.get(name) ?? [],
    stop: async () => {
      ending.abort();
      await watching.catch(() => {});
    },
  };
}
