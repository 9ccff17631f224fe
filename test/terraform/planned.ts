/** Looks into a plan. */
import assert from 'node:assert/strict';
import type { Plan, PlannedResource } from './test-output.ts';

/** All of a type that the plan makes. @throws when there are none: a promise about nothing is not kept. */
export function planned(plan: Plan, type: string): PlannedResource[] {
  const found = plannedOrNone(plan, type);
  assert.ok(found.length > 0, `the plan makes no ${type}`);
  return found;
}

export function plannedOrNone(plan: Plan, type: string): PlannedResource[] {
  return plan.resource_changes.filter((each) => each.type === type && each.mode === 'managed' && each.change.actions.includes('create'));
}

/** What stands at `a.0.b` in what is planned. */
export function valueAt({ change }: PlannedResource, way: string): unknown {
  let value: unknown = change.after;
  for (const step of way.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.entries(value).find(([key]) => key === step)?.[1];
  }
  return value;
}

/** All of them have what is expected at these places. */
export function assertAll(resources: readonly PlannedResource[], expected: Readonly<Record<string, unknown>>): void {
  for (const resource of resources) {
    for (const [way, value] of Object.entries(expected)) assert.deepEqual(valueAt(resource, way), value, `${resource.address}: ${way}`);
  }
}

export function regionsOfClusters(plan: Plan): string[] {
  return planned(plan, 'google_container_cluster')
    .map((cluster) => String(valueAt(cluster, 'location')))
    .toSorted();
}

export const isGameServers = (name: string): boolean => name.startsWith('game-servers-');

export function pools(plan: Plan, isWanted: (name: string) => boolean): PlannedResource[] {
  return planned(plan, 'google_container_node_pool').filter((pool) => isWanted(String(valueAt(pool, 'name'))));
}

export function textsAt(resources: readonly PlannedResource[], way: string): string[] {
  return resources.map((each) => String(valueAt(each, way))).toSorted();
}

export function valuesAt(resource: PlannedResource, way: string): unknown[] {
  const value = valueAt(resource, way);
  return Array.isArray(value) ? value : [];
}

export function outputOf(plan: Plan, name: string): unknown {
  return plan.output_changes[name]?.after;
}

export function servicesRegions(plan: Plan): string[] {
  return Object.entries<{ services: boolean }>(Object(outputOf(plan, 'regions')))
    .flatMap(([name, { services }]) => (services ? [name] : []))
    .toSorted();
}
