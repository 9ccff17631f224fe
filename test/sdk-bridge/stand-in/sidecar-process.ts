/** Agones' sidecar as a pod has it: the stand-in's own program, a process that is killed and started again on the same ports. */
import { spawn, type ChildProcess } from 'node:child_process';
import { freePort } from '../../../local/processes/free-port.ts';
import { until } from './until.ts';
import { inheritedEnv } from '../../inherited-env.ts';

export interface SidecarProcess {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** `SIGKILL` ends it at once, and resolves when it is gone; `SIGSTOP` and `SIGCONT` make it hang for a while. */
  signal(name: NodeJS.Signals): Promise<void>;
  /** Resolves when it answers. */
  start(): Promise<void>;
}

export interface SidecarProcessOptions {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly name: string;
  readonly flags?: readonly string[];
}

export async function startSidecarProcess({ kubeconfig, namespace, name, flags = [] }: SidecarProcessOptions): Promise<SidecarProcess> {
  const [grpcPort, httpPort, healthPort] = [await freePort(), await freePort(), await freePort()];
  const args = [`--gameserver-name=${name}`, `--pod-namespace=${namespace}`, `--kubeconfig=${kubeconfig}`];
  const ports = [`--grpc-port=${grpcPort}`, `--http-port=${httpPort}`, `--health-port=${healthPort}`];
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(process.execPath, ['local/agones/sdk-server/main.ts', ...args, ...ports, ...flags], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: inheritedEnv(),
    });
    const answers = () =>
      fetch(`http://127.0.0.1:${httpPort}/gameserver`).then(
        ({ ok }) => ok,
        () => false,
      );
    await until(answers, "Agones' sidecar answers");
  };
  await start();
  return {
    grpcPort,
    httpPort,
    start,
    signal: async (signal) => {
      const { promise: gone, resolve } = Promise.withResolvers<void>();
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.once('exit', () => resolve());
      child.kill(signal);
      if (signal === 'SIGKILL') await gone;
    },
  };
}
