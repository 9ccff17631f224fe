/**
 * `--solo`: the bridge with no cluster and no backend, for the editor and laptops.
 *
 *     game server ──▶ the bridge, as it always is ──▶ allocator and saves: this process, by their endpoint tables
 *                               └───── gRPC ───────▶ Agones' sidecar: this process
 *     you ──▶ /lifeverse/v1/solo ── scripts all three
 *
 * One session is one life of the bridge: a hello after the end, or a reset, begins the next one in this process, on the same ports. What was
 * kept and cannot be read stops it: to go on would be to write over it.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import type { Server as GrpcServer } from '@grpc/grpc-js';
import { AppError } from '../../contracts/app-error.ts';
import { allocatorApi } from '../../contracts/allocator-api.ts';
import { soloApi } from '../../contracts/bridge-solo.ts';
import type { Send } from '../../contracts/client.ts';
import { savesApi } from '../../contracts/saves.ts';
import { ConfigError } from '../../runtime/config.ts';
import { createLifecycle, untilSignal, type Lifecycle } from '../../runtime/lifecycle.ts';
import { createLog, type Log } from '../../runtime/log.ts';
import { serveApi } from '../../runtime/serve-api.ts';
import { readBridgeConfig, type BridgeConfig } from '../config.ts';
import type { SessionState } from '../session.ts';
import { UnreadableFile } from '../store/kept-file.ts';
import { listenGrpc, listenLoopback } from '../surface/listen-loopback.ts';
import { openAll, openPort } from '../surface/open-port.ts';
import { EXPOSITION_TYPE } from '../telemetry/exposition.ts';
import { UNMEASURED } from '../telemetry/measured-handlers.ts';
import type { UpgradeSockets } from '../surface/upgrade-sockets.ts';
import { answerByTable } from './answer-by-table.ts';
import { createFolderSaves } from './folder-saves.ts';
import { startSoloAgones } from './solo-agones.ts';
import { createSoloAllocator } from './solo-allocator.ts';
import { createSoloGameServer } from './solo-game-server.ts';
import { soloGuide } from './solo-guide.ts';
import { soloHandlers } from './solo-handlers.ts';
import { gameServerOf, nextLife, openSoloKeeper } from './solo-kept.ts';
import { readSoloOptions, SOLO_USAGE, type SoloOptions } from './solo-options.ts';

/** A bridge without a port of its own, as `main.ts` makes one. */
export interface Bridge {
  readonly answer: RequestListener;
  readonly sockets: UpgradeSockets;
  readonly grpc: GrpcServer;
  current(): SessionState;
  /** As Prometheus reads it. */
  metrics(): Promise<string>;
}

export type StartBridge = (config: BridgeConfig, surroundings: { log: Log; lifecycle: Lifecycle; send: Send }) => Promise<Bridge>;

interface Life {
  readonly bridge: Bridge;
  readonly lifecycle: Lifecycle;
  /** Hands upgrades on; it never listens. */
  readonly upgrades: Server;
}

interface Ports {
  readonly http: number;
  readonly grpc: number;
}

/** As sysexits.h has them: what is needed could not be read; it is told to do what cannot be done. */
const EX_IOERR = 74;
const EX_CONFIG = 78;

const ANOTHER = 'another solo bridge, or a sidecar of Agones started by hand';

const HELLO = '/lifeverse/v1/hello';

/** @returns the exit code. */
export async function runSolo(args: readonly string[], host: NodeJS.Process, start: StartBridge): Promise<number> {
  const reading = readSoloOptions(args);
  if ('faults' in reading) {
    host.stderr.write(`${reading.faults.join('\n')}\n\n${SOLO_USAGE}`);
    return EX_CONFIG;
  }
  const { options } = reading;
  const log = createLog('sdk-bridge', options.logLevel).with({ solo: true });
  const lifecycle = createLifecycle(log);
  let failure: Error | undefined;
  const broken = (cause: unknown) => {
    failure ??= cause instanceof Error ? cause : new Error('a part of it failed', { cause });
    lifecycle.close('it cannot go on').catch(() => {});
  };
  try {
    const ports = await serveSolo(options, { log, lifecycle, start, broken });
    host.stdout.write(soloGuide(ports, resolve(options.folder), options.session));
  } catch (cause) {
    if (!(cause instanceof UnreadableFile || cause instanceof ConfigError)) throw cause;
    broken(cause);
  }
  const code = await untilSignal(lifecycle, host);
  if (failure === undefined) return code;
  if (failure instanceof ConfigError) {
    host.stderr.write(`${failure.message}\n`);
    return EX_CONFIG;
  }
  host.stderr.write(
    `The solo bridge cannot go on: ${failure.message}\nMend that, or move it out of ${resolve(options.folder)}: what is not there is begun anew.\n`,
  );
  return EX_IOERR;
}

interface SoloParts {
  readonly log: Log;
  readonly lifecycle: Lifecycle;
  readonly start: StartBridge;
  /** It cannot go on: the process ends. */
  readonly broken: (cause: unknown) => void;
}

