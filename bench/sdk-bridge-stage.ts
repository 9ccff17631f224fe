/** What the bridge is measured on: itself as its image runs it, and Agones' sidecar as a process of its own, the stand-in or a real one. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import path from 'node:path';
import { bundle } from '../deploy/images/bundle/bundle.ts';
import { freePort } from '../local/processes/free-port.ts';
import { waitUntil } from '../local/processes/wait-until.ts';
import { BRIDGE_ENV, BRIDGE_NODE_FLAGS } from '../sdk-bridge/image/node-flags.ts';
import { sharedStandIn } from '../test/conformance/agones/conformance-cluster.ts';
import { standNode, startSidecarBed } from '../test/conformance/agones/sidecar-bed.ts';
import type { PodOptions } from '../test/sdk-bridge/stand-in/bridge-process.ts';

const ROOT = path.join(import.meta.dirname, '..');

/** For `startPod`: what a pod of `fleets/base` runs. */
export async function asInItsImage(): Promise<Required<Pick<PodOptions, 'script' | 'nodeArgs' | 'env'>>> {
  const { script } = await bundle(ROOT, 'sdk-bridge', path.join(ROOT, '.local', 'bench', 'bridge'));
  return { script, nodeArgs: BRIDGE_NODE_FLAGS, env: BRIDGE_ENV };
}

export interface Sidecar {
  readonly grpcPort: number;
  readonly httpPort: number;
  stop(): void;
}

/** The stand-in's sidecar for a game server that is there and waits. */
export async function startSidecarProcess(name: string): Promise<Sidecar> {
  const cluster = await sharedStandIn();
  await standNode(cluster);
  const health = { initialDelaySeconds: 60, periodSeconds: 5, failureThreshold: 3 };
  const spec = { health, ports: [{ name: 'default', portPolicy: 'Dynamic', containerPort: 7_777, protocol: 'UDP' }] };
  // The bed makes the game server; its own sidecar, in this process, would be measured together with whoever asks.
  const namespace = 'bench-bridge';
  (await startSidecarBed({ cluster, namespace, name, spec, writeDelayMs: 500 })).stop();
  const [grpcPort, httpPort, healthPort] = [await freePort(), await freePort(), await freePort()];
  const flags = {
    'gameserver-name': name,
    'pod-namespace': namespace,
    kubeconfig: cluster.kubeconfig,
    'grpc-port': grpcPort,
    'http-port': httpPort,
    'health-port': healthPort,
  };
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  const child: ChildProcess = spawn(process.execPath, ['local/agones/sdk-server/main.ts', ...args], { cwd: ROOT, stdio: 'ignore' });
  const wait = { what: 'the sidecar answers', deadlineMs: 30_000, everyMs: 100, signal: new AbortController().signal };
  await waitUntil(async () => (await fetch(`http://127.0.0.1:${httpPort}/gameserver`).catch(() => undefined))?.ok === true, wait);
  return { grpcPort, httpPort, stop: () => void child.kill('SIGKILL') };
}

/** `AGONES_SDK_SIDECAR=9357,9358`: gRPC and HTTP port of a real sidecar on this machine, such as one started with `--local`. */
export function realSidecar(env: NodeJS.ProcessEnv): Pick<Sidecar, 'grpcPort' | 'httpPort'> | undefined {
  const [grpcPort, httpPort] = (env['AGONES_SDK_SIDECAR'] ?? '').split(',').map(Number);
  return grpcPort && httpPort ? { grpcPort, httpPort } : undefined;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

/** Over one connection that is kept, as a game server's; bare `node:http`, so that little of what is measured is ours. */
export function caller(port: number): { send(call: Call): Promise<number>; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    send: ({ method, path: target, body }) =>
      new Promise((resolve, reject) => {
        const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
        const asked = request({ host: '127.0.0.1', port, path: target, method, agent, headers }, (answer) => {
          answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
        });
        asked.once('error', reject);
        asked.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** Resident memory in MB (proc(5)). */
export function residentOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

/** User and system time in milliseconds (proc(5): fields 14 and 15, in ticks of 10 ms). */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
