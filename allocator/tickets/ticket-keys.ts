/**
 * The Ed25519 keys with which join tickets and session grants are signed, shared by every allocator process through the database alone:
 * whoever finds something due does it, and a unique key or a compare-and-set lets one of several through.
 */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import type { Db } from 'mongodb';
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import type { JsonWebKeySet } from '../../contracts/words.ts';
import { pause } from '../../runtime/deadline.ts';
import { documentsOf } from '../../runtime/documents/collection.ts';
import type { Log } from '../../runtime/log.ts';
import { dueOf, isPublished, signingOf, type Due, type KeyTimes } from './key-generations.ts';
import { isKeptWell, keepSecret, KeptSecret, openSecret } from './key-secret.ts';

const Jwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), kid: z.string() });
const KeyDocument = z.object({
  _id: z.string(),
  generation: z.int().min(1),
  createdAt: z.date(),
  signFrom: z.date().nullable(),
  publishUntil: z.date().nullable(),
  jwk: Jwk,
  secret: KeptSecret,
});
type KeyDocument = z.infer<typeof KeyDocument>;

export interface TicketKeys {
  /** A signed JWT. `expiresAt` in milliseconds since the epoch, at most `MOST_VALID_MS` from now. */
  sign(claims: JWTPayload, expiresAt: number): Promise<string>;
  /** Public parts only: what signs, what signed lately and what will sign soon. */
  publicKeys(): Promise<z.infer<typeof JsonWebKeySet>>;
  /** How long whoever fetched the public keys may keep them. */
  readonly maxAgeSeconds: number;
  /** For the lifecycle: makes, rotates and forgets keys until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

export interface TicketKeyParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly periodMs: number;
  readonly leadMs: number;
  /** Seal private keys, newest first; none: they are stored in clear. */
  readonly sealers: readonly Buffer[];
}

/** Session grants hold this long; join tickets less. */
export const MOST_VALID_MS = 24 * 3_600_000;
/** Clocks of processes may differ by this much. */
const CLOCKS_DIFFER_MS = 5 * 60_000;
const MOST_AGE_SECONDS = 300;
const MOST_FRESH_MS = 30_000;
const LOOKS = 3;

