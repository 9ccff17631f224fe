/** Demand to fleets: what one cluster's fleet is to have, from what all processes know in common. */
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import type { Tallies } from '../clusters/tally.ts';
import { playableMs } from '../placement/maintenance.ts';
import type { Allocations } from '../store/allocations.ts';
import type { FleetScaling, ScalingDocument, SpeedDocument } from '../store/fleet-scaling.ts';
import type { MaintenanceWindows } from '../store/maintenance-windows.ts';
import { ARRIVAL_SECONDS, readDemand, type FleetDemand, type ScaledFleet } from './read-demand.ts';
import { shareDemand, type Demand, type Taker } from './share-demand.ts';
import { heldReplicas, medianOf, noteWish, wantedReplicas, type ScalingSettings } from './wanted-replicas.ts';

export interface ScalerParts {
  readonly allocations: Allocations;
  readonly scaling: FleetScaling;
  readonly windows: Pick<MaintenanceWindows, 'open' | 'refresh'>;
  readonly clusters: ReadonlyMap<string, AgonesCluster>;
  readonly tallyOf: Tallies;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What Agones says of the fleet at this moment. */
export interface Present {
  readonly allocated: number;
  readonly reserved: number;
}

export interface Scaler {
  /** The replicas to have, noted as a wish. @throws AppError `unavailable` when the database is away. */
  replicasOf(cluster: AgonesCluster, fleet: ScaledFleet, present: Present, settings: ScalingSettings): Promise<number>;
}

/** All clusters of a fleet ask at about the same time: they share one look. */
const FRESH_MS = 1_000;
/** An autoscaler that has not asked for so long is gone, and its cluster grows for nobody. */
export const ASKED_WITHIN_MS = 5 * 60_000;
/** Until a server of the fleet was seen to start anywhere. */
const DEFAULT_READY_SECONDS = 30;

interface Known {
  readonly demand: FleetDemand;
  readonly asked: readonly ScalingDocument[];
  readonly speeds: readonly SpeedDocument[];
}

export function createScaler(parts: ScalerParts): Scaler {
  const { allocations, scaling, windows, clusters, tallyOf, now } = parts;
  const looks = new Map<string, { readonly at: number; readonly known: Promise<Known> }>();

  const look = (fleet: ScaledFleet): Promise<Known> => {
    const last = looks.get(fleet.name);
    if (last !== undefined && performance.now() - last.at < FRESH_MS) return last.known;
    for (const [name, { at }] of looks) if (performance.now() - at >= FRESH_MS) looks.delete(name);
    const known = readKnown(fleet);
    looks.set(fleet.name, { at: performance.now(), known });
    known.catch(() => looks.delete(fleet.name));
    return known;
  };
  const readKnown = async (fleet: ScaledFleet): Promise<Known> => {
    const since = new Date(now() - ASKED_WITHIN_MS);
    const [demand, asked, speeds] = await Promise.all([
      readDemand(allocations, fleet, now()),
      scaling.asked(since, fleet.name),
      scaling.speeds(fleet.called),
      windows.refresh(),
    ]);
    return { demand, asked, speeds };
  };

  /** The clusters that have the fleet, in servers or by an autoscaler that asks for it, and the one that asks now. */
  const takersOf = (asking: AgonesCluster, { called: fleet, build }: ScaledFleet, known: Known, room: number): Taker[] =>
    [...clusters.values()].flatMap((cluster) => {
      const { name, region, weight } = cluster.config;
      const before = known.asked.find((one) => one.cluster === name);
      const present = tallyOf(cluster).builds(fleet);
      const hasIt = build === undefined ? cluster.census.hasFleet(fleet) : present.has(build);
      if (cluster !== asking && before === undefined && !hasIt) return [];
      return {
        name,
        region,
        weight,
        open: isOpen(cluster, fleet),
        // A fleet that does not say its build has that of its servers.
        playableMs: playableMs(windows.open, { cluster: name, region, fleet, build: build ?? onlyOf(present) }, now()),
        builds: new Set(build === undefined ? present.keys() : [build]),
        room: cluster === asking ? room : before === undefined ? Number.POSITIVE_INFINITY : before.max - before.busy,
      };
    });

  return {
    replicasOf: async (cluster, fleet, { allocated, reserved }, settings) => {
      const { name } = cluster.config;
      const known = await look(fleet);
      const { demand } = known;
      const takers = takersOf(cluster, fleet, known, Math.max(0, settings.max - allocated - reserved));
      const shareOf = (demands: readonly Demand[], total: number, among: readonly Taker[]) =>
        ((shareDemand(demands, among).get(name) ?? 0) * total) / Math.max(1, demands.length);
      const boundless = takers.map((taker) => ({ ...taker, room: Number.POSITIVE_INFINITY }));
      const need = {
        allocated,
        reserved,
        waiting: Math.ceil(shareOf(demand.waiting, demand.waitingTotal, takers)),
        arrivalsPerSecond: shareOf(demand.arrivals, demand.arrivalsTotal, boundless) / ARRIVAL_SECONDS,
        readySeconds: readySecondsOf(known.speeds, name) ?? DEFAULT_READY_SECONDS,
        draining: cluster.draining,
      };
      const wanted = wantedReplicas(need, settings);
      const noted = await scaling.note(name, fleet.name, (before) => {
        const at = new Date(now());
        const wishes = noteWish(before?.wishes ?? [], { at, replicas: wanted }, settings.scaleDownSeconds * 1_000);
        const replicas = heldReplicas(wishes, wanted, { allocated, max: settings.max });
        return { wishes, askedAt: at, busy: allocated + reserved, max: settings.max, replicas, called: fleet.called };
      });
      return noted.replicas;
    },
  };
}

function onlyOf(builds: ReadonlyMap<string, unknown>): string | undefined {
  const [only, ...others] = builds.keys();
  return others.length === 0 ? only : undefined;
}

/** New work may go there, however busy it is at this moment. */
function isOpen(cluster: AgonesCluster, fleet: string): boolean {
  return cluster.healthy && !cluster.draining && cluster.config.fleets?.includes(fleet) !== false;
}

/** The cluster's own, else what the fleet takes elsewhere. */
export function readySecondsOf(speeds: readonly SpeedDocument[], cluster: string): number | undefined {
  return medianOf(speeds.find((one) => one.cluster === cluster)?.seconds ?? speeds.flatMap(({ seconds }) => seconds));
}
