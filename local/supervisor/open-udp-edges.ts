/** An edge before the game servers of each cluster, where the setting asks for it. */
import type { RunningCluster } from '../cluster/start-cluster.ts';
import type { KeptProcess, ProcessKeeper } from '../processes/process-keeper.ts';
import { edgeHost, startUdpEdge, type EdgePorts } from '../quilkin/start-udp-edge.ts';
import type { PortBook } from './port-book.ts';

export interface UdpEdgesParts {
  /** UDP_EDGE: the address at which players are served; none without it. */
  readonly setting: string | undefined;
  readonly clusters: readonly string[];
  readonly ports: PortBook;
  readonly tree: string;
  readonly quilkin: string | undefined;
  readonly keeper: ProcessKeeper;
  readonly baseEnv: Readonly<Record<string, string>>;
}

export interface EdgePlace {
  readonly host: string;
  readonly port: number;
  readonly adminUrl: string;
}

export interface UdpEdges {
  /** Cluster → its edge. */
  readonly places: Readonly<Record<string, EdgePlace>>;
  start(cluster: RunningCluster, namespace: string, signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** Their places are known before they are started: the allocator is told them. */
export async function openUdpEdges(parts: UdpEdgesParts): Promise<UdpEdges> {
  const { setting = '', quilkin, tree, keeper, baseEnv } = parts;
  if (setting === '' || quilkin === undefined) return { places: {}, start: async () => {}, stop: async () => {} };
  const host = edgeHost(setting);
  const ports = new Map<string, EdgePorts>();
  for (const name of parts.clusters) ports.set(name, await portsOf(parts.ports, name));
  const running: KeptProcess[] = [];
  return {
    places: Object.fromEntries(
      [...ports].map(([name, { game, proxyAdmin }]) => [name, { host, port: game, adminUrl: `http://127.0.0.1:${proxyAdmin}` }]),
    ),
    start: async ({ name, kubeconfig }, namespace, signal) => {
      const own = ports.get(name);
      if (own === undefined) return;
      const options = { name, tree, quilkin, kubeconfig, namespace, ports: own, keeper, baseEnv, signal };
      await startUdpEdge(options, (kept) => void running.push(kept));
    },
    stop: async () => {
      await Promise.all(running.map((kept) => kept.stop()));
    },
  };
}

async function portsOf(ports: PortBook, name: string): Promise<EdgePorts> {
  const port = (what: string) => ports.port(`${name}-udp-${what}`);
  return {
    game: await port('edge'),
    proxyAdmin: await port('proxy-admin'),
    agentAdmin: await port('agent-admin'),
    agent: await port('agent'),
  };
}
