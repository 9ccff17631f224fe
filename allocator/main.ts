/** The allocator: config → parts → run until a signal. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { allocatorApi } from '../contracts/allocator-api.ts';
import { openLeases, whileLeased } from '../runtime/documents/leases.ts';
import { connectMongo } from '../runtime/documents/mongo.ts';
import { createAdminSite } from '../runtime/admin-site.ts';
import { googleToken } from '../runtime/google/google-token.ts';
import { createJobs } from '../runtime/jobs/bullmq-jobs.ts';
import type { RedisAccess } from '../runtime/jobs/connect-redis.ts';
import { createQueueBoard } from '../runtime/jobs/queue-board.ts';
import { untilSignal } from '../runtime/lifecycle.ts';
import type { Handlers } from '../runtime/serve-api.ts';
import { configOrExit, createService, tokenFromFile } from '../runtime/service.ts';
import { allocationHandlers } from './api/allocations.ts';
import { attemptHandlers } from './api/attempts.ts';
import { clusterHandlers } from './api/clusters.ts';
import { reconcileHandlers } from './api/reconcile.ts';
import { eventHandlers } from './api/events.ts';
import { listHandlers } from './api/lists.ts';
import { createLookUp, createShow } from './api/look-up.ts';
import { seatHandlers } from './api/seats.ts';
import { webhookHandlers } from './api/webhooks.ts';
import { buildHandlers } from './api/builds.ts';
import { autoscalerHandlers } from './api/autoscaler.ts';
import { fleetHandlers } from './api/fleets.ts';
import { maintenanceHandlers } from './api/maintenance-windows.ts';
import { keepClosedBuilds } from './builds/keep-closed-builds.ts';
import { createOpenBuilds } from './builds/open-builds.ts';
import { createClusterMetrics } from './clusters/cluster-metrics.ts';
import { ClusterRegistry } from './clusters/cluster-registry.ts';
import { podIdentityOf } from './clusters/cluster-settings.ts';
import { followClustersFile, readClusters } from './clusters/clusters-file.ts';
import { createFleetsLook } from './clusters/look-at-fleets.ts';
import { createTallies } from './clusters/tally.ts';
import { readAllocatorConfig } from './config.ts';
import { createPlayerSessions } from './delivery/player-sessions.ts';
import { createDrainer } from './delivery/drain-outbox.ts';
import { createEventMetrics } from './delivery/event-metrics.ts';
import { createEventTail } from './delivery/event-tail.ts';
import { createEventReader } from './delivery/read-events.ts';
import { createWatcher } from './delivery/watcher.ts';
import { deliverWebhooks } from './delivery/webhooks/deliver-webhooks.ts';
import type { WebhookParts } from './delivery/webhooks/parts.ts';
import { createWebhookSender } from './delivery/webhooks/sender.ts';
import { createWebhookMetrics } from './delivery/webhooks/webhook-metrics.ts';
import { createMaintenanceMetrics } from './maintenance-metrics.ts';
import { createAllocatorMetrics } from './metrics.ts';
import { act } from './moves/act.ts';
import type { MoveParts } from './moves/parts.ts';
import { createSeats } from './moves/seat.ts';
import { createTurnMetrics } from './queue/turn-metrics.ts';
import { createTurns } from './queue/turns.ts';
import { createStandingLines } from './queue/standing-lines.ts';
import { createLineWaker } from './queue/line-waker.ts';
import { openBrake } from './reconcile/brake.ts';
import { watchForLosses } from './reconcile/check-loss.ts';
import { createReconcileMetrics } from './reconcile/reconcile-metrics.ts';
import { reconcile } from './reconcile/reconciler.ts';
import { openRounds } from './reconcile/rounds.ts';
import { createScopeLook } from './reconcile/scope-look.ts';
import { keepMaintenance } from './reconcile/keep-maintenance.ts';
import { sweep } from './reconcile/sweep.ts';
import { keepSpeeds } from './scaling/keep-speeds.ts';
import { readSeats } from './scaling/resize/read-seats.ts';
import { resizeClusters } from './scaling/resize/resize-clusters.ts';
import { createResizeMetrics } from './scaling/resize/resize-metrics.ts';
import { createScaler } from './scaling/scaler.ts';
import { createScalingMetrics } from './scaling/scaling-metrics.ts';
import { createWorldLeases } from './saves-world-leases.ts';
import { showStore } from './store-gauges.ts';
import { openAliases } from './store/aliases.ts';
import { openAllocations } from './store/allocations.ts';
import { openClosedBuilds } from './store/closed-builds.ts';
import { countedAllocations } from './store/counted-allocations.ts';
import { openEventLog } from './store/events.ts';
import { openFleetScaling } from './store/fleet-scaling.ts';
import { openKnownFleets } from './store/known-fleets.ts';
import { openMaintenanceWindows } from './store/maintenance-windows.ts';
import { openWebhookDeliveries } from './store/webhook-deliveries.ts';
import { openWebhooks } from './store/webhooks.ts';
import { createSigner } from './tickets/join-ticket.ts';
import { openTicketKeys } from './tickets/ticket-keys.ts';

const config = configOrExit(readAllocatorConfig, process);
const service = createService('allocator', config);
const { log, lifecycle, readiness, send } = service;
const now = Date.now;
/** Where operators find their pages. */
const ADMIN = '/admin';

