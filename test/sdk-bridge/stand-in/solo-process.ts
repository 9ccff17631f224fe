/** `npm run bridge -- --solo` as a process of the test, which may be killed and started anew on its folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bridgeApi } from '../../../contracts/bridge.ts';
import { soloApi } from '../../../contracts/bridge-solo.ts';
import { createClient, type Client } from '../../../contracts/client.ts';
import { createHttpSend } from '../../../runtime/http-send.ts';
import type { PodOptions } from './bridge-process.ts';
import { until } from './until.ts';

export interface Solo {
  readonly folder: string;
  readonly port: () => number;
  readonly grpcPort: () => number;
  readonly pid: () => number;
  /** What was printed, on stdout and stderr. */
  readonly said: () => string;
  readonly script: Client<(typeof soloApi)['endpoints']>;
  readonly bridge: Client<(typeof bridgeApi)['endpoints']>;
  /** kill -9, then a new process on the same folder and port. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

export async function startSolo(
  args: readonly string[] = [],
  { nodeArgs = [], script = 'sdk-bridge/main.ts', env }: Pick<PodOptions, 'nodeArgs' | 'script' | 'env'> = {},
): Promise<Solo> {
  const folder = await mkdtemp(join(tmpdir(), 'solo-'));
  const http = createHttpSend();
  let port = 0;
  let grpcPort = 0;
  let said = '';
  let child: ChildProcess;
  const start = async () => {
    const mark = said.length;
    const flags = ['--solo', `--folder=${folder}`, `--port=${port}`, '--grpc-port=0', ...args];
    child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...nodeArgs, script, ...flags], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(() => said.includes('Ctrl-C', mark) || child.exitCode !== null, 'the solo bridge is up');
    if (child.exitCode !== null) throw new Error(`it has ended: ${said}`);
    grpcPort = Number(/:(\d+) \(Agones gRPC\)/.exec(said.slice(mark))?.[1]);
    port = Number(/listens on +http:\/\/127\.0\.0\.1:(\d+)/.exec(said.slice(mark))?.[1]);
  };
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  await start();
  const send = (request: Parameters<typeof http.send>[0]) => http.send({ ...request, url: `http://127.0.0.1:${port}${request.url}` });
  return {
    folder,
    port: () => port,
    grpcPort: () => grpcPort,
    pid: () => child.pid ?? 0,
    said: () => said,
    script: createClient(soloApi, { baseUrl: '', send }),
    bridge: createClient(bridgeApi, { baseUrl: '', send }),
    crash: async () => {
      await kill();
      await start();
    },
    close: async () => {
      await kill();
      await http.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
