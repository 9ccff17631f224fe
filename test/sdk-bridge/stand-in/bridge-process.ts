/** A bridge as a pod runs it: its own process, configured by its environment, killed and started at will. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bridgeApi, type Verdict } from '../../../contracts/bridge.ts';
import { createClient, type Client } from '../../../contracts/client.ts';
import { createHttpSend } from '../../../runtime/http-send.ts';
import { startBackend, UID, type Backend } from './backend.ts';
import { startSidecar, type Sidecar } from './agones-sidecar.ts';
import { until } from './until.ts';
import { inheritedEnv } from '../../inherited-env.ts';

export interface Pod {
  readonly sidecar: Sidecar;
  readonly backend: Backend;
  readonly tokenFile: string;
  /** The bridge's spool is below it. */
  readonly folder: string;
  readonly url: () => string;
  readonly grpcPort: () => number;
  readonly opsUrl: () => string;
  readonly api: Client<(typeof bridgeApi)['endpoints']>;
  readonly log: () => string;
  readonly pid: () => number;
  /** Hello, warm, Ready, allocated, claimed, accepted. */
  play(): Promise<void>;
  /** The verdict over a ticket. */
  admit(ticket: string): Promise<Verdict>;
  /** The allocator's marks appear on the game server. */
  allocate(): void;
  /** kill -9, then a new process on the same spool and port. */
  crash(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
  close(): Promise<void>;
}

const GAME_SERVER = 'gs-1';

export interface PodOptions {
  readonly world?: string;
  /** Agones' alpha of that name is on. */
  readonly playerTracking?: boolean;
  readonly env?: Record<string, string>;
  /** Further environment, from the pod's own folder. */
  readonly files?: (folder: string) => Record<string, string>;
  /** Before the script. */
  readonly nodeArgs?: readonly string[];
  /** In place of the bridge's own sources. */
  readonly script?: string;
}

/** One whose session is joinable, and where these players have come in. */
export async function startPlayingPod(options: PodOptions = {}, players: readonly string[] = []): Promise<Pod> {
  const pod = await startPod(options);
  await pod.play();
  for (const player of players) await pod.admit(await pod.backend.ticket(player));
  return pod;
}

export async function startPod(options: PodOptions = {}): Promise<Pod> {
  const folder = await mkdtemp(join(tmpdir(), 'bridge-'));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'projected-1\n');
  const sidecar = await startSidecar(GAME_SERVER, options.playerTracking);
  const backend = await startBackend(GAME_SERVER, options.world);
  const http = createHttpSend();
  let port = 0;
  let grpcPort = 0;
  let opsPort = 0;
  let output = '';
  let child: ChildProcess;

  const start = async () => {
    const mark = output.length;
    child = spawn(process.execPath, [...(options.nodeArgs ?? []), options.script ?? 'sdk-bridge/main.ts'], {
      env: {
        ...inheritedEnv(),
        ALLOCATOR_URL: backend.allocatorUrl,
        SAVES_URL: backend.savesUrl,
        TOKEN_FILE: tokenFile,
        POD_NAME: GAME_SERVER,
        POD_NAMESPACE: 'default',
        AGONES_SDK_GRPC_PORT: String(sidecar.port),
        AGONES_SDK_HTTP_PORT: String(sidecar.httpPort),
        BRIDGE_HTTP_PORT: String(port),
        BRIDGE_GRPC_PORT: String(grpcPort),
        OPS_PORT: '0',
        SPOOL_DIR: join(folder, 'spool'),
        HEALTH_BEAT_MS: '100',
        LOG_LEVEL: 'debug',
        ...options.files?.(folder),
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const listening = () => /^\{.*"message":"listening".*\}$/m.exec(output.slice(mark))?.[0];
    await until(() => listening() !== undefined || child.exitCode !== null, 'the bridge listens');
    const told = JSON.parse(listening() ?? '{}') as { port?: number; grpcPort?: number; opsPort?: number };
    port = told.port ?? port;
    grpcPort = told.grpcPort ?? grpcPort;
    opsPort = told.opsPort ?? opsPort;
  };
  const stop = async (signal: NodeJS.Signals) => {
    const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    return gone;
  };
  const close = async () => {
    await stop('SIGKILL');
    await http.close();
    await backend.close();
    await sidecar.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (cause) {
    await close();
    throw cause;
  }
  const api = createClient(bridgeApi, {
    baseUrl: '',
    send: (request) => http.send({ ...request, url: `http://127.0.0.1:${port}${request.url}` }),
  });
  const allocate = () => sidecar.allocate({ 'lifeverse.dev/uid': UID, 'lifeverse.dev/attempt': '1' });

  return {
    play: async () => {
      await api.hello({ body: { build: 'b1', plugin: 'test' } });
      await api.warm({});
      await until(() => sidecar.state() === 'Ready', 'Agones knows Ready');
      allocate();
      await api.session({ query: { wait: 10, from: 'idle' } });
      await api.accept({ body: { port: 7777, build: 'b1' } });
    },
    admit: async (ticket) => (await api.admit({ body: { ticket } })).body,
    sidecar,
    backend,
    tokenFile,
    folder,
    url: () => `http://127.0.0.1:${port}`,
    grpcPort: () => grpcPort,
    opsUrl: () => `http://127.0.0.1:${opsPort}`,
    api,
    log: () => output,
    pid: () => child.pid ?? 0,
    allocate,
    crash: async () => {
      await stop('SIGKILL');
      await start();
    },
    kill: stop,
    close,
  };
}