const mongo = await connectMongo(config.MONGO_URL, config.MONGO_DATABASE, { caFile: config.TLS_CA_FILE, log });
lifecycle.onClose('mongo', () => mongo.close());
readiness.check('mongo', async () => {
  await mongo.ping();
  return undefined;
});

const metrics = createAllocatorMetrics(service.registry);
const allocations = countedAllocations(await openAllocations(mongo.db), metrics);
const aliases = await openAliases(mongo.db);
const events = await openEventLog(mongo.db);
const windows = await openMaintenanceWindows(mongo.db, now, log);
const keys = await openTicketKeys(mongo.db, {
  now,
  log,
  periodMs: config.TICKET_KEY_DAYS * 24 * 3_600_000,
  leadMs: config.TICKET_KEY_LEAD_SECONDS * 1_000,
  sealers: config.ALLOCATOR_KEY_SECRET,
});
const signer = createSigner(keys, config.ALLOCATOR_ISSUER, now);
const watcher = createWatcher(allocations);

const google = googleToken({ host: config.GCE_METADATA_HOST, send, now });
const clusterMetrics = createClusterMetrics(service.registry);
const registry: ClusterRegistry = new ClusterRegistry({
  settings: {
    silentMs: config.CLUSTER_SILENT_MS,
    pageSize: config.CLUSTER_PAGE_SIZE,
    probeMs: config.CLUSTER_PROBE_MS,
    // A slow cluster must not hold every worker; where it is the only one, there is nobody to keep them for.
    asksAtOnce: () => (registry.clusters.size > 1 ? config.CLUSTER_ASKS : config.WORKERS),
  },
  leaveMs: config.CLUSTER_LEAVE_MS,
  pod: podIdentityOf(config),
  google,
  metrics: clusterMetrics,
  log,
  now,
});
const { clusters } = registry;
configOrExit(() => registry.apply(readClusters(config.CLUSTERS_FILE)), process);
lifecycle.onClose('clusters', () => registry.close());
readiness.check('clusters', () => (Array.from(clusters.values()).some((cluster) => cluster.healthy) ? undefined : 'no cluster answers'));

const past = await openClosedBuilds(mongo.db, log);
lifecycle.run('closed builds', (signal) => past.run(signal));
const known = openKnownFleets(mongo.db);
const fleets = createFleetsLook();
const builds = createOpenBuilds({ clusters, look: fleets, past, known });

const eventMetrics = createEventMetrics(service.registry);
const tail = createEventTail(events, log);
const reader = createEventReader(events, tail);
const drainer = createDrainer({ allocations, events, metrics: eventMetrics, log, now, appended: () => tail.appended() });

