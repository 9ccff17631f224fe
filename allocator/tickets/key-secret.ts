/** Private keys at rest: AES-256-GCM under a key of the environment, bound to the key that it belongs to. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';

const IV_BYTES = 12;
const TAG_BYTES = 16;

export const KeptSecret = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('clear'), d: z.string() }),
  /** `under` tells which key opens it; `box` is nonce, cipher text and tag. */
  z.object({ kind: z.literal('sealed'), under: z.string(), box: z.string() }),
]);
export type KeptSecret = z.infer<typeof KeptSecret>;

/** @param sealers newest first; none: kept in clear. @param kid goes into the tag, so that no key can be put in another's place. */
export function keepSecret(d: string, kid: string, sealers: readonly Buffer[]): KeptSecret {
  const [sealer] = sealers;
  if (sealer === undefined) return { kind: 'clear', d };
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sealer, iv).setAAD(Buffer.from(kid));
  const box = Buffer.concat([iv, cipher.update(d, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { kind: 'sealed', under: nameOf(sealer), box: box.toString('base64url') };
}

/** `undefined` when none of the keys opens it. */
export function openSecret(kept: KeptSecret, kid: string, sealers: readonly Buffer[]): string | undefined {
  if (kept.kind === 'clear') return kept.d;
  const sealer = sealers.find((candidate) => nameOf(candidate) === kept.under);
  if (sealer === undefined) return undefined;
  const box = Buffer.from(kept.box, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', sealer, box.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(kid)).setAuthTag(box.subarray(-TAG_BYTES));
  try {
    return decipher.update(box.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}

/** Kept as it would be kept now. */
export function isKeptWell(kept: KeptSecret, [sealer]: readonly Buffer[]): boolean {
  return sealer === undefined || (kept.kind === 'sealed' && kept.under === nameOf(sealer));
}

/** Tells keys apart without telling anything of them. */
function nameOf(sealer: Buffer): string {
  return createHash('sha256').update('ticket-key-sealer').update(sealer).digest('base64url').slice(0, 12);
}
