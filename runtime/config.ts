/**
 * Environment → typed config. Every fault is listed at once, and each says what to mend.
 *
 * A service's `config.ts` composes fragments:  `const Env = z.object({ ...mongoEnv, ...listenEnv, … })`.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Role } from '../contracts/roles.ts';
import { jsonFaults } from './json-faults.ts';

export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** @throws ConfigError with every fault. Empty variables count as absent. */
export function readConfig<S extends z.ZodObject>(schema: S, env: NodeJS.ProcessEnv): z.output<S> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map((issue) => {
      const name = issue.path.join('.');
      const absent = issue.code === 'invalid_type' && given[String(issue.path[0])] === undefined;
      const about = String((schema.shape[String(issue.path[0])] as z.ZodType | undefined)?.description ?? '');
      return `${name}: ${absent ? 'is not set' : issue.message}${about === '' ? '' : ` (${about})`}`;
    }),
  );
}

const Port = z.coerce.number().int().min(0).max(65_535);
const Milliseconds = z.coerce.number().int().min(0);

/** A JSON value in a variable, or `file:PATH` for one in a file; then parsed by `inner`. */
export function jsonVariable<T extends z.ZodType>(inner: T, about: string) {
  return z
    .string()
    .transform((text, context): unknown => {
      const fault = (message: string) => {
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      };
      const file = text.startsWith('file:') ? text.slice('file:'.length) : undefined;
      let json = text;
      try {
        if (file !== undefined) json = readFileSync(file, 'utf8');
      } catch (cause) {
        return fault(`cannot be read: ${String(cause)}`);
      }
      let parsed: unknown;
      try {
        parsed = JSON.parse(json);
      } catch {
        // Without the parser's words, which repeat a piece of the text.
        return fault(file === undefined ? 'is not JSON' : `${file} is not JSON`);
      }
      const lost = jsonFaults(parsed, json, '#');
      for (const { pointer, detail } of lost) fault(`${file === undefined ? '' : `${file} `}${pointer}: ${detail}`);
      return lost.length === 0 ? parsed : z.NEVER;
    })
    .pipe(inner)
    .describe(about);
}

export const logEnv = {
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('debug, info, warn or error'),
};

export const listenEnv = {
  HOST: z.string().default('127.0.0.1').describe('address to listen on'),
  PORT: Port.describe('port of the HTTPS API; 0 takes a free one'),
  OPS_PORT: Port.describe('port for liveness, readiness and metrics; 0 takes a free one'),
  /** How long to stay up unready before connections are refused, so that load balancers notice. */
  SHUTDOWN_DELAY_MS: Milliseconds.default(0).describe('milliseconds between becoming unready and closing'),
};

export const tlsEnv = {
  TLS_CERT_FILE: z.string().describe('PEM certificate chain of this service; reloaded when it changes'),
  TLS_KEY_FILE: z.string().describe('PEM private key of this service'),
  TLS_CA_FILE: z.string().optional().describe('PEM certificates that this service trusts beside the public ones'),
};

export const mongoEnv = {
  MONGO_URL: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\//, 'begins with mongodb:// or mongodb+srv://')
    .describe('MongoDB connection string'),
  MONGO_DATABASE: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,38}$/)
    .describe('database name'),
};

export const redisEnv = {
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'begins with redis:// or rediss://')
    .describe('Redis connection string'),
  REDIS_CA_FILE: z.string().optional().describe('PEM certificates that Redis’ own is checked by; TLS_CA_FILE by default'),
  REDIS_PREFIX: z.string().default('lifeverse').describe('prefix of every key'),
  REDIS_CREDENTIALS: z
    .enum(['url', 'google'])
    .default('url')
    .describe('url: the user and password that REDIS_URL names, if any; google: tokens of the Google identity of this pod'),
};
const RedisEnv = z.object(redisEnv);

