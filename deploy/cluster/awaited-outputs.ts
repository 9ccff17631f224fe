/** In a plan, what only the infrastructure will tell stands in angle brackets. Pure. */
import type { Known } from './known.ts';
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
    project_id: settings.projectId ?? '<project>',
    environment: request.environment,
    registry: '<registry>',
    regions: Object.fromEntries(regions),
    domain,
    api_hosts: {
      allocator: `<allocator’s host in ${domain}>`,
      accounts: `<accounts’ host in ${domain}>`,
      matchmaker: `<matchmaker’s host in ${domain}>`,
      saves: `<saves’ host in ${domain}>`,
    },
    edge_ip: '<address of the edge>',
    dns_name_servers: ['<name servers of the zone>'],
    cost_note: '',
    secret_names: {},
  };
}
