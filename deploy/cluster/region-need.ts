/** How much of a region's quotas an environment may come to use, with every node pool at its largest. Pure. */
import { z } from 'zod';
import type { Environment } from './request.ts';

/** By Google's names of regional quotas. */
export type Need = Readonly<Record<string, number>>;

export interface Pool {
  readonly machineType: string;
  /** Nodes in all zones together. */
  readonly nodes: number;
  /** Each node has a public address. */
  readonly isPublic: boolean;
}

const ZONES: Readonly<Record<Environment, number>> = { dev: 1, staging: 2, prod: 3 };
/** As the roots in terraform/environments size them, per zone. */
const POOLS: Readonly<Record<Environment, readonly [machineType: string, perZone: number, isPublic?: 'public'][]>> = {
  dev: [
    ['e2-standard-4', 3],
    ['e2-medium', 2],
    ['e2-standard-4', 4, 'public'],
  ],
  staging: [
    ['e2-standard-4', 4],
    ['e2-standard-2', 2],
    ['e2-standard-2', 1],
    ['n2d-standard-4', 10, 'public'],
  ],
  prod: [
    ['n2d-standard-4', 10],
    ['n2d-standard-4', 2],
    ['n2d-standard-2', 2],
    ['c3d-standard-8', 50, 'public'],
  ],
};

/** What a region needs while nothing is known but the environment: exact as long as its values keep to the root's own sizes. */
export function usualNeed(environment: Environment): Need {
  const zones = ZONES[environment];
  return needOf(
    POOLS[environment].map(([machineType, perZone, isPublic]) => ({
      machineType,
      nodes: perZone * zones,
      isPublic: isPublic === 'public',
    })),
  );
}

export function needOf(pools: readonly Pool[]): Need {
  const need: Record<string, number> = {};
  const add = (metric: string, amount: number): void => void (need[metric] = (need[metric] ?? 0) + amount);
  for (const { machineType, nodes, isPublic } of pools) {
    add(cpuQuota(machineType), nodes * cpusOf(machineType));
    if (isPublic) add('IN_USE_ADDRESSES', nodes);
  }
  return need;
}

/** Older families share one quota; each newer one has its own. Spot machines are counted with them: a quota of their own is seldom granted. */
function cpuQuota(machineType: string): string {
  const family = machineType.split('-')[0] ?? '';
  return ['e2', 'f1', 'g1', 'n1'].includes(family) ? 'CPUS' : `${family.toUpperCase()}_CPUS`;
}

/** The number at the end of its name; those of e2 that share a core have none and count as two. */
function cpusOf(machineType: string): number {
  return Number(/-(\d+)$/.exec(machineType)?.[1] ?? 2);
}

const Planned = z.object({
  resource_changes: z.array(z.object({ type: z.string().default(''), change: z.object({ after: z.unknown().optional() }) })).default([]),
});
const Cluster = z.object({ location: z.string(), node_locations: z.array(z.string()).nullish() });
const NodePool = z.object({
  location: z.string(),
  node_locations: z.array(z.string()).nullish(),
  autoscaling: z.array(z.object({ max_node_count: z.number() })).min(1),
  node_config: z.array(z.object({ machine_type: z.string() })).min(1),
  network_config: z.array(z.object({ enable_private_nodes: z.boolean().nullish() })).nullish(),
});
/** Where Google chooses the zones. */
const USUAL_ZONES = 3;

/** @param text of `terraform show -json PLAN`. @returns region → its need, of all node pools that the plan ends with. */
export function plannedNeeds(text: string): Readonly<Record<string, Need>> {
  const planned = Planned.parse(JSON.parse(text)).resource_changes;
  const ofType = <T extends z.ZodType>(wanted: string, shape: T): z.output<T>[] =>
    planned.filter(({ type }) => type === wanted).flatMap(({ change }) => shape.safeParse(change.after).data ?? []);
  // A pool is in the zones of its cluster where it names none.
  const zones = new Map(ofType('google_container_cluster', Cluster).map((cluster) => [cluster.location, named(cluster.node_locations)]));
  const pools: Record<string, Pool[]> = {};
  for (const pool of ofType('google_container_node_pool', NodePool)) {
    (pools[pool.location] ??= []).push({
      machineType: pool.node_config[0]?.machine_type ?? '',
      nodes: (pool.autoscaling[0]?.max_node_count ?? 0) * (named(pool.node_locations) ?? zones.get(pool.location) ?? USUAL_ZONES),
      isPublic: pool.network_config?.[0]?.enable_private_nodes !== true,
    });
  }
  return Object.fromEntries(Object.entries(pools).map(([region, all]) => [region, needOf(all)]));
}

/** How many zones are named; undefined: none. */
function named(zones: readonly string[] | null | undefined): number | undefined {
  return zones === undefined || zones === null || zones.length === 0 ? undefined : zones.length;
}
