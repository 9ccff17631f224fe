/** The sidecar between one game server, Agones and the backend. */
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { bridgeApi } from '../contracts/bridge.ts';
import { ConfigError } from '../runtime/config.ts';
import { createLifecycle, untilSignal, type Lifecycle } from '../runtime/lifecycle.ts';
import { createLog, type Log } from '../runtime/log.ts';
import { serveApi } from '../runtime/serve-api.ts';
import { createAgonesClient } from './agones/agones-client.ts';
import { traceparentOf } from './agones/game-server.ts';
import { createGameServerWatch, type GameServerWatch } from './agones/game-server-watch.ts';
import { createStateKeeper } from './agones/state-keeper.ts';
import { bridgeHandlers } from './api/bridge-handlers.ts';
import { createAllocatorLink, type AllocatorLink } from './backend/allocator-link.ts';
import { createPlainSend } from './backend/plain-send.ts';
import { createSavesLink } from './backend/saves-link.ts';
import { tracedLog, tracedSend } from './backend/traced.ts';
import { readBridgeConfig, type BridgeConfig } from './config.ts';
import { createHeartbeat } from './health/beat.ts';
import { claimSession, endWithGameServer } from './moves/claim-session.ts';
import { endOnDeath } from './moves/end-on-death.ts';
import { endOnNotice } from './moves/end-on-notice.ts';
import { createSessionEnd } from './moves/end-session.ts';
import { endFencedSession, endSeatGraces } from './moves/keep-session.ts';
import { kickOnNotice, tellKicks } from './moves/kick-player.ts';
import { createClaimRefresh } from './moves/refresh-claim.ts';
import { createInventoryLink } from './inventories/inventory-link.ts';
import { createSessionJournals } from './journals/session-journals.ts';
import { createNoticeBoard } from './notices/notice-board.ts';
import { createPlayerLeases, type PlayerLeases } from './seats/player-leases.ts';
import type { Bridge, StartBridge } from './solo/run-solo.ts';
import { openSessionStore } from './store/session-store.ts';
import { createNews } from './stream/news.ts';
import { createStreamSockets } from './stream/stream-sockets.ts';
import { createGrpcSurface } from './surface/grpc-surface.ts';
import { listenGrpc, listenLoopback } from './surface/listen-loopback.ts';
import { openAll, openPort } from './surface/open-port.ts';
import { createQueuedChanges } from './surface/queued-changes.ts';
import { createRestSurface } from './surface/rest-surface.ts';
import { createStateCalls } from './surface/state-calls.ts';
import { createUpgradeSockets, isStream } from './surface/upgrade-sockets.ts';
import { createUpstream } from './surface/upstream.ts';
import { createWatchSockets } from './surface/watch-sockets.ts';
import { createBridgeMetrics } from './telemetry/bridge-metrics.ts';
import { createFrameBook } from './telemetry/frame-book.ts';
import { listenOps } from './telemetry/listen-ops.ts';
import { measuredHandlers, UNMEASURED } from './telemetry/measured-handlers.ts';
import { createTicketCheck } from './tickets/ticket-check.ts';
import { createWorldLink } from './world/world-link.ts';
import { createWorldLoss } from './world/world-loss.ts';

/** Time at a stop beyond the flush: telling the allocator, closing. */
const STOP_MARGIN_MS = 5_000;

async function run(config: BridgeConfig): Promise<number> {
  const log = createLog('sdk-bridge', config.LOG_LEVEL).with({ gameServer: config.POD_NAME });
  const lifecycle = createLifecycle(log);
  const http = createPlainSend(config.BACKEND_CA_FILE);
  lifecycle.onClose('http client', () => http.close());
  try {
    const bridge = await start(config, { log, lifecycle, send: http.send });
    const ports = await listen(bridge, config, log, lifecycle);
    log.info('listening', { ...ports, phase: bridge.current().phase });
  } catch (cause) {
    await lifecycle.close('it could not start').catch(() => {});
    throw cause;
  }
  return untilSignal(lifecycle, process);
}

