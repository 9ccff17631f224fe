import { generateKeyPair } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** The key that signs a cluster's service account tokens; RSA, as real clusters use. Made once, so that tokens outlive a restart. */
export async function serviceAccountKey(folder: string): Promise<string> {
  const file = path.join(folder, 'service-account.key');
  if (existsSync(file)) return file;
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const scratch = `${file}.${process.pid}`;
  await writeFile(scratch, privateKey, { mode: 0o600 });
  await rename(scratch, file);
  return file;
}
