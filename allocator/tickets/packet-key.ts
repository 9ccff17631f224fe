import { randomBytes } from 'node:crypto';

const PACKET_KEY_BYTES = 32;

/** A fresh AES-256 key, base64url: with it one player's packets are encrypted. */
export function newPacketKey(): string {
  return randomBytes(PACKET_KEY_BYTES).toString('base64url');
}