const worker = `${hostname()}-${randomBytes(6).toString('hex')}`;
const leases = openLeases(mongo.db, worker, now);

const moves: MoveParts = {
  allocations,
  clusters,
  worldLeases: createWorldLeases(config.SAVES_URL, send, tokenFromFile(config.SERVICE_TOKEN_FILE, now)),
  windows,
  builds,
  metrics,
  log,
  now,
  owner: config.ALLOCATOR_OWNER,
  worker,
  askMs: config.ASK_TIMEOUT_MS,
  acceptMs: config.ACCEPT_SECONDS * 1_000,
  turn: (uid) => turns.give(uid),
  changed: (uid) => {
    watcher.changed(uid);
    drainer.wake();
  },
};

const seats = createSeats(moves);
const sessions = createPlayerSessions(allocations, log);
const lookUp = createLookUp(allocations, aliases);
const show = createShow(signer);

const redis: RedisAccess = {
  url: config.REDIS_URL,
  caFile: config.REDIS_CA_FILE ?? config.TLS_CA_FILE,
  login: config.REDIS_CREDENTIALS === 'google' ? { token: google, luck: Math.random } : undefined,
};
const jobs = createJobs({ ...redis, prefix: config.REDIS_PREFIX, name: 'allocations', log });
lifecycle.onClose('jobs', () => jobs.close());
const turns = createTurns(jobs, (uid) => act(moves, uid), config.WORKERS, log, createTurnMetrics(service.registry));
lifecycle.onClose('turns', () => turns.close());

const { line } = allocations;
const lines = createStandingLines({ line, everyMs: config.LINE_BACKSTOP_MS, log });
lifecycle.run('lines', (signal) => lines.run(signal));
const waker = createLineWaker({ ...moves, line, lines, turns });
const keeping = keepClosedBuilds({ registry, builds, past, known, line, lines, turns, log, now });
lifecycle.run('waiting for closed builds', keeping);
const tallyOf = createTallies(config.ALLOCATOR_OWNER, now);
registry.onAdded((cluster) => {
  tallyOf(cluster);
  waker.watch(cluster);
  watchForLosses(moves, cluster);
});
const { CLUSTERS_FILE: file, CLUSTERS_POLL_MS: pollMs } = config;
const clustersFile = { file, pollMs, apply: registry.apply.bind(registry), metrics: clusterMetrics, log };
lifecycle.run('clusters', (signal) => registry.run(signal));
lifecycle.run('clusters file', (signal) => followClustersFile(clustersFile, signal));
lifecycle.run('maintenance windows', (signal) => windows.run(signal));
lifecycle.run('ticket keys', (signal) => keys.run(signal));
lifecycle.run('player sessions', (signal) => sessions.run(signal));
lifecycle.run('watcher', (signal) => watcher.run(signal));
allocations.onMoved(moves.changed);
lifecycle.run('event tail', (signal) => tail.run(signal));
lifecycle.run('outbox', (signal) => whileLeased(leases, 'events', log, signal, (held) => drainer.run(held.signal)));
lifecycle.run('sweep', (signal) => sweep(moves, signal));

const settings = {
  percent: config.RELEASE_BRAKE_PERCENT,
  least: config.RELEASE_BRAKE_LEAST,
  quietMs: config.RELEASE_BRAKE_QUIET_SECONDS * 1_000,
};
const brake = openBrake(mongo.db, settings, now);
const rounds = openRounds(mongo.db);
const reconcileMetrics = createReconcileMetrics(service.registry, brake);
const reconciling = { moves, brake, rounds, metrics: reconcileMetrics, adoptAfterMs: config.ADOPT_AFTER_SECONDS * 1_000 };
lifecycle.run('reconcile', (signal) => whileLeased(leases, 'reconcile', log, signal, (held) => reconcile(reconciling, held.signal)));
showStore({ registry: service.registry, allocations, jobs, now });

