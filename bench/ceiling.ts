/**
 * The allocator's own ceiling: a cluster that answers at once, so that what is left is the allocator and the database; beside what the
 * database alone does for the same writes. `node bench/ceiling.ts`
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { newAllocation } from '../allocator/allocation.ts';
import { openAllocations } from '../allocator/store/allocations.ts';
import { eventKeyOf, openEventLog, type EventDocument } from '../allocator/store/events.ts';
import { AllocationRequest } from '../contracts/allocator.ts';
import { allocatorApi } from '../contracts/allocator-api.ts';
import { freePort } from '../local/processes/free-port.ts';
import { waitUntil } from '../local/processes/wait-until.ts';
import { writeKubeconfig } from '../local/cluster/write-kubeconfig.ts';
import { stopTestParts, testRedis, testStack } from '../local/testing.ts';
import { connectMongo } from '../runtime/documents/mongo.ts';
import { freshDatabase } from '../test/services/fresh-database.ts';
import { startServiceProcess } from '../test/services/service-process.ts';
import { createTokenIssuer } from '../test/services/token-issuer.ts';
import { startInstantCluster } from './instant-cluster.ts';
import { closedLoop, type Measured, type Operation } from './measure.ts';
import { printTable } from './print-table.ts';
import { untilBound } from './until-bound.ts';

const FLEET = 'instant';
const NAMESPACE = 'instant';
const CLIENTS = 64;
const COUNT = 2_000;
/** So many allocations' events are copied by one write, as the drainer does under load. */
const DRAINED_AT_ONCE = 50;

const database = await freshDatabase();
try {
  const ours = await allocatorAlone();
  const alone = await databaseAlone();
  const cpu = ours.cpu;
  printTable(
    `${COUNT} durable allocations by ${CLIENTS} clients, on a cluster that answers at once`,
    ['path', 'per second', 'p50 ms', 'p99 ms', 'errors', 'against the database alone'],
    [
      ['the same writes, database alone', ...figures(alone), ''],
      ['allocator', ...figures(ours.measured), `${(ours.measured.rate / alone.rate).toFixed(2)} ×`],
    ],
  );
  process.stdout.write(`\nCPU of the allocator's process: ${cpu.toFixed(1)} ms per allocation\n`);
} finally {
  await database.close();
  await stopTestParts();
}

async function allocatorAlone(): Promise<{ measured: Measured; cpu: number }> {
  const { folder, authority } = await testStack();
  const tls = await authority.issue({ name: 'instant-cluster', commonName: 'instant-cluster', use: 'server' });
  const cluster = await startInstantCluster(FLEET, NAMESPACE, COUNT * 2, tls);
  const kubeconfig = path.join(folder, 'instant.kubeconfig');
  await writeKubeconfig({ file: kubeconfig, cluster: 'instant', url: cluster.url, caFile: authority.caFile, token: 'none' });
  const clusters = path.join(folder, 'instant-clusters.json');
  await writeFile(clusters, JSON.stringify([{ name: 'instant', region: 'instant', kubeconfig, namespace: NAMESPACE }]));
  const issuer = await createTokenIssuer('https://issuer.bench', ['matchmaker', 'operator', 'allocator']);
  const tokenFile = path.join(folder, 'bench.token');
  await writeFile(tokenFile, await issuer.sign('service:allocator', ['allocator']));
  const port = await freePort();
  const redis = await testRedis();
  const allocator = await startServiceProcess({
    api: allocatorApi,
    trusted: [issuer.trusted],
    port,
    env: {
      LOG_LEVEL: 'warn',
      MONGO_URL: database.url,
      MONGO_DATABASE: database.name,
      REDIS_URL: redis.url,
      REDIS_PREFIX: randomUUID(),
      ALLOCATOR_ISSUER: `https://127.0.0.1:${port}`,
      CLUSTERS_FILE: clusters,
      SAVES_URL: 'https://127.0.0.1:1',
      SERVICE_TOKEN_FILE: tokenFile,
      ACCEPT_SECONDS: '600',
      WORKERS: '128',
    },
  });
  try {
    const operator = allocator.client(await issuer.sign('operator', ['operator']));
    const wait = { what: 'the allocator knows its cluster', deadlineMs: 20_000, everyMs: 200, signal: new AbortController().signal };
    await waitUntil(async () => (await operator.listClusters({})).body.clusters[0]?.fleets[0]?.ready === COUNT * 2, wait);
    // One caller each: the limit per caller is not what is measured.
    const tokens = await Promise.all(Array.from({ length: CLIENTS }, (_, nth) => issuer.sign(`bench-${nth}`, ['matchmaker'])));
    const clients = tokens.map((token) => allocator.client(token));
    const operation: Operation = (nth) => untilBound(clients[nth % CLIENTS], FLEET);
    const before = cpuSecondsOf(allocator.process.pid);
    const measured = await closedLoop(CLIENTS, COUNT, operation);
    return { measured, cpu: ((cpuSecondsOf(allocator.process.pid) - before) * 1_000) / COUNT };
  } finally {
    await allocator.stop();
    await cluster.close();
  }
}

/** Insert, intent, bound; its three events copied to the log in bunches, and taken out of the outbox. */
async function databaseAlone(): Promise<Measured> {
  const mongo = await connectMongo(database.url, `${database.name}-alone`.slice(0, 38));
  const allocations = await openAllocations(mongo.db);
  const log = await openEventLog(mongo.db);
  let seq = 0;
  const bunch: EventDocument[] = [];
  const request = AllocationRequest.parse({
    id: 'x',
    fleet: FLEET,
    build: 'dev',
    mode: 'duel',
    session: { map: 'm', capacity: 4 },
    players: [],
  });
  try {
    return await closedLoop(CLIENTS, COUNT, async (nth) => {
      const uid = randomUUID().replaceAll('-', '');
      const now = new Date();
      const seed = {
        uid,
        client: 'bench',
        fingerprint: '',
        request: { ...request, id: `alone-${nth}` },
        now,
        worldSession: 0,
        traceparent: '',
      };
      const document = newAllocation({ ...seed, newPacketKey: () => '' });
      await allocations.insert(document);
      await allocations.move(
        { uid, state: 'queued', attempt: 0 },
        { state: 'placing', event: { kind: 'placing', at: now }, set: { attempt: 1 } },
      );
      await allocations.move({ uid, state: 'placing', attempt: 1 }, { state: 'allocated', event: { kind: 'allocated', at: now } });
      for (const kind of ['queued', 'placing', 'allocated'] as const) {
        seq += 1;
        const allocation = { id: document.id, uid, client: 'bench', state: kind, build: 'dev', mode: 'duel', fleet: FLEET };
        bunch.push({ _id: eventKeyOf(seq), seq, eventId: `${uid}:${kind}`, kind, at: now, allocation, data: {} });
      }
      if (bunch.length >= DRAINED_AT_ONCE * 3) await log.documents.raw.insertMany(bunch.splice(0));
      await allocations.documents.change({ _id: uid }, { $set: { outbox: [], untoldSince: null } });
    });
  } finally {
    await mongo.db.dropDatabase();
    await mongo.close();
  }
}

function figures({ rate, p50, p99, errors }: Measured): string[] {
  return [rate.toFixed(0), p50.toFixed(0), p99.toFixed(0), String(errors)];
}

/** User and system time of a process, from /proc (proc(5): fields 14 and 15, in ticks of 10 ms). */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
