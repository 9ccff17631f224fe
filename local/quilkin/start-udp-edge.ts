/**
 * The edge of one local cluster: an agent and a proxy, as `fleets/components/udp-proxies` runs them.
 *
 *     API server ──(watch)──▶ agent ──(loopback)──▶ proxy ◀──UDP── players
 *                                                     └──UDP──▶ game servers
 */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import path from 'node:path';
import { readManifests } from '../kustomize/render-folder.ts';
import type { KeptProcess, ProcessKeeper } from '../processes/process-keeper.ts';
import { waitUntil } from '../processes/wait-until.ts';
import { edgeCommand, type EdgeCommand } from './edge-command.ts';

export interface EdgePorts {
  readonly game: number;
  readonly proxyAdmin: number;
  readonly agentAdmin: number;
  readonly agent: number;
}

export interface UdpEdgeOptions {
  readonly name: string;
  readonly tree: string;
  /** The program. */
  readonly quilkin: string;
  readonly kubeconfig: string;
  /** Of the game servers. */
  readonly namespace: string;
  readonly ports: EdgePorts;
  readonly keeper: ProcessKeeper;
  readonly baseEnv: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

const COMPONENT = 'fleets/components/udp-proxies';
const READY_MS = 60_000;
const ASK_MS = 5_000;

/**
 * An address of this machine at which players can be served.
 * @throws Error for one at which they cannot: Quilkin takes a datagram from a loopback address for a forged one, and drops it.
 */
export function edgeHost(setting: string): string {
  if (isIP(setting) === 4 && !setting.startsWith('127.')) return setting;
  throw new Error(
    `UDP_EDGE is “${setting}”: give an IPv4 address of this machine that is not 127.…, since Quilkin drops whatever comes from there`,
  );
}

/** @param started is told of each process as soon as there is one: whoever called ends it. Resolves when players are served. */
export async function startUdpEdge(options: UdpEdgeOptions, started: (kept: KeptProcess) => void): Promise<void> {
  const { name, tree, ports } = options;
  const manifests = readManifests(await readFile(path.join(tree, COMPONENT, 'proxies.yaml'), 'utf8'));
  const config = path.join(tree, COMPONENT, 'quilkin.yaml');
  const agent = edgeCommand(manifests, 'agent', {
    '--config': config,
    '--admin.address': `127.0.0.1:${ports.agentAdmin}`,
    '--service.xds.port': String(ports.agent),
    '--provider.k8s.agones.namespaces': options.namespace,
  });
  const proxy = edgeCommand(manifests, 'proxy', {
    '--config': config,
    '--admin.address': `127.0.0.1:${ports.proxyAdmin}`,
    '--service.udp.port': String(ports.game),
    '--provider.xds.endpoints': `http://127.0.0.1:${ports.agent}`,
    '--termination-timeout': '1s',
  });
  const start = async (role: string, { args, env }: EdgeCommand, adminPort: number) => {
    const own = { ...options.baseEnv, ...env, QUILKIN_SERVICE_ID: `${name}-${role}`, KUBECONFIG: options.kubeconfig };
    const kept = await options.keeper.start({ name: `${name}-udp-${role}`, command: options.quilkin, args, env: own, graceMs: 4_000 });
    started(kept);
    await untilReady(kept, adminPort, options.signal);
  };
  await start('agent', agent, ports.agentAdmin);
  await start('proxy', proxy, ports.proxyAdmin);
}

async function untilReady(kept: KeptProcess, port: number, signal: AbortSignal): Promise<void> {
  const isReady = async () => {
    if (kept.end !== undefined) throw new Error(`${kept.name} has ended while starting, see ${kept.logFile}`);
    const answer = await fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(ASK_MS) }).catch(() => undefined);
    await answer?.body?.cancel();
    return answer?.status === 200;
  };
  await waitUntil(isReady, { what: `${kept.name} is ready (${kept.logFile})`, deadlineMs: READY_MS, signal, everyMs: 100 });
}
