/** What the allocator signs: a join ticket per player, a session grant per attempt. */
import { randomUUID } from 'node:crypto';
import type { Admission, JoinTicketClaims, SessionGrantClaims } from '../../contracts/allocator.ts';
import { AUDIENCE } from '../../contracts/roles.ts';
import { packetKeyId } from '../../runtime/packet-key-id.ts';
import { traceIdOf } from '../../runtime/trace-context.ts';
import type { AllocationDocument, KeptSeat } from '../allocation.ts';
import { MOST_VALID_MS, type TicketKeys } from './ticket-keys.ts';

/** Governs the first entry only; a player who is in stays in. */
const JOIN_MS = 5 * 60_000;

export interface Signer {
  admission(allocation: AllocationDocument, seat: KeptSeat): Promise<Admission>;
  sessionGrant(allocation: AllocationDocument): Promise<string>;
}

export function createSigner(keys: TicketKeys, issuer: string, now: () => number): Signer {
  return {
    admission: async (allocation, seat) => {
      const trace = traceIdOf(allocation.traceparent);
      const claims: Omit<JoinTicketClaims, 'exp'> = {
        iss: issuer,
        aud: 'lifeverse-join',
        sub: seat.id,
        jti: randomUUID(),
        allocation: allocation.id,
        uid: allocation._id,
        attempt: allocation.attempt,
        gameServer: allocation.server?.gameServer ?? '',
        build: allocation.request.build,
        role: seat.role,
        keyId: packetKeyId(seat.packetKey),
        ...(trace === undefined ? {} : { trace }),
      };
      const joinTicket = await keys.sign(claims, now() + JOIN_MS);
      const routingToken = allocation.server?.edge?.routingToken;
      return { playerId: seat.id, joinTicket, packetKey: seat.packetKey, ...(routingToken === undefined ? {} : { routingToken }) };
    },
    sessionGrant: (allocation) => {
      const world = allocation.request.session.world;
      const claims: SessionGrantClaims & { iss: string; aud: string } = {
        iss: issuer,
        aud: AUDIENCE,
        sub: `session:${allocation._id}/${allocation.attempt}`,
        roles: ['session'],
        holder: { uid: allocation._id, attempt: allocation.attempt },
        players: allocation.seats.map((seat) => seat.id),
        ...(world === undefined ? {} : { world }),
      };
      // Longer than any session: what fences a session is its epoch, not the age of its grant.
      return keys.sign(claims, now() + MOST_VALID_MS);
    },
  };
}