/** @throws ConfigError with every port that cannot be had. */
async function listen(bridge: Bridge, config: BridgeConfig, log: Log, lifecycle: Lifecycle) {
  const { BRIDGE_HTTP_PORT: httpPort, BRIDGE_GRPC_PORT: grpcPort, OPS_HOST: host, OPS_PORT: opsPort, OPS_TLS_DIR: tlsFolder } = config;
  const usually = "Agones' own sidecar, where spec.sdkServer does not move it, or another bridge";
  const found: { port?: number; grpcPort?: number; opsPort?: number } = {};
  await openAll([
    async () => {
      const setting = { name: 'BRIDGE_HTTP_PORT', port: httpPort, usually };
      for (const listener of await openPort(setting, () => listenLoopback(bridge.answer, httpPort, log))) {
        bridge.sockets.attach(listener.server);
        lifecycle.onClose('listener', () => listener.close());
        found.port ??= listener.port;
      }
      lifecycle.onClose('sockets', () => bridge.sockets.close());
    },
    async () => {
      const grpc = await openPort({ name: 'BRIDGE_GRPC_PORT', port: grpcPort, usually }, () => listenGrpc(bridge.grpc, grpcPort, log));
      lifecycle.onClose('gRPC listener', () => grpc.close());
      found.grpcPort = grpc.port;
    },
    async () => {
      const setting = { name: 'OPS_PORT', port: opsPort, usually: 'another bridge' };
      const ops = await openPort(setting, () => listenOps(() => bridge.metrics(), { host, port: opsPort, tlsFolder }, log));
      lifecycle.onClose('ops port', () => ops.close());
      found.opsPort = ops.port;
    },
  ]);
  return found;
}

