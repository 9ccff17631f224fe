/**
 * A bot that tries to come in with tickets that must not open the door: a forged one, an expired one, and a used one.
 *
 * It is a member of a duel's party and has a seat of its own, so that it gets as far as any insider could. The used ticket is a copy of its
 * mate's, who has played with it and left.
 */
import { randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { openTicketKeys, type TicketKeys } from '../../../allocator/tickets/ticket-keys.ts';
import { AppError } from '../../../contracts/app-error.ts';
import { connectMongo } from '../../../runtime/documents/mongo.ts';
import { SILENT_LOG } from '../../../runtime/log.ts';
import { waitUntil } from '../../processes/wait-until.ts';
import type { StackFile } from '../../supervisor/stack-file.ts';
import type { Place } from '../queue-up.ts';
import type { Tally } from '../tally.ts';
import { GameConnection } from '../udp-client.ts';

export interface BadTickets {
  /** The mate's: its ticket is used up. */
  used(place: Place): void;
  /** The trickster's, before it joins with its own good ticket. */
  tryAll(place: Place, signal: AbortSignal): Promise<void>;
}

/** Kind of ticket → the refusals that are right for it. A used one is its owner's seat as long as that one is in. */
const RIGHT: Readonly<Record<Kind, readonly string[]>> = {
  forged: ['join_signature'],
  expired: ['join_expired'],
  used: ['join_used', 'join_seat_taken'],
};
type Kind = 'forged' | 'expired' | 'used';

const JOIN_MS = 10_000;
/** The mate plays for some seconds first. */
const MATE_MS = 20_000;
const EXPIRED_SINCE_MS = 60_000;

export function createBadTickets(stack: StackFile, tally: Tally, now: () => number): BadTickets {
  const usedUp = new Map<string, string>();

  const attempt = async (kind: Kind, ticket: string, place: Place, signal: AbortSignal) => {
    const admission = { ...place.admission, joinTicket: ticket };
    try {
      const game = await GameConnection.connect({ ...place, admission, playerId: place.admission.playerId, signal, timeoutMs: JOIN_MS });
      game.close();
      tally.trouble(`a ${kind} ticket opened the door of ${place.allocationId}`);
    } catch (error) {
      if (!(error instanceof AppError) || !RIGHT[kind].includes(error.code)) throw error;
      tally.refusedTickets.add(kind);
      tally.say(`${kind === 'expired' ? 'an' : 'a'} ${kind} ticket was refused: ${error.message}`);
    }
  };

  return {
    used: (place) => void usedUp.set(place.allocationId, place.admission.joinTicket),
    tryAll: async (place, signal) => {
      const good = place.admission.joinTicket;
      if (!tally.refusedTickets.has('forged')) await attempt('forged', await forged(good), place, signal);
      if (!tally.refusedTickets.has('expired')) await attempt('expired', await expired(stack, good, now), place, signal);
      if (tally.refusedTickets.has('used')) return;
      const copy = () => usedUp.get(place.allocationId);
      const wait = { what: 'the mate has used its ticket', deadlineMs: MATE_MS, signal };
      // Without it the next match will do: the run's end sees whether one did.
      const mates = await waitUntil(copy, wait).catch(() => undefined);
      if (mates !== undefined) await attempt('used', mates, place, signal);
    },
  };
}

/** What the ticket says, as a ticket that was never shown. */
function claimsOf(ticket: string): JWTPayload {
  const { iat: _issued, exp: _expires, ...claims } = decodeJwt(ticket);
  return { ...claims, jti: randomUUID() };
}

/** Signed by a key of our own, under the name of the allocator's. */
async function forged(ticket: string): Promise<string> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const { kid } = decodeProtectedHeader(ticket);
  return new SignJWT(claimsOf(ticket))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', ...(kid === undefined ? {} : { kid }) })
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey);
}

/** The defaults of its configuration. */
const AS_THE_ALLOCATOR = { log: SILENT_LOG, periodMs: 30 * 24 * 3_600_000, leadMs: 3_600_000, sealers: [] };

/** Signed by the allocator's own key, which the stack's owner can read: all is right with it but its time. */
async function expired(stack: StackFile, ticket: string, now: () => number): Promise<string> {
  const mongo = await connectMongo(stack.mongo.url, 'allocator', { caFile: stack.caFile });
  try {
    const keys: TicketKeys = await openTicketKeys(mongo.db, { ...AS_THE_ALLOCATOR, now });
    return await keys.sign(claimsOf(ticket), now() - EXPIRED_SINCE_MS);
  } finally {
    await mongo.close();
  }
}