export async function openTicketKeys(db: Db, { now, log, periodMs, leadMs: wished, sealers }: TicketKeyParts): Promise<TicketKeys> {
  const documents = documentsOf<KeyDocument>(db, 'ticket_key_generations', KeyDocument);
  const leadMs = Math.min(wished, periodMs / 4);
  /** Nobody signs by an older view than this: whoever was paused looks again. Also how often everybody looks. */
  const freshMs = Math.min(MOST_FRESH_MS, leadMs / 4);
  const times: KeyTimes = { periodMs, leadMs, outliveMs: MOST_VALID_MS + freshMs + CLOCKS_DIFFER_MS };
  const opened = new Map<string, CryptoKey>();
  let known: readonly KeyDocument[] = [];
  let knownAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  const look = () =>
    (looking ??= (async () => {
      const from = now();
      known = await documents.list({}, { sort: { generation: -1 } });
      knownAt = from;
    })().finally(() => (looking = undefined)));
  /** A look may itself have been paused half-way: what it brought is as old as its beginning. */
  const lookIfOld = async () => {
    for (let looks = 0; looks < LOOKS && now() - knownAt > freshMs; looks += 1) await look();
    if (now() - knownAt > freshMs)
      throw new AppError('unavailable', 'ticket_keys_stale', 'the signing keys are not to be had', { retryAfter: 1 });
  };

  const carryOut = async (due: Due<KeyDocument>): Promise<boolean> => {
    if (due.kind === 'announce') return announce(due);
    const { _id, generation, signFrom, publishUntil } = due.of;
    const said = { generation };
    if (due.kind === 'forget') {
      const gone = (await documents.remove({ _id, publishUntil })) === 1;
      if (gone) log.info('a signing key is forgotten', said);
      return gone;
    }
    const set = due.kind === 'activate' ? { signFrom: due.signFrom } : { publishUntil: due.publishUntil };
    const changed = await documents.change({ _id, signFrom, publishUntil }, { $set: set });
    if (changed) log.info(due.kind === 'activate' ? 'a signing key has its date' : 'a signing key was succeeded', { ...said, ...set });
    return changed;
  };
  const announce = async ({ generation, signFrom }: Extract<Due<KeyDocument>, { kind: 'announce' }>) => {
    const { d, ...jwk } = await newJwk();
    const secret = keepSecret(d, jwk.kid, sealers);
    const document = { _id: idOf(generation), generation, createdAt: new Date(now()), signFrom, publishUntil: null, jwk, secret };
    const { inserted } = await documents.insert(document);
    if (inserted) log.info('a signing key is announced', { generation });
    return inserted;
  };
  /** One look, and whatever is due by it; after a write of anybody's the view is old, and what follows waits for the next look. */
  const tend = async () => {
    await look();
    const at = now();
    for (const document of known) await keepWell(document);
    const done = [];
    for (const due of dueOf(known, at, times)) done.push(await carryOut(due));
    if (done.length > 0) await look();
  };
  const keepWell = async ({ _id, jwk, secret, generation }: KeyDocument) => {
    const d = isKeptWell(secret, sealers) ? undefined : openSecret(secret, jwk.kid, sealers);
    if (d === undefined) return;
    await documents.change({ _id, secret }, { $set: { secret: keepSecret(d, jwk.kid, sealers) } });
    log.info('a signing key was sealed', { generation });
  };

  const signer = async () => {
    await lookIfOld();
    const document = signingOf(known, now());
    if (document === undefined) throw new AppError('internal', 'ticket_key_missing', 'there is no key to sign with');
    const { jwk, secret, generation } = document;
    const key = opened.get(jwk.kid) ?? (await importJWK({ ...jwk, d: readSecret(secret, jwk.kid, sealers, generation) }, 'EdDSA'));
    opened.set(jwk.kid, key);
    return { kid: jwk.kid, key };
  };

  if (sealers.length === 0) log.warn('signing keys are stored in clear; ALLOCATOR_KEY_SECRET would seal them');
  await tend();
  // Whoever cannot sign must not start.
  await signer();
  return {
    sign: async (claims, expiresAt) => {
      const issuedAt = now();
      if (expiresAt > issuedAt + MOST_VALID_MS)
        throw new AppError('internal', 'ticket_too_long', 'nothing may hold longer than its key is published');
      const { kid, key } = await signer();
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'EdDSA', kid, typ: 'JWT' })
        .setIssuedAt(Math.floor(issuedAt / 1_000))
        .setExpirationTime(Math.floor(expiresAt / 1_000))
        .sign(key);
    },
    publicKeys: async () => {
      // What is known is better than nothing while the database is away.
      await lookIfOld().catch(() => {});
      const at = now();
      return { keys: known.filter((one) => isPublished(one, at)).map(({ jwk }) => ({ ...jwk, use: 'sig', alg: 'EdDSA' })) };
    },
    maxAgeSeconds: Math.floor(Math.min(MOST_AGE_SECONDS, leadMs / 2_000)),
    run: async (signal) => {
      let away = false;
      while (!signal.aborted) {
        // Nobody is told when another process writes, and time passes without an event.
        await pause(freshMs, signal);
        if (signal.aborted) return;
        try {
          await tend();
          away = false;
        } catch (cause) {
          if (!away) log.warn('the signing keys cannot be looked after', { cause });
          away = true;
        }
      }
    },
  };
}

/** Sorts as the numbers do. */
function idOf(generation: number): string {
  return `generation-${String(generation).padStart(6, '0')}`;
}

function readSecret(secret: KeptSecret, kid: string, sealers: readonly Buffer[], generation: number): string {
  const d = openSecret(secret, kid, sealers);
  if (d !== undefined) return d;
  throw new AppError(
    'internal',
    'ticket_key_sealed',
    `the signing key of generation ${generation} is sealed under another secret: add that one to ALLOCATOR_KEY_SECRET, after the new one`,
  );
}

async function newJwk(): Promise<z.infer<typeof Jwk> & { d: string }> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  return Jwk.extend({ d: z.string() }).parse({ ...jwk, kid: await calculateJwkThumbprint(jwk) });
}
