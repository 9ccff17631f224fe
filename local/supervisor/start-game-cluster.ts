/** One "GKE cluster": the control plane, the stand-in for Agones, the nodes, and the game servers of `fleets/` in it. */
import path from 'node:path';
import { KubeClient } from '../agones/kube/kube-client.ts';
import { readKubeConnection } from '../agones/kube/kube-connection.ts';
import { SERVING_NAMES } from '../agones/manifests.ts';
import { startCluster } from '../cluster/start-cluster.ts';
import type { RunningCluster } from '../cluster/start-cluster.ts';
import type { Manifest } from '../kustomize/render-folder.ts';
import type { Surroundings } from '../parts/part.ts';
import type { KeptProcess, ProcessKeeper } from '../processes/process-keeper.ts';
import { waitUntil } from '../processes/wait-until.ts';
import type { LocalAuthority } from '../tls/local-authority.ts';
import { applyManifests } from './apply-manifests.ts';
import type { PortBook, PortRange } from './port-book.ts';
import type { StateFolder } from './state-folder.ts';

export interface GameClusterParts {
  readonly name: string;
  readonly namespace: string;
  readonly tree: string;
  readonly state: StateFolder;
  readonly around: Surroundings;
  readonly keeper: ProcessKeeper;
  readonly authority: LocalAuthority;
  readonly ports: PortBook;
  readonly sampleServer: string;
  /** From the environment of the supervisor: PATH and the like. */
  readonly baseEnv: Readonly<Record<string, string>>;
  readonly nodes: number;
}

export interface GameCluster {
  readonly cluster: RunningCluster;
  readonly client: KubeClient;
  readonly hostPorts: PortRange;
  /** Agones' stand-in and the nodes, once the control plane stands. */
  play(): Promise<void>;
  /** What is rendered of `fleets/`. */
  deploy(manifests: readonly Manifest[]): Promise<void>;
  /** Agones first, so that it does not replace servers that end because their nodes do. */
  stopPlay(): Promise<void>;
  /** The control plane, after that. */
  stop(): Promise<void>;
}

export async function startGameCluster(parts: GameClusterParts): Promise<GameCluster> {
  const { name, state, around, keeper, authority, ports } = parts;
  const cluster = await startCluster({
    name,
    folder: path.join(state.data, name),
    around,
    keeper,
    authority,
    ports: {
      etcd: await ports.port(`${name}-etcd`),
      etcdPeer: await ports.port(`${name}-etcd-peer`),
      apiServer: await ports.port(`${name}-apiserver`),
    },
  });
  const client = new KubeClient(await readKubeConnection(cluster.kubeconfig));
  const hostPorts = await ports.range(`${name}-game-servers`);
  const processes: KeptProcess[] = [];
  const run = async (spec: Parameters<ProcessKeeper['start']>[0]): Promise<KeptProcess> => {
    const kept = await keeper.start(spec);
    processes.push(kept);
    return kept;
  };

  return {
    cluster,
    client,
    hostPorts,
    async play() {
      const agones = isExternal(around) ? undefined : await run(await agonesProcess(parts, cluster, hostPorts));
      if (agones === undefined) around.say(`${name}: waiting for the Agones that you start beside it, KUBECONFIG=${cluster.kubeconfig}`);
      await untilAgonesServes(client, name, agones, around.signal);
      // Only now, so that Agones sees which pods the nodes have lost since the last life.
      await run(nodeProcess(parts, cluster));
    },
    async deploy(manifests) {
      await applyManifests(client, manifests, around.signal);
    },
    async stopPlay() {
      for (const kept of processes) await kept.stop();
    },
    async stop() {
      client.close();
      await cluster.stop();
    },
  };
}

/** @throws when the setting names nothing that there is. */
function isExternal({ env }: Surroundings): boolean {
  const setting = env['LOCAL_AGONES'] ?? '';
  if (setting !== '' && setting !== 'external') throw new Error(`LOCAL_AGONES is “${setting}”: set it to external, or not at all`);
  return setting === 'external';
}

async function agonesProcess(
  parts: GameClusterParts,
  cluster: RunningCluster,
  hostPorts: PortRange,
): Promise<Parameters<ProcessKeeper['start']>[0]> {
  const { name, authority } = parts;
  const certificate = await authority.issue({
    name: `${name}-agones`,
    commonName: `${name}-agones`,
    use: 'server',
    dnsNames: SERVING_NAMES,
  });
  return {
    name: `${name}-agones`,
    command: process.execPath,
    args: [path.join(parts.tree, 'local/agones/main.ts')],
    cwd: parts.tree,
    env: {
      ...parts.baseEnv,
      KUBECONFIG: cluster.kubeconfig,
      AGONES_PORT: String(await parts.ports.port(`${name}-agones`)),
      AGONES_CERT_FILE: certificate.certFile,
      AGONES_KEY_FILE: certificate.keyFile,
      AGONES_CA_FILE: authority.caFile,
      AGONES_MIN_PORT: String(hostPorts.first),
      AGONES_MAX_PORT: String(hostPorts.last),
      AGONES_BATCH_WAIT_MS: parts.around.env['AGONES_BATCH_WAIT_MS'] ?? '500',
      AGONES_NAMESPACES: parts.namespace,
    },
  };
}

function nodeProcess(parts: GameClusterParts, cluster: RunningCluster): Parameters<ProcessKeeper['start']>[0] {
  const { name, state } = parts;
  const sdkServer = parts.around.env['AGONES_SDK_SERVER'];
  return {
    name: `${name}-node`,
    command: process.execPath,
    args: [path.join(parts.tree, 'local/node/main.ts')],
    cwd: parts.tree,
    env: {
      ...parts.baseEnv,
      KUBECONFIG: cluster.kubeconfig,
      NODES: Array.from({ length: parts.nodes }, (_, index) => `${name}-${index + 1}`).join(','),
      // As the node pool for game servers has it.
      NODE_LABELS: `topology.kubernetes.io/region=${name},lifeverse.dev/pool=game-servers`,
      PODS_FOLDER: path.join(state.pods, name),
      LOG_FOLDER: path.join(state.logs, 'pods', name),
      RUN_FOLDER: path.join(state.run, 'pods', name),
      SAMPLE_SERVER: parts.sampleServer,
      ...(sdkServer === undefined ? {} : { AGONES_SDK_SERVER: path.resolve(parts.tree, sdkServer) }),
      CONTAINER_ENV: 'NODE_COMPILE_CACHE',
    },
    // Its containers get a few seconds each.
    graceMs: 30_000,
  };
}

const STAND_IN_SERVES_MS = 60_000;
/** Someone starts it by hand. */
const EXTERNAL_SERVES_MS = 3_600_000;

async function untilAgonesServes(client: KubeClient, cluster: string, agones: KeptProcess | undefined, signal: AbortSignal): Promise<void> {
  const served = async (path: string): Promise<boolean> => {
    try {
      await client.send({ method: 'GET', path, timeoutMs: 2_000, signal });
      return true;
    } catch {
      return false;
    }
  };
  await waitUntil(
    async () => {
      if (agones?.end !== undefined) throw new Error(`${agones.name} has ended while starting, see ${agones.logFile}`);
      return (await served('/apis/allocation.agones.dev/v1')) && served('/apis/agones.dev/v1/fleets');
    },
    {
      what: `Agones serves its resources and allocations in ${cluster}`,
      deadlineMs: agones === undefined ? EXTERNAL_SERVES_MS : STAND_IN_SERVES_MS,
      signal,
      everyMs: 200,
    },
  );
}
