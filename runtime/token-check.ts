/** The one check of bearer tokens, for players and services: signature, issuer, audience, expiry, roles. */
import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, decodeJwt, jwtVerify, type JWTPayload } from 'jose';
import { z } from 'zod';
import { AppError } from '../contracts/app-error.ts';
import type { Send } from '../contracts/client.ts';
import { AUDIENCE, Role } from '../contracts/roles.ts';
import { JsonWebKeySet } from '../contracts/words.ts';
import type { TrustedIssuer } from './config.ts';

/** Who calls. */
export interface Principal {
  readonly subject: string;
  readonly roles: readonly Role[];
  readonly issuer: string;
  readonly claims: Readonly<JWTPayload>;
  /** For a pod's token: which pod, in which of our clusters. */
  readonly pod?: { readonly cluster: string; readonly namespace: string; readonly name: string; readonly uid: string };
}

/** @throws AppError `unauthenticated` saying what is wrong with the token; `unavailable` when the keys cannot be had. */
export type TokenCheck = (token: string) => Promise<Principal>;

export interface TokenCheckParts {
  readonly send: Send;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Asymmetric signatures only, so that a public key can never pass as a shared secret. */
const ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'RS256'];
const CLOCK_TOLERANCE_SECONDS = 30;
const KEYS_FRESH_MS = 5 * 60_000;
/** An unknown key id, or keys that are old, have them fetched again, but not more often than this. */
const KEYS_AGAIN_MS = 5_000;

const PodClaims = z.object({
  namespace: z.string(),
  pod: z.object({ name: z.string(), uid: z.string() }),
  serviceaccount: z.object({ name: z.string() }).optional(),
});

export function createTokenCheck(issuers: readonly TrustedIssuer[], parts: TokenCheckParts): TokenCheck {
  const byIssuer = new Map(issuers.map((trusted) => [trusted.issuer, { trusted, keys: createKeyCache(trusted, parts) }]));
  return async (token) => {
    const issuer = issuerOf(token);
    const known = byIssuer.get(issuer);
    if (known === undefined) throw refused('token_issuer', 'the token is from an issuer that this service does not trust');
    const claims = await verify(token, known.keys, known.trusted, parts.now());
    return principalOf(claims, known.trusted);
  };
}

function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch (cause) {
    throw refused('token_malformed', 'the bearer token is not a JWT', cause);
  }
}

async function verify(token: string, keys: KeyCache, trusted: TrustedIssuer, now: number): Promise<JWTPayload> {
  const options = {
    issuer: trusted.issuer,
    audience: AUDIENCE,
    algorithms: ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ['exp', 'sub'],
    currentDate: new Date(now),
  };
  const attempt = async (again: boolean) => jwtVerify(token, await keys(again), options);
  try {
    return (await attempt(false)).payload;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (!isUnknownKey(cause)) throw refused('token_invalid', `the token does not hold: ${messageOf(cause)}`, cause);
  }
  try {
    return (await attempt(true)).payload;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw refused('token_invalid', `the token does not hold: ${messageOf(cause)}`, cause);
  }
}

function principalOf(claims: JWTPayload, trusted: TrustedIssuer): Principal {
  const subject = claims.sub ?? '';
  if (trusted.cluster !== undefined) {
    const bound = PodClaims.safeParse(claims['kubernetes.io']);
    if (!bound.success) throw refused('token_unbound', 'the token is not bound to a pod');
    const { namespace, pod, serviceaccount } = bound.data;
    const account = serviceaccount === undefined ? undefined : `${namespace}/${serviceaccount.name}`;
    const roles = rolesOfPod(account, trusted);
    return { subject, roles, issuer: trusted.issuer, claims, pod: { cluster: trusted.cluster, namespace, ...pod } };
  }
  const claimed = z.array(z.string()).safeParse(claims['roles']);
  const mayGive = new Set<string>(trusted.roles);
  const roles = (claimed.success ? claimed.data : []).flatMap((name) => {
    const role = Role.safeParse(name);
    return role.success && mayGive.has(name) ? [role.data] : [];
  });
  return { subject, roles, issuer: trusted.issuer, claims };
}

/** @param account `NAMESPACE/NAME`. Without a list any pod of the cluster may be a game server's. */
function rolesOfPod(account: string | undefined, { roles, serviceAccounts = {} }: TrustedIssuer): Role[] {
  const listed = account !== undefined && Object.hasOwn(serviceAccounts, account) ? serviceAccounts[account] : undefined;
  if (listed !== undefined) return listed.filter((role) => roles.includes(role));
  const gameServersAreListed = Object.values(serviceAccounts).some((given) => given.includes('game-server'));
  return roles.includes('game-server') && !gameServersAreListed ? ['game-server'] : [];
}

type LocalKeys = ReturnType<typeof createLocalJWKSet>;

/** @param unknownKey the keys that are there do not have the one that is looked for. */
type KeyCache = (unknownKey: boolean) => Promise<LocalKeys>;

/**
 * Keys are fetched at first need and outlive an issuer that is away: old ones go on being used while new ones are fetched.
 * @throws AppError `unavailable` when there are none, or when the issuer cannot be asked about an unknown one.
 */
function createKeyCache(trusted: TrustedIssuer, parts: TokenCheckParts): KeyCache {
  let kept: { keys: LocalKeys; at: number } | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let trying: Promise<LocalKeys> | undefined;
  const fetchKeys = async () => {
    triedAt = parts.now();
    try {
      const keys = createLocalJWKSet(await loadKeys(trusted, parts.send));
      kept = { keys, at: parts.now() };
      return keys;
    } catch (cause) {
      throw new AppError('unavailable', 'token_keys_unavailable', `the keys of ${trusted.issuer} cannot be had`, { cause, retryAfter: 1 });
    } finally {
      trying = undefined;
    }
  };
  const refresh = () => (trying ??= fetchKeys());
  return async (unknownKey) => {
    if (kept === undefined) return refresh();
    const mayTry = trying !== undefined || parts.now() - triedAt >= KEYS_AGAIN_MS;
    if (unknownKey && mayTry) return refresh();
    if (mayTry && parts.now() - kept.at >= KEYS_FRESH_MS) refresh().catch(() => {});
    return kept.keys;
  };
}

async function loadKeys(trusted: TrustedIssuer, send: Send): Promise<z.infer<typeof JsonWebKeySet>> {
  if (trusted.jwks.startsWith('file:')) return parseKeys(await readFile(trusted.jwks.slice('file:'.length), 'utf8'));
  const token = trusted.jwksTokenFile === undefined ? undefined : (await readFile(trusted.jwksTokenFile, 'utf8')).trim();
  const answer = await send({
    method: 'GET',
    url: trusted.jwks,
    headers: { accept: 'application/json, application/jwk-set+json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    body: undefined,
    timeoutMs: 5_000,
    signal: undefined,
  });
  if (answer.status !== 200) throw new Error(`${trusted.jwks} answered ${answer.status}`);
  return parseKeys(answer.body);
}

function parseKeys(text: string): z.infer<typeof JsonWebKeySet> {
  return JsonWebKeySet.parse(JSON.parse(text));
}

function isUnknownKey(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ERR_JWKS_NO_MATCHING_KEY';
}

function refused(code: string, message: string, cause?: unknown): AppError {
  return new AppError('unauthenticated', code, message, { cause });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