/** For schemas with `redisEnv`: a token takes no other login beside it, and goes where nobody listens. */
export const redisFits = z.superRefine<z.output<typeof RedisEnv>>(
  ({ REDIS_URL, REDIS_CREDENTIALS }, context) => {
    const url = URL.parse(REDIS_URL);
    if (url === null || REDIS_CREDENTIALS !== 'google') return;
    const fault = (message: string) => context.addIssue({ code: 'custom', path: ['REDIS_URL'], message });
    if (url.username !== '' || url.password !== '')
      fault('has a user or a password, in place of which REDIS_CREDENTIALS=google shows a token');
    if (url.protocol !== 'rediss:' && !isLoopback(url.hostname))
      fault('begins with rediss:// where REDIS_CREDENTIALS=google: by redis:// a token would cross the network in clear');
  },
  // Beside whatever else is wrong, since every fault is listed.
  { when: ({ value }) => RedisEnv.safeParse(value).success },
);

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d+){3}$/.test(host);
}

export const googleEnv = {
  GCE_METADATA_HOST: z
    .string()
    .regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/, 'is HOST or HOST:PORT')
    .default('metadata.google.internal')
    .describe(
      'metadata server of Google, as its own libraries name it; for clusters with credentials: google and REDIS_CREDENTIALS=google',
    ),
};

/** What a service of ours may be; people and sessions get their roles by tokens of another kind. */
const ServiceRole = Role.exclude(['player', 'session']);

/** `NAMESPACE/NAME`, as Kubernetes allows them: a label, and a DNS subdomain. */
const SERVICE_ACCOUNT =
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\/(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

const ServiceAccounts = z.record(z.string(), z.array(ServiceRole).min(1)).superRefine((accounts, context) => {
  for (const account of Object.keys(accounts))
    if (!SERVICE_ACCOUNT.test(account))
      context.addIssue({ code: 'custom', path: [account], message: 'is not NAMESPACE/NAME of a service account' });
});

/** Issuers whose tokens are believed, each with the roles that it may give. A misspelt field would be a right that nobody has, or everybody. */
export const TrustedIssuer = z
  .strictObject({
    issuer: z.string().min(1),
    /** `https://…`, or `file:PATH` for a key set on disk. */
    jwks: z.string().regex(/^(https:\/\/|file:)/, 'begins with https:// or file:'),
    roles: z.array(Role).min(1),
    /** A Kubernetes issuer gives no `roles` claim: its pods have the cluster's name, and their roles by `serviceAccounts`. */
    cluster: z.string().min(1).optional(),
    /**
     * Roles of the pods of these service accounts. Whoever is not listed is a `game-server`, unless an account is listed as one:
     * then the list says who is.
     */
    serviceAccounts: ServiceAccounts.optional(),
    /** File with a bearer token for the key set's address, as an API server asks for. */
    jwksTokenFile: z.string().optional(),
  })
  .superRefine(({ cluster, roles, serviceAccounts = {} }, context) => {
    const fault = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
    const accounts = Object.entries(serviceAccounts);
    if (accounts.length > 0 && cluster === undefined) fault(['serviceAccounts'], 'are of a Kubernetes issuer: name its cluster too');
    for (const [account, given] of accounts)
      for (const role of given)
        if (!roles.includes(role)) fault(['serviceAccounts', account], `gives ${role}, which is not among the roles of the issuer`);
  });
export type TrustedIssuer = z.infer<typeof TrustedIssuer>;

const TrustedIssuers = z.array(TrustedIssuer).superRefine((issuers, context) => {
  issuers.forEach(({ issuer }, nth) => {
    const first = issuers.findIndex((other) => other.issuer === issuer);
    if (first < nth) context.addIssue({ code: 'custom', path: [nth, 'issuer'], message: `is named before, at ${first}` });
  });
});

export const trustEnv = {
  TRUSTED_ISSUERS: jsonVariable(
    TrustedIssuers,
    'JSON array of {issuer, jwks, roles, cluster?, serviceAccounts?, jwksTokenFile?}, or file:PATH',
  ),
};

/** Where another service is, and our own token for it. */
export const serviceTokenEnv = {
  SERVICE_TOKEN_FILE: z.string().describe('file with this service’s own bearer token; re-read when it changes'),
};

/** What every service is told: how to log, where to listen, whom to trust. */
export const serviceEnv = { ...logEnv, ...listenEnv, ...tlsEnv, ...trustEnv };
