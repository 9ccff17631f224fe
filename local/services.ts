/**
 * The services of the stack, and what each is told by its environment. To give a service another setting is an edit here and nowhere else.
 */
import type { Role } from '../contracts/roles.ts';
import { MATCH_MODES } from './match-modes.ts';

/** What is known before the services start. */
export interface ServiceSurroundings {
  readonly caFile: string;
  readonly mongoUrl: string;
  readonly redisUrl: string;
  /** Service name → its URL. */
  readonly urls: Readonly<Record<ServiceName, string>>;
  readonly clustersFile: string;
  readonly trustedIssuersFile: string;
  /** Encrypts accounts' signing keys at rest: the same at every start. */
  readonly accountsSecret: string;
  /** A file with the service's own token. */
  readonly tokenFile: (service: ServiceName) => string;
}

export type ServiceName = 'accounts' | 'saves' | 'allocator' | 'matchmaker';

export interface LocalService {
  readonly name: ServiceName;
  /** In the tree. */
  readonly main: string;
  /** Of its own token; a service without roles needs none. */
  readonly roles: readonly Role[];
  /** Beside what all services get (`commonEnv`). */
  readonly env: (around: ServiceSurroundings) => Readonly<Record<string, string>>;
}

export const SERVICES: readonly LocalService[] = [
  {
    name: 'accounts',
    main: 'accounts/main.ts',
    roles: [],
    env: ({ urls, mongoUrl, accountsSecret }) => ({
      MONGO_URL: mongoUrl,
      MONGO_DATABASE: 'accounts',
      ACCOUNTS_ISSUER: urls.accounts,
      ACCOUNTS_SECRET: accountsSecret,
    }),
  },
  {
    name: 'saves',
    main: 'saves/main.ts',
    roles: [],
    env: ({ mongoUrl }) => ({ MONGO_URL: mongoUrl, MONGO_DATABASE: 'saves' }),
  },
  {
    name: 'allocator',
    main: 'allocator/main.ts',
    roles: ['allocator'],
    env: ({ urls, mongoUrl, redisUrl, clustersFile, tokenFile }) => ({
      MONGO_URL: mongoUrl,
      MONGO_DATABASE: 'allocator',
      REDIS_URL: redisUrl,
      ALLOCATOR_ISSUER: urls.allocator,
      CLUSTERS_FILE: clustersFile,
      SAVES_URL: urls.saves,
      SERVICE_TOKEN_FILE: tokenFile('allocator'),
      WEBHOOK_PRIVATE_ADDRESSES: 'allow',
    }),
  },
  {
    name: 'matchmaker',
    main: 'matchmaker/main.ts',
    roles: ['matchmaker'],
    env: ({ urls, mongoUrl, tokenFile }) => ({
      MONGO_URL: mongoUrl,
      MONGO_DATABASE: 'matchmaker',
      ALLOCATOR_URL: urls.allocator,
      MATCH_MODES: JSON.stringify(MATCH_MODES),
      SERVICE_TOKEN_FILE: tokenFile('matchmaker'),
    }),
  },
];

export interface ServiceListen {
  readonly port: number;
  readonly opsPort: number;
  readonly certFile: string;
  readonly keyFile: string;
}

/** What every service is told: where to listen, whom to trust. */
export function commonEnv(around: ServiceSurroundings, listen: ServiceListen): Readonly<Record<string, string>> {
  return {
    PORT: String(listen.port),
    OPS_PORT: String(listen.opsPort),
    TLS_CERT_FILE: listen.certFile,
    TLS_KEY_FILE: listen.keyFile,
    TLS_CA_FILE: around.caFile,
    TRUSTED_ISSUERS: `file:${around.trustedIssuersFile}`,
  };
}
