/** The files that services are pointed at: whom to trust, which clusters there are, who they are themselves. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Role } from '../../contracts/roles.ts';
import type { TrustedIssuer } from '../../runtime/config.ts';
import type { RunningCluster } from '../cluster/start-cluster.ts';
import type { LocalIssuer } from '../issuer/open-issuer.ts';
import { SERVICES } from '../services.ts';
import type { ServiceName } from '../services.ts';

export interface TrustFiles {
  readonly trustedIssuers: string;
  readonly clusters: string;
  readonly tokenOf: (service: ServiceName) => string;
  /** A token per role, for outside tools. */
  readonly tokens: Readonly<Record<string, string>>;
}

interface TrustParts {
  readonly folder: string;
  readonly issuer: LocalIssuer;
  readonly clusters: readonly RunningCluster[];
  readonly urls: Readonly<Record<ServiceName, string>>;
  /** The Kubernetes namespace of the game servers. */
  readonly namespace: string;
  /** Cluster → where its players send; none: to their game servers. */
  readonly udpEdges: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
}

/** A stack that stays up for longer is started anew before its tokens end. */
const TOKEN_SECONDS = 30 * 86_400;
/** What the local issuer may give; players, sessions and game servers get theirs from whom they get them in production. */
const SERVICE_ROLES = Role.exclude(['player', 'session', 'game-server']).options;

export async function writeTrust(parts: TrustParts): Promise<TrustFiles> {
  const { folder, issuer, clusters, urls } = parts;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const write = async (name: string, content: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, content, { mode: 0o600 });
    return file;
  };
  const issuers: TrustedIssuer[] = [
    { issuer: issuer.issuer, jwks: `file:${issuer.jwksFile}`, roles: [...SERVICE_ROLES] },
    { issuer: urls.accounts, jwks: `${urls.accounts}/.well-known/jwks.json`, roles: ['player', 'operator'] },
    { issuer: urls.allocator, jwks: `${urls.allocator}/.well-known/jwks.json`, roles: ['session'] },
    ...clusters.map((cluster): TrustedIssuer => ({
      issuer: cluster.issuer,
      jwks: cluster.jwksUrl,
      jwksTokenFile: cluster.tokenFile,
      roles: ['game-server'],
      cluster: cluster.name,
    })),
  ];
  const clusterList = clusters.map(({ name, kubeconfig }) => ({
    name,
    region: name,
    kubeconfig,
    namespace: parts.namespace,
    ...udpEdgeOf(parts.udpEdges[name]),
  }));
  for (const { name, roles } of SERVICES) {
    if (roles.length > 0) await write(`${name}.token`, await issuer.issue(name, roles, TOKEN_SECONDS));
  }
  const tokens = await Promise.all(
    SERVICE_ROLES.map(async (role) => [role, await issuer.issue(`local-${role}`, [role], TOKEN_SECONDS)] as const),
  );
  return {
    trustedIssuers: await write('trusted-issuers.json', JSON.stringify(issuers, null, 2)),
    clusters: await write('clusters.json', JSON.stringify(clusterList, null, 2)),
    tokenOf: (service) => path.join(folder, `${service}.token`),
    tokens: Object.fromEntries(tokens),
  };
}

function udpEdgeOf(place: TrustParts['udpEdges'][string] | undefined): object {
  return place === undefined ? {} : { udpEdge: { host: place.host, port: place.port } };
}