async function serveSolo(options: SoloOptions, { log, lifecycle, start, broken }: SoloParts): Promise<Ports> {
  const folder = resolve(options.folder);
  const now = Date.now;
  const keeper = await openSoloKeeper(folder, options.spec);
  await mkdir(join(folder, 'spool'), { recursive: true });
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'solo\n');
  const saves = createFolderSaves(join(folder, 'saves'), now, broken);
  const gameServer = createSoloGameServer(keeper);
  const agones = await startSoloAgones(gameServer, options.gates, log, now);
  lifecycle.onClose('agones', () => agones.stop());
  const allocator = await createSoloAllocator({ keeper, gameServer, saves, now });
  const backend = { allocator: 'here' as 'here' | 'away', saves: 'here' as 'here' | 'away' };
  const answers = { allocator: answerByTable(allocatorApi, allocator.handlers), saves: answerByTable(savesApi, saves.handlers) };
  const send: Send = async (request) => {
    const service = request.url.startsWith(ALLOCATOR_URL) ? 'allocator' : 'saves';
    if (backend[service] === 'away') throw new AppError('unavailable', 'no_connection', `${service} is away, as it was told`);
    return answers[service](request);
  };

  let life: Life | undefined;
  let { grpcPort } = options;
  let changing: Promise<void> = Promise.resolve();
  const begin = async () => {
    const name = gameServerOf(keeper.current());
    const own = createLifecycle(log);
    const upgrades = createServer();
    const config = configOf(name, folder, tokenFile, { grpc: agones.grpcPort, http: agones.httpPort });
    const bridge = await start(config, { log: log.with({ gameServer: name }), lifecycle: own, send });
    bridge.sockets.attach(upgrades);
    own.onClose('sockets', () => bridge.sockets.close());
    // From here on it ends with the process.
    life = { bridge, lifecycle: own, upgrades };
    const setting = { name: '--grpc-port', port: grpcPort, usually: ANOTHER };
    const grpc = await openPort(setting, () => listenGrpc(bridge.grpc, grpcPort, log));
    grpcPort = grpc.port;
    own.onClose('gRPC listener', () => grpc.close());
    // A life ends when the next one begins; one that ends by itself has failed.
    own.signal.addEventListener('abort', () => {
      if (life?.lifecycle === own && !lifecycle.signal.aborted) broken(own.signal.reason);
    });
  };
  const next = (forgetSaves: boolean) => {
    changing = changing.then(async () => {
      const before = life;
      life = undefined;
      await before?.lifecycle.close('the next life begins').catch((cause: unknown) => log.warn('a life did not end cleanly', { cause }));
      // What the life before asked for last must not reach the next one.
      await agones.stop();
      await rm(join(folder, 'spool', gameServerOf(keeper.current())), { recursive: true, force: true });
      if (forgetSaves) await saves.forget();
      await keeper.change((kept) => nextLife(kept, options.spec));
      await agones.start();
      await begin();
    });
    changing.catch(broken);
    return changing;
  };
  lifecycle.onClose('bridge', () => life?.lifecycle.close('the process ends'));

  const current = () => {
    if (life === undefined) throw new AppError('unavailable', 'next_life', 'the next life begins', { retryAfter: 1 });
    return life.bridge.current();
  };
  if (options.session !== undefined) {
    const wanted = options.session;
    const allocate = () =>
      allocator.allocate(wanted, current().hello?.build ?? 'dev').catch((cause: unknown) => log.warn('not allocated', { cause }));
    gameServer.onState((state) => void (state === 'Ready' && allocate()));
  }
  const handlers = soloHandlers({ keeper, gameServer, agones, allocator, backend, current, next, folder, now });
  const solo = serveApi(soloApi, handlers, { log, metrics: UNMEASURED, stopping: lifecycle.signal });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = request.url ?? '/';
    if (/^\/lifeverse\/v1\/solo(\/|\?|$)/.test(url)) {
      await changing;
      return void solo(request, response);
    }
    // One who says hello after the end has been started anew, as each time that Play is pressed.
    if (request.method === 'POST' && url.startsWith(HELLO) && life?.bridge.current().phase === 'ended') await next(false);
    await changing;
    if (life === undefined) return void response.writeHead(503, { 'retry-after': '1' }).end();
    if (url === '/metrics') return void response.writeHead(200, { 'content-type': EXPOSITION_TYPE }).end(await life.bridge.metrics());
    life.bridge.answer(request, response);
  };
  const serve = (request: IncomingMessage, response: ServerResponse) =>
    void answer(request, response).catch((cause: unknown) => {
      log.error('a request failed', { cause });
      response.destroy();
    });
  let { port: http } = options;
  const listen = async () => {
    const listeners = await openPort({ name: '--port', port: http, usually: ANOTHER }, () => listenLoopback(serve, http, log));
    for (const listener of listeners) {
      http = listener.port;
      lifecycle.onClose('listener', () => listener.close());
      listener.server.on('upgrade', (request, socket, head) => {
        if (life === undefined) socket.destroy();
        else life.upgrades.emit('upgrade', request, socket, head);
      });
    }
  };
  await openAll([begin, listen]);
  return { http, grpc: grpcPort };
}

const ALLOCATOR_URL = 'http://allocator.solo.invalid';

/** As in a pod, except that nobody is waited for long: a laptop's session ends when it is told to. */
function configOf(gameServer: string, folder: string, tokenFile: string, agones: { grpc: number; http: number }): BridgeConfig {
  return readBridgeConfig({
    ALLOCATOR_URL,
    SAVES_URL: 'http://saves.solo.invalid',
    TOKEN_FILE: tokenFile,
    POD_NAME: gameServer,
    POD_NAMESPACE: 'solo',
    AGONES_SDK_GRPC_PORT: String(agones.grpc),
    AGONES_SDK_HTTP_PORT: String(agones.http),
    SPOOL_DIR: join(folder, 'spool', gameServer),
    FLUSH_MS: '5000',
    STOP_FLUSH_MS: '2000',
  });
}
