/** What is left in the scope of a maintenance window. */
import type { Filter } from 'mongodb';
import type { MaintenanceScope, MaintenanceStatus } from '../../contracts/allocator-api/maintenance-windows.ts';
import type { AllocationDocument } from '../allocation.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import { sumOf, type Tallies } from '../clusters/tally.ts';
import { touches } from '../placement/maintenance.ts';
import type { Allocations } from '../store/allocations.ts';

export interface ScopeLook {
  /** `busyServers` still carry our mark, also when their session has ended and they flush. */
  leftIn(window: { readonly scope: MaintenanceScope }): Promise<{ readonly sessions: number; readonly busyServers: number }>;
  statusOf(window: { readonly scope: MaintenanceScope }): Promise<MaintenanceStatus>;
}

export function createScopeLook(allocations: Allocations, clusters: ReadonlyMap<string, AgonesCluster>, tallyOf: Tallies): ScopeLook {
  const inScope = (scope: MaintenanceScope) =>
    [...clusters.values()].filter(({ config }) =>
      touches(scope, { cluster: config.name, region: config.region, fleet: scope.fleet ?? '', build: scope.build }),
    );
  const busy = (scope: MaintenanceScope) =>
    inScope(scope).flatMap((cluster) =>
      [...tallyOf(cluster).ours()].filter(({ fleet, build }) => (scope.fleet ?? fleet) === fleet && (scope.build ?? build) === build),
    );
  const carriedBy = (scope: MaintenanceScope) => busy(scope).flatMap(({ allocationUid }) => allocationUid ?? []);
  const sessionsIn = (scope: MaintenanceScope): Filter<AllocationDocument> => ({
    // Of all clusters that are known only where the scope says so: a cluster that was taken off the list still has its sessions.
    ...(scope.cluster === undefined && scope.region === undefined
      ? {}
      : { 'server.cluster': { $in: scope.cluster === undefined ? inScope(scope).map(({ config }) => config.name) : [scope.cluster] } }),
    // Whoever chose by selectors named no fleet: the server's own label tells.
    ...(scope.fleet === undefined
      ? {}
      : { $or: [{ 'request.fleet': scope.fleet }, { 'request.fleet': null, _id: { $in: carriedBy(scope) } }] }),
    ...(scope.build === undefined ? {} : { 'request.build': scope.build }),
    state: { $in: ['allocated', 'ready'] },
  });
  const freeOn = (cluster: AgonesCluster, { fleet, build }: MaintenanceScope) => {
    const tally = tallyOf(cluster);
    const fleets = fleet === undefined ? [...tally.fleets()] : [fleet];
    const counted = fleets.flatMap((name) => [...tally.builds(name)].filter(([one]) => (build ?? one) === one));
    return sumOf(counted.map(([, counts]) => counts)).ready;
  };

  return {
    leftIn: async ({ scope }) => ({ sessions: await allocations.documents.count(sessionsIn(scope)), busyServers: busy(scope).length }),
    statusOf: async ({ scope }) => {
      const filter = sessionsIn(scope);
      const [sessions, [oldest]] = await Promise.all([
        allocations.documents.count(filter),
        allocations.documents.list(filter, { sort: { createdAt: 1 }, limit: 1 }),
      ]);
      const present = inScope(scope);
      return {
        sessions,
        busyServers: busy(scope).length,
        freeServers: present.reduce((sum, cluster) => sum + freeOn(cluster, scope), 0),
        unreachable: present.filter(({ healthy }) => !healthy).map(({ config }) => config.name),
        ...(oldest === undefined || oldest.server === null
          ? {}
          : {
              oldestSession: {
                allocationId: oldest.id,
                uid: oldest._id,
                cluster: oldest.server.cluster,
                gameServer: oldest.server.gameServer,
                since: (oldest.readyAt ?? oldest.createdAt).toISOString(),
              },
            }),
      };
    },
  };
}