const scopeLook = createScopeLook(allocations, moves.clusters, tallyOf);
const maintenance = { moves, windows, tallyOf, look: scopeLook, metrics: createMaintenanceMetrics(service.registry) };
windows.onLifted(() => lines.readSoon());
lifecycle.run('maintenance', (signal) =>
  whileLeased(leases, 'maintenance', log, signal, (held) => keepMaintenance(maintenance, held.signal)),
);

const scalerParts = { allocations, scaling: await openFleetScaling(mongo.db), windows, clusters, tallyOf, now };
const scaler = createScaler(scalerParts);
lifecycle.run('fleet speeds', (signal) => whileLeased(leases, 'scaling', log, signal, (held) => keepSpeeds(scalerParts, held.signal)));

if (config.RESIZE === 'auto') {
  const limits = { atOnce: config.RESIZE_AT_ONCE, perSecond: config.RESIZE_PER_SECOND, lookMs: config.RESIZE_LOOK_MS };
  const seats = (uids: readonly string[]) => readSeats(allocations, uids);
  const resizeMetrics = createResizeMetrics(service.registry);
  const resizing = resizeClusters({ registry, owner: config.ALLOCATOR_OWNER, seats, limits, metrics: resizeMetrics, log, now });
  lifecycle.run('resize', (signal) => whileLeased(leases, 'resize', log, signal, (held) => resizing(held.signal)));
}

const webhooks = openWebhooks(mongo.db);
const deliveries = await openWebhookDeliveries(mongo.db);
const sender = createWebhookSender({ privateAddresses: config.WEBHOOK_PRIVATE_ADDRESSES, caFile: config.TLS_CA_FILE });
lifecycle.onClose('webhook connections', () => sender.close());
const webhookParts: WebhookParts = {
  webhooks,
  deliveries,
  events,
  grown: (seq, ms, held) => tail.grown(seq, ms, held),
  sender,
  metrics: createWebhookMetrics(service.registry),
  log,
  now,
  luck: Math.random,
  giveUpMs: config.WEBHOOK_GIVE_UP_SECONDS * 1_000,
};
lifecycle.run('webhooks', (signal) => whileLeased(leases, 'webhooks', log, signal, (held) => deliverWebhooks(webhookParts, held.signal)));

const queues = { ...redis, prefix: config.REDIS_PREFIX, queues: ['allocations'], log };
const board = createQueueBoard(queues, `${ADMIN}/queues`);
lifecycle.onClose('queue board', () => board.close());
const admin = createAdminSite({
  at: ADMIN,
  title: 'LifeVerse allocator',
  role: 'operator',
  tokenCheck: service.tokenCheck,
  pages: [{ path: '/queues', label: 'Queues', router: board.router }],
  log,
});

const handlers: Handlers<typeof allocatorApi.endpoints> = {
  ...allocationHandlers({ moves: { ...moves, aliases, seats }, turns, watcher, lookUp, show }),
  ...listHandlers(allocations),
  ...eventHandlers({ reader, lookUp, metrics: eventMetrics }),
  ...seatHandlers({ lookUp, show, seats, sessions, signer, keys }),
  ...reconcileHandlers({ moves, brake, settings, rounds }),
  ...clusterHandlers({ clusters }),
  ...attemptHandlers({ attempts: { ...moves, watcher }, signer, keys, issuer: config.ALLOCATOR_ISSUER, seats }),
  ...maintenanceHandlers({ windows, look: scopeLook, now }),
  ...fleetHandlers(scalerParts),
  ...buildHandlers({ builds }),
  ...autoscalerHandlers({ clusters, fleets, scaler, metrics: createScalingMetrics(service.registry) }),
  ...webhookHandlers({ webhooks, deliveries, events, sender, now }),
};
await service.serve(allocatorApi, handlers, [{ path: ADMIN, app: admin }]);

process.exitCode = await untilSignal(lifecycle, process);
