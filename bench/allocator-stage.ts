/** A real API server with the Agones stand-in, the allocator as production runs it, and fleets of servers without pods. */
import { randomUUID } from 'node:crypto';
import { GAME_SERVER_MARKS } from '../contracts/allocator.ts';
import { AllocationDocument } from '../allocator/allocation.ts';
import { KubeClient } from '../local/agones/kube/kube-client.ts';
import { readKubeConnection } from '../local/agones/kube/kube-connection.ts';
import { FLEET_LABEL } from '../local/agones/resources/game-server.ts';
import { collectionPath, FLEETS, GAME_SERVERS, objectPath } from '../local/agones/resources/resource.ts';
import { doubledOf } from '../local/checking/game-server-history.ts';
import { startRecorder } from '../local/checking/recorder.ts';
import { podlessFleet } from '../local/podless-fleet.ts';
import { waitUntil } from '../local/processes/wait-until.ts';
import { stopTestParts, testCluster } from '../local/testing.ts';
import { documentsOf } from '../runtime/documents/collection.ts';
import { connectMongo } from '../runtime/documents/mongo.ts';
import { SILENT_LOG } from '../runtime/log.ts';
import { allocatorUnderTest, EAST } from '../test/allocator/allocator-under-test.ts';
import type { Operation } from './measure.ts';
import { untilBound } from './until-bound.ts';

export interface AllocatorStage {
  /** @returns its name, once all its servers are Ready and the allocator knows them. */
  makeFleet(servers: number): Promise<string>;
  /** The allocator knows that so many are Ready. */
  settled(fleet: string, ready: number): Promise<void>;
  /** One GameServerAllocation, as the allocator would send it. */
  bare(fleet: string): Operation;
  /** One allocation, from its POST until it has a server. */
  ours(fleet: string): Operation;
  dropFleet(fleet: string): Promise<void>;
  /** What the API servers showed of the allocator's own. */
  check(): Promise<{ readonly doubled: number; readonly orphans: number }>;
  close(): Promise<void>;
}

/** More callers than the limit per caller would let through. */
const CALLERS = 16;
const FLEET_MS = 240_000;

export async function openAllocatorStage(batchWaitMs: number): Promise<AllocatorStage> {
  process.env['AGONES_BATCH_WAIT_MS'] = String(batchWaitMs);
  const world = await allocatorUnderTest({ env: { ACCEPT_SECONDS: '600', LOG_LEVEL: 'warn', WORKERS: '128' } });
  const { kubeconfig } = await testCluster();
  const over = new AbortController();
  const recorder = await startRecorder({ clusters: [{ name: EAST, kubeconfig }], owner: world.owner }, SILENT_LOG, Date.now, over.signal);
  const kube = new KubeClient(await readKubeConnection(kubeconfig));
  const operator = await world.as('operator', ['operator']);
  const known = (fleet: string, ready: number) =>
    slowly(`the allocator knows ${ready} Ready of ${fleet}`, async () => {
      const { clusters } = (await operator.listClusters({})).body;
      return clusters.find(({ name }) => name === EAST)?.fleets.find(({ name }) => name === fleet)?.ready === ready;
    });
  const clients = await Promise.all(Array.from({ length: CALLERS }, (_, nth) => world.as(`bench-${nth}`, ['matchmaker'])));
  return {
    makeFleet: async (servers) => {
      const fleet = `bench-${randomUUID().slice(0, 8)}`;
      await kube.send({ method: 'POST', path: collectionPath(FLEETS, EAST), body: podlessFleet(fleet, servers) });
      await slowly(`${servers} servers of ${fleet} are Ready`, async () => (await readyIn(kube, fleet)) >= servers);
      await known(fleet, servers);
      return fleet;
    },
    settled: known,
    bare: (fleet) => () => bareAllocation(kube, fleet),
    ours: (fleet) => (nth) => untilBound(clients[nth % CALLERS], fleet),
    dropFleet: async (fleet) => {
      await kube.send({ method: 'DELETE', path: objectPath(FLEETS, EAST, fleet) });
      await slowly(`the servers of ${fleet} are gone`, async () => !(await anyIn(kube, fleet)));
    },
    check: async () => {
      const mongo = await connectMongo(world.database.url, world.database.name);
      const documents = await documentsOf<AllocationDocument>(mongo.db, 'allocations', AllocationDocument).list({}, { limit: 100_000 });
      await mongo.close();
      const present = new Map(documents.map(({ _id, attempt }) => [_id, attempt]));
      const { stays } = recorder.history;
      return { doubled: doubledOf(stays, Date.now()), orphans: stays.filter(({ uid, attempt }) => present.get(uid) !== attempt).length };
    },
    close: async () => {
      over.abort();
      kube.close();
      await world.stop();
      await stopTestParts();
    },
  };
}

/** Looked at once a second: whoever looks at a thousand servers more often is what is measured. */
async function slowly(what: string, holds: () => Promise<boolean>): Promise<void> {
  await waitUntil(holds, { what, deadlineMs: FLEET_MS, everyMs: 1_000, signal: new AbortController().signal });
}

async function readyIn(kube: KubeClient, fleet: string): Promise<number> {
  const { status } = FLEETS.parse(await kube.send({ method: 'GET', path: objectPath(FLEETS, EAST, fleet) }));
  return status?.readyReplicas ?? 0;
}

async function anyIn(kube: KubeClient, fleet: string): Promise<boolean> {
  const query = `labelSelector=${encodeURIComponent(`${FLEET_LABEL}=${fleet}`)}&limit=1`;
  const { items } = (await kube.send({ method: 'GET', path: `${collectionPath(GAME_SERVERS, EAST)}?${query}` })) as { items: unknown[] };
  return items.length > 0;
}

async function bareAllocation(kube: KubeClient, fleet: string): Promise<void> {
  const marks = {
    [GAME_SERVER_MARKS.owner]: 'bench-bare',
    [GAME_SERVER_MARKS.uid]: randomUUID().replaceAll('-', ''),
    [GAME_SERVER_MARKS.attempt]: '1',
  };
  const body = {
    apiVersion: 'allocation.agones.dev/v1',
    kind: 'GameServerAllocation',
    spec: {
      selectors: [
        { matchLabels: marks, gameServerState: 'Allocated' },
        { matchLabels: { 'agones.dev/fleet': fleet, [GAME_SERVER_MARKS.build]: 'dev' }, gameServerState: 'Ready' },
      ],
      scheduling: 'Packed',
      metadata: { labels: marks, annotations: { [GAME_SERVER_MARKS.id]: randomUUID() } },
    },
  };
  const path = `/apis/allocation.agones.dev/v1/namespaces/${EAST}/gameserverallocations`;
  const answer = (await kube.send({ method: 'POST', path, body, timeoutMs: 10_000 })) as { status?: { state?: string } };
  if (answer.status?.state !== 'Allocated') throw new Error(`the cluster answered ${answer.status?.state}`);
}
