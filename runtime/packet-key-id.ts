import { createHash } from 'node:crypto';

/** Tells packet keys apart, and nothing of them: a join ticket says so which key goes with it. */
export function packetKeyId(packetKey: string): string {
  return createHash('sha256').update(packetKey).digest('base64url').slice(0, 16);
}
