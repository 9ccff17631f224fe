/** In a plan, what only the infrastructure will tell stands in angle brackets. Pure. */
import { projectOf, type Known } from './known.ts';
import type { Outputs } from './outputs.ts';

export function awaitedOutputs(known: Known): Outputs {
  const { settings, request } = known;
  const domain = settings.domain ?? '<domain>';
  const regions = known.regions.map(({ name, services }) => [
    name,
    {
      cluster_name: `<cluster of ${name}>`,
      endpoint: `<endpoint of ${name}>`,
      ca: `<ca of ${name}>`,
      issuer: `<issuer of ${name}>`,
      services,
    },
  ]);
  return {
    project_id: projectOf(known),
    environment: request.environment,
    registry: '<registry>',
    regions: Object.fromEntries(regions),
    game_ports: '<host ports of game servers>',
    domain,
    api_hosts: {
      allocator: `allocator.${domain}`,
      accounts: `accounts.${domain}`,
      matchmaker: `matchmaker.${domain}`,
      saves: `saves.${domain}`,
    },
    edge_ip: '<address of the edge>',
    quilkin_addresses: settings.quilkin
      ? Object.fromEntries(known.regions.map(({ name }) => [name, `<address of ${name}’s UDP proxies>`]))
      : {},
    dns_name_servers: ['<name servers of the zone>'],
    cost_note: '',
    secret_names: {},
  };
}
