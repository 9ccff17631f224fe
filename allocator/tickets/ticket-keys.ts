/** The Ed25519 key pair with which join tickets and session grants are signed, shared by every allocator process. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import type { Db } from 'mongodb';
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import { documentsOf } from '../../runtime/documents/collection.ts';

const Jwk = z.looseObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string(), kid: z.string() });
const KeyDocument = z.object({ _id: z.string(), createdAt: z.date(), jwk: Jwk });
type KeyDocument = z.infer<typeof KeyDocument>;

export interface TicketKeys {
  /** A signed JWT. `expiresAt` in milliseconds since the epoch. */
  sign(claims: JWTPayload, expiresAt: number): Promise<string>;
  /** Public parts only. */
  readonly publicKeys: { keys: { kty: string; [name: string]: unknown }[] };
}

/** The first process to start makes the pair; all others find it. */
const FIRST = 'generation-1';

export async function openTicketKeys(db: Db, now: () => number): Promise<TicketKeys> {
  const documents = documentsOf<KeyDocument>(db, 'ticket_keys', KeyDocument);
  if ((await documents.find(FIRST)) === undefined) await documents.insert({ _id: FIRST, createdAt: new Date(now()), jwk: await newJwk() });
  const kept = await documents.find(FIRST);
  if (kept === undefined) throw new AppError('internal', 'ticket_key_missing', 'the ticket key was written and is not there');
  const { d: _private, ...open } = kept.jwk;
  const key = (await importJWK(kept.jwk as JWK, 'EdDSA')) as CryptoKey;
  return {
    sign: (claims, expiresAt) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'EdDSA', kid: kept.jwk.kid, typ: 'JWT' })
        .setIssuedAt(Math.floor(now() / 1_000))
        .setExpirationTime(Math.floor(expiresAt / 1_000))
        .sign(key),
    publicKeys: { keys: [{ ...open, use: 'sig', alg: 'EdDSA' }] },
  };
}

async function newJwk(): Promise<z.infer<typeof Jwk>> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  return Jwk.parse({ ...jwk, kid: await calculateJwkThumbprint(jwk) });
}
