/** The allocator with two clusters from a file that a test may edit; the way to the first leads through a proxy that it may disturb. */
import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { testCluster, testStack } from '../../local/testing.ts';
import { allocatorUnderTest, anAllocation, EAST, until, WEST } from './allocator-under-test.ts';
import { startClusterProxy } from './cluster-proxy.ts';

/** How long the allocator gives a cluster for an ask. */
export const ASK_MS = 3_000;

export async function proxiedClusters(env: Readonly<Record<string, string>> = {}) {
  const cluster = await testCluster();
  const proxy = await startClusterProxy(cluster);
  const file = path.join((await testStack()).folder, `clusters-${randomUUID()}.yaml`);
  const east = { name: EAST, region: EAST, kubeconfig: proxy.kubeconfig, namespace: EAST };
  const west = { name: WEST, region: WEST, kubeconfig: cluster.kubeconfig, namespace: WEST };
  const list = async (...clusters: readonly object[]): Promise<void> => {
    await writeFile(`${file}.new`, JSON.stringify(clusters));
    await rename(`${file}.new`, file);
  };
  await list(east, west);
  const world = await allocatorUnderTest({
    env: {
      CLUSTERS_FILE: file,
      ASK_TIMEOUT_MS: String(ASK_MS),
      CLUSTER_LEAVE_MS: '300',
      CLUSTER_PROBE_MS: '500',
      // A watch that opens late, or says nothing more, is believed for longer than most tests take.
      CLUSTER_SILENT_MS: '60000',
      ...env,
    },
  });
  const viewOf = async (name: string) => {
    const operator = await world.as('operator', ['operator']);
    return (await operator.listClusters({})).body.clusters.find((one) => one.name === name);
  };
  const get = async (id: string) => (await (await world.matchmaker()).getAllocation({ params: { id } })).body;
  return {
    world,
    proxy,
    east,
    west,
    /** The clusters file from now on. */
    list,
    viewOf,
    get,
    request: async (fleet: string, changes: Parameters<typeof anAllocation>[1] = {}) =>
      (await (await world.matchmaker()).requestAllocation({ body: anAllocation(fleet, changes) })).body,
    allocatedIn: async (id: string): Promise<string> => {
      await until(`${id} is allocated`, async () => (await get(id)).server !== undefined);
      return (await get(id)).server?.cluster ?? '';
    },
    /** Near the east for these players. */
    fleetInBoth: async (replicas: number): Promise<string> => {
      const fleet = await world.makeFleet(EAST, replicas);
      await world.copyFleet(WEST, fleet, replicas);
      await world.knows(EAST, fleet, replicas);
      await world.knows(WEST, fleet, replicas);
      return fleet;
    },
    log: () => readFile(world.allocator.process.logFile, 'utf8'),
    /** Both as they were at the start, and well. */
    mend: async (): Promise<void> => {
      await proxy.set({ mode: 'pass' });
      await list(east, west);
      await until('both clusters are well', async () => {
        const both = await Promise.all([viewOf(EAST), viewOf(WEST)]);
        return both.every((one) => one?.healthy === true && !one.draining);
      });
    },
    close: async (): Promise<void> => {
      await proxy.close();
      await world.stop();
    },
  };
}

export type ProxiedClusters = Awaited<ReturnType<typeof proxiedClusters>>;
