/** The allocator's clusters file, from what the infrastructure gave. Pure. */
import { stringify } from 'yaml';
import type { Placement } from '../known.ts';
import type { Outputs } from '../outputs.ts';

export const GAME_NAMESPACE = 'lifeverse';

/**
 * A cluster goes by its GKE name, which is unique in a project and means this cluster for ever.
 * @param placement what differs for a region: its weight, or that it is drained.
 */
export function clustersFile(regions: Outputs['regions'], placement: Readonly<Record<string, Placement>>): string {
  const entries = Object.entries(regions)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([region, { cluster_name: name, endpoint, ca }]) => ({
      name,
      region,
      endpoint,
      credentials: 'google',
      ...(ca === '' ? {} : { ca }),
      namespace: GAME_NAMESPACE,
      ...(placement[region]?.weight === undefined ? {} : { weight: placement[region].weight }),
      ...(placement[region]?.drain === undefined ? {} : { drain: placement[region].drain }),
    }));
  return stringify(entries);
}
