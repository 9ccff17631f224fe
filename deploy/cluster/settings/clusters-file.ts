/** The allocator's clusters file, from what the infrastructure gave. Pure. */
import { stringify } from 'yaml';
import type { Placement } from '../known.ts';
import type { Outputs } from '../outputs.ts';

export const GAME_NAMESPACE = 'lifeverse';
/** Of the Service in `fleets/components/udp-proxies`. */
const EDGE_PORT = 7_777;

/**
 * A cluster goes by its GKE name, which is unique in a project and means this cluster for ever.
 * @param placement what differs for a region: its weight, that it is drained, or that its players go through its UDP proxies.
 * @throws where they should and there are none.
 */
export function clustersFile(
  { regions, quilkin_addresses: edges }: Pick<Outputs, 'regions' | 'quilkin_addresses'>,
  placement: Readonly<Record<string, Placement>>,
): string {
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
      ...(placement[region]?.udpEdge === true ? { udpEdge: { host: edgeOf(edges, region), port: EDGE_PORT } } : {}),
    }));
  return stringify(entries);
}

function edgeOf(edges: Outputs['quilkin_addresses'], region: string): string {
  const address = edges[region];
  if (address === undefined)
    throw new Error(
      `placement.yaml sends the players of ${region} through UDP proxies, and Terraform has no address for these: quilkin = true`,
    );
  return address;
}