/** All of the bridge but its ports, and the way to the backend: `--solo` brings its own. */
async function start(config: BridgeConfig, { log: plainLog, lifecycle, send: plainSend }: Parameters<StartBridge>[1]) {
  const gameServer = config.POD_NAME;
  const now = Date.now;
  const { signal } = lifecycle;
  const store = await openSessionStore(config.SPOOL_DIR, gameServer, plainLog);
  const seen: { watch?: GameServerWatch } = {};
  // From the moment of the allocation on: the claim carries it already.
  const trace = () => store.current().claim?.traceparent ?? traceparentOf(seen.watch?.current());
  const log = tracedLog(plainLog, trace);

  const send = tracedSend(plainSend, trace);
  const link = createAllocatorLink(config.ALLOCATOR_URL, send, config.TOKEN_FILE, gameServer);
  const saves = createSavesLink(config.SAVES_URL, send, () => store.current().claim?.saves.token);

  const client = createAgonesClient(config.AGONES_SDK_GRPC_PORT);
  lifecycle.onClose('agones client', () => client.close());
  const watch = createGameServerWatch(client, log);
  seen.watch = watch;
  const notices = createNoticeBoard(watch, store, log);
  const allocator: AllocatorLink = {
    ...link,
    claim: async (marks) => {
      const claim = await link.claim(marks);
      notices.told(claim.notices);
      return claim;
    },
  };
  const keeper = createStateKeeper({ client, watch, log, now });

  const budgets = { loadingMs: config.HEALTH_LOADING_MS, playingMs: config.HEALTH_PLAYING_MS, pingMs: config.HEALTH_PING_MS };
  const heartbeat = createHeartbeat({
    store,
    beat: () => client.beat(),
    budgets,
    everyMs: config.HEALTH_BEAT_MS,
    health: () => watch.current()?.spec.health,
    log,
    now,
  });
  watch.onReturn(() => heartbeat.again());
  lifecycle.run('heartbeat', (stop) => heartbeat.run(stop));

  const onLost = createWorldLoss(store, log);
  const journals = createSessionJournals({
    store,
    sink: saves,
    folder: join(config.SPOOL_DIR, 'journals'),
    mostBytes: config.SPOOL_MAX_MB * 1024 * 1024,
    refusedFolder: join(config.SPOOL_DIR, 'refused'),
    patienceMs: config.SAVES_FAULT_MS,
    onWorldLost: onLost,
    log,
    now,
  });
  const world = createWorldLink({ store, saves, journals, onLost, log });
  const forwarding = new AbortController();
  const journalsRun = Promise.all([journals.run(forwarding.signal), world.run(forwarding.signal)]);
  journalsRun.catch((cause: unknown) => {
    log.error('the journals failed', { cause });
    lifecycle.close('the journals failed').catch(() => {});
  });
  lifecycle.onClose('journals', async () => {
    forwarding.abort();
    await journalsRun.catch(() => {});
  });

  const end = createSessionEnd({
    store,
    allocator,
    flush: (stop) => journals.flush(stop),
    refused: () => journals.refused(),
    shutDown: (stop) => keeper.want({ kind: 'shutdown' }, stop),
    flushMs: config.FLUSH_MS,
    log,
    now,
  });
  const ending = end.run().catch((cause: unknown) => log.error('the session could not be ended', { cause }));
  // The journals still forward while the session ends: they are closed after this.
  lifecycle.onClose('session', () => end.stop(config.STOP_FLUSH_MS).then(() => ending), config.STOP_FLUSH_MS + STOP_MARGIN_MS);

  lifecycle.run('claim', (stop) => claimSession({ store, watch, allocator, log, now }, stop));
  lifecycle.run('end with the game server', (stop) => endWithGameServer({ store, watch, log, now }, stop));
  lifecycle.run('end on notice', (stop) => endOnNotice({ store, notices, log, now }, stop));
  lifecycle.run('kick on notice', (stop) => kickOnNotice({ store, notices, log, now }, stop));
  lifecycle.run('tell kicks', (stop) => tellKicks({ store, allocator, log }, stop));
  const folders = { logFile: config.GAME_LOG_FILE, dumpFolder: config.GAME_CRASH_DIR, keptIn: join(config.SPOOL_DIR, 'crashes') };
  lifecycle.run('end on death', (stop) => endOnDeath({ store, folders, everyMs: config.GAME_LOOK_MS, log, now }, stop));
  lifecycle.run('seat graces', (stop) => endSeatGraces(store, config.SEAT_GRACE_MS, now, stop));
  lifecycle.run('fenced session', (stop) => endFencedSession(store, config.LEASE_LOST_MS, now, stop));

  const calls = createStateCalls({ store, keeper, watch, heartbeat, log, now, signal });
  const changes = createQueuedChanges({ watch, client, log, now });
  lifecycle.run('game server watch', (stop) => watch.run(stop));
  const refreshClaim = createClaimRefresh(store, allocator, log, now, signal);
  const inventories = createInventoryLink({ store, saves, journals, leases: () => leases, log });
  const leases: PlayerLeases = createPlayerLeases({
    takeLease: (playerId, holder) => saves.takePlayerLease(playerId, holder),
    holder: () => store.current().claim ?? undefined,
    onLease: (playerId, lease) => inventories.leased(playerId, lease),
    log,
    signal,
  });
  const check = createTicketCheck({ fetchKeys: () => allocator.ticketKeys(), now });
  const handlers = bridgeHandlers({
    store,
    accept: { store, allocator, log, now },
    admit: { store, check, refreshClaim, leasePlayer: (playerId) => leases.take(playerId), graceMs: config.SEAT_GRACE_MS, log, now },
    world,
    inventories,
    journals,
    notices,
    heartbeat,
    gameServer,
    earnReady: () => calls.earnReady(),
    refreshClaim,
    now,
  });
  const frames = createFrameBook(now);
  const metrics = createBridgeMetrics({
    gameServer,
    current: () => store.current(),
    frames,
    alive: () => heartbeat.alive(),
    // With aborted signals: nobody waits for a world to be opened.
    acks: () => world.acks(0, AbortSignal.abort(), AbortSignal.abort()).catch(() => undefined),
    refusedEntries: () => journals.refused().length,
    spoolFolder: join(config.SPOOL_DIR, 'journals'),
    cgroupRoot: config.CGROUP_ROOT,
  });
  const api = serveApi(bridgeApi, measuredHandlers(handlers, frames, metrics), { log, metrics: UNMEASURED, stopping: signal });
  const upstream = createUpstream(config.AGONES_SDK_HTTP_PORT);
  lifecycle.onClose('upstream', () => upstream.close());
  const agonesSurface = createRestSurface({ calls, changes, watch, upstream });
  const stream = createStreamSockets({ news: createNews({ store, notices, journals, inventories }), gameServer, log });
  const isOurs = (url: string) => url.startsWith('/lifeverse/') || url === '/openapi.json';
  const answer: RequestListener = (request, response) => {
    if (isStream(request.url)) stream.answer(response);
    else if (isOurs(request.url ?? '')) api(request, response);
    else void agonesSurface.serve(request, response);
  };
  if (store.current().warm) calls.earnReady();
  return {
    answer,
    sockets: createUpgradeSockets(stream, createWatchSockets(watch, agonesSurface)),
    grpc: createGrpcSurface({ calls, changes, watch, client }),
    current: () => store.current(),
    metrics: () => metrics.text(),
  };
}

try {
  process.exitCode = process.argv.includes('--solo')
    ? await (await import('./solo/run-solo.ts')).runSolo(process.argv.slice(2), process, start)
    : await run(readBridgeConfig(process.env));
} catch (cause) {
  if (!(cause instanceof ConfigError)) throw cause;
  process.stderr.write(`${cause.message}\n`);
  process.exitCode = 78;
}
