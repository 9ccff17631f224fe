/** Fleets over all clusters, for whoever asks why somebody waits. */
import { z } from 'zod';
import type { fleetEndpoints, Fleet } from '../../contracts/allocator-api/fleets.ts';
import { translated } from '../../runtime/documents/collection.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import { sumOf, type Tallies } from '../clusters/tally.ts';
import { phaseOf, touches } from '../placement/maintenance.ts';
import { ASKED_WITHIN_MS, readySecondsOf } from '../scaling/scaler.ts';
import type { Allocations } from '../store/allocations.ts';
import type { FleetScaling } from '../store/fleet-scaling.ts';
import type { MaintenanceWindows } from '../store/maintenance-windows.ts';

export interface FleetsApiParts {
  readonly allocations: Allocations;
  readonly scaling: FleetScaling;
  readonly windows: Pick<MaintenanceWindows, 'open' | 'refresh'>;
  readonly clusters: ReadonlyMap<string, AgonesCluster>;
  readonly tallyOf: Tallies;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const Grouped = z.array(
  z.object({
    _id: z.object({ fleet: z.string().nullish(), priority: z.int() }),
    count: z.int(),
    oldest: z.date(),
  }),
);
type Grouped = z.infer<typeof Grouped>;

/** However many ask, the database is asked once in this time. */
const FRESH_MS = 1_000;

export function fleetHandlers(parts: FleetsApiParts): Handlers<typeof fleetEndpoints> {
  const { allocations, scaling, windows, clusters, tallyOf, now } = parts;
  let last: { readonly at: number; readonly read: ReturnType<typeof read> } | undefined;

  const read = async () => {
    const [waiting, found, speeds] = await Promise.all([
      waitingIn(allocations),
      scaling.asked(new Date(now() - ASKED_WITHIN_MS)),
      scaling.speeds(),
      windows.refresh(),
    ]);
    return { waiting, asked: found.map((one) => ({ ...one, fleet: one.called ?? one.fleet })), speeds };
  };
  const fresh = () => {
    if (last !== undefined && performance.now() - last.at < FRESH_MS) return last.read;
    const made = read();
    last = { at: performance.now(), read: made };
    made.catch(() => (last = undefined));
    return made;
  };

  return {
    listFleets: async () => {
      const { waiting, asked, speeds } = await fresh();
      const present = [...clusters.values()];
      const names = new Set([
        ...present.flatMap((cluster) => [...tallyOf(cluster).fleets()]),
        ...asked.map(({ fleet }) => fleet),
        ...waiting.flatMap(({ _id }) => _id.fleet ?? []),
      ]);
      const fleetOf = (name: string): Fleet => {
        const having = present.filter((cluster) => {
          const isAsked = asked.some((one) => one.fleet === name && one.cluster === cluster.config.name);
          return isAsked || tallyOf(cluster).builds(name).size > 0;
        });
        const views = having.map((cluster) => {
          const { name: clusterName, region } = cluster.config;
          const builds = tallyOf(cluster).builds(name);
          const readySeconds = readySecondsOf(
            speeds.filter(({ fleet }) => fleet === name),
            clusterName,
          );
          const wanted = asked.filter((one) => one.fleet === name && one.cluster === clusterName);
          return {
            cluster: clusterName,
            region,
            healthy: cluster.healthy,
            draining: cluster.draining,
            ...sumOf(builds.values()),
            builds: [...builds].map(([build, counts]) => ({ build, ...counts })),
            ...(readySeconds === undefined ? {} : { readySeconds }),
            ...(wanted.length === 0 ? {} : { wantedReplicas: wanted.reduce((sum, { replicas }) => sum + replicas, 0) }),
          };
        });
        return {
          name,
          ...sumOf(views),
          clusters: views,
          waiting: waitingOf(
            waiting.filter(({ _id }) => _id.fleet === name),
            now(),
          ),
          windows: windows.open
            .filter(({ scope }) =>
              having.some(({ config }) => touches(scope, { cluster: config.name, region: config.region, fleet: name, build: scope.build })),
            )
            .map((window) => ({
              id: window.id,
              phase: phaseOf(window, now()),
              scope: window.scope,
              startsAt: window.startsAt.toISOString(),
              endsAt: window.endsAt.toISOString(),
            })),
        };
      };
      const unnamed = waiting.filter(({ _id }) => (_id.fleet ?? undefined) === undefined);
      return {
        status: 200,
        body: { fleets: [...names].toSorted().map(fleetOf), waitingBySelectors: waitingOf(unnamed, now()) },
      };
    },
  };
}

async function waitingIn({ documents }: Allocations): Promise<Grouped> {
  const rows = await translated(() =>
    documents.raw
      .aggregate([
        { $match: { inLine: true } },
        {
          $group: {
            _id: { fleet: '$request.fleet', priority: '$request.priority' },
            count: { $sum: 1 },
            oldest: { $min: '$createdAt' },
          },
        },
      ])
      .toArray(),
  );
  return Grouped.parse(rows);
}

function waitingOf(rows: Grouped, now: number): Fleet['waiting'] {
  const oldest = Math.min(...rows.map((row) => row.oldest.getTime()));
  const byPriority: Record<string, number> = {};
  for (const { _id, count } of rows) byPriority[_id.priority] = (byPriority[_id.priority] ?? 0) + count;
  return {
    count: rows.reduce((sum, { count }) => sum + count, 0),
    ...(rows.length === 0 ? {} : { oldestSeconds: Math.max(0, now - oldest) / 1_000 }),
    byPriority,
  };
}
