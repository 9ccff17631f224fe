/** The local issuer of service tokens: an EdDSA key in the state folder, and its public half as a key set that services read by `file:`. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair, importPKCS8, SignJWT } from 'jose';
import { AUDIENCE } from '../../contracts/roles.ts';
import type { Role } from '../../contracts/roles.ts';

export interface LocalIssuer {
  /** `iss` of its tokens. */
  readonly issuer: string;
  readonly jwksFile: string;
  /** A token of the service `name` (`sub` is `service:<name>`) with these roles, good for `seconds`. */
  issue(name: string, roles: readonly Role[], seconds: number): Promise<string>;
}

const ISSUER = 'https://issuer.lifeverse.local';
const ALGORITHM = 'EdDSA';

/** @param folder the key's; an issuer that is there already is used again, so that its tokens outlive a restart. */
export async function openIssuer(folder: string, now: () => Date): Promise<LocalIssuer> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = await importPKCS8(await privateKey(path.join(folder, 'issuer.key')), ALGORITHM, { extractable: true });
  const { d: _private, ...publicKey } = await exportJWK(key);
  const kid = await calculateJwkThumbprint(publicKey);
  const jwksFile = path.join(folder, 'jwks.json');
  await writeWhole(jwksFile, JSON.stringify({ keys: [{ ...publicKey, kid, alg: ALGORITHM, use: 'sig' }] }));
  return {
    issuer: ISSUER,
    jwksFile,
    issue(name, roles, seconds) {
      const issuedAt = Math.floor(now().getTime() / 1_000);
      return new SignJWT({ roles: [...roles] })
        .setProtectedHeader({ alg: ALGORITHM, kid })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(`service:${name}`)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + seconds)
        .sign(key);
    },
  };
}

async function privateKey(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    const { privateKey: made } = await generateKeyPair(ALGORITHM, { extractable: true });
    const pem = await exportPKCS8(made);
    await writeWhole(file, pem);
    return pem;
  }
}

async function writeWhole(file: string, content: string): Promise<void> {
  const scratch = `${file}.${process.pid}`;
  await writeFile(scratch, content, { mode: 0o600 });
  await rename(scratch, file);
}
