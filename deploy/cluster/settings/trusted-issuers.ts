/** Whom the services believe, from what the infrastructure gave. Pure. */
import type { Role } from '../../../contracts/roles.ts';
import type { Outputs } from '../outputs.ts';
import { GAME_NAMESPACE } from './clusters-file.ts';

export const SERVICES_NAMESPACE = 'lifeverse-services';
/** Who asks for the allocation of the smoke test. */
export const SMOKE_ACCOUNT = 'smoke';

/** Agones gives every game server's pod this account. Since it is listed, no other pod of a cluster passes for a game server. */
const GAME_SERVERS: Accounts = { [`${GAME_NAMESPACE}/agones-sdk`]: ['game-server'] };
/** Where the services run, and only there. */
const SERVICES: Accounts = {
  [`${SERVICES_NAMESPACE}/allocator`]: ['allocator'],
  [`${SERVICES_NAMESPACE}/matchmaker`]: ['matchmaker'],
  [`${SERVICES_NAMESPACE}/${SMOKE_ACCOUNT}`]: ['matchmaker'],
};

/** `NAMESPACE/NAME` of a Kubernetes service account → the roles of its pods. */
type Accounts = Readonly<Record<string, readonly Role[]>>;

interface Issuer {
  readonly issuer: string;
  readonly jwks: string;
  readonly roles: readonly Role[];
  readonly cluster?: string;
  readonly serviceAccounts?: Accounts;
}

/**
 * Accounts for players and operators, the allocator for its session grants, every cluster for its pods; only the clusters that run services
 * may name a service.
 */
export function trustedIssuers({ api_hosts: hosts, regions }: Pick<Outputs, 'api_hosts' | 'regions'>): Issuer[] {
  return [
    { ...ofService(hosts.accounts), roles: ['player', 'operator'] },
    { ...ofService(hosts.allocator), roles: ['session'] },
    ...Object.entries(regions)
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([, { issuer, cluster_name: cluster, services }]): Issuer => {
        const serviceAccounts = services ? { ...GAME_SERVERS, ...SERVICES } : GAME_SERVERS;
        const roles = [...new Set(Object.values(serviceAccounts).flat())];
        // GKE publishes the keys of every cluster's tokens, whoever asks.
        return { issuer, jwks: `${issuer}/jwks`, roles, cluster, serviceAccounts };
      }),
  ];
}

function ofService(host: string): Pick<Issuer, 'issuer' | 'jwks'> {
  return { issuer: `https://${host}`, jwks: `https://${host}/.well-known/jwks.json` };
}
