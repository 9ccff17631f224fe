/** An issuer of real tokens, with its key set in a file. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { AUDIENCE, type Role } from '../../contracts/roles.ts';
import { testStack } from '../../local/testing.ts';
import type { TrustedIssuer } from '../../runtime/config.ts';

export interface TokenIssuer {
  /** For the trust config of a service. */
  readonly trusted: TrustedIssuer;
  /** A token that outlives every test file, however busy the machine is. */
  sign(subject: string, roles: readonly Role[], claims?: Readonly<Record<string, unknown>>): Promise<string>;
}

export async function createTokenIssuer(issuer: string, mayGive: readonly Role[]): Promise<TokenIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA');
  const jwk = { ...(await exportJWK(publicKey)), kid: issuer, alg: 'EdDSA', use: 'sig' };
  const folder = await mkdtemp(path.join((await testStack()).folder, 'issuer-'));
  const file = path.join(folder, 'jwks.json');
  await writeFile(file, JSON.stringify({ keys: [jwk] }));
  return {
    trusted: { issuer, jwks: `file:${file}`, roles: [...mayGive] },
    sign: (subject, roles, claims = {}) =>
      new SignJWT({ ...claims, roles })
        .setProtectedHeader({ alg: 'EdDSA', kid: issuer })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime('2h')
        .sign(privateKey),
  };
}
