/**
 * The UDP edge before a cluster's game servers: proxies that find a session's server by the token behind each datagram.
 *
 * One token a session: it says which server, and nothing of who may come in, which is the join ticket's to say. It is stored with the
 * intent, so that a late answer still finds the token that its server carries, and it stays with the session: an edge that is put before a
 * cluster, moved or taken away changes nothing for sessions that were placed before.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Address } from '../../contracts/words.ts';
import { datagramEnding, ROUTING_TOKEN_BYTES } from '../../runtime/routing-token.ts';

/** How the players of one session go through an edge. */
export const EdgeWay = z.object({ address: Address, routingToken: z.string().describe('base64url') });
export type EdgeWay = z.infer<typeof EdgeWay>;

export function newRoutingToken(): string {
  return randomBytes(ROUTING_TOKEN_BYTES).toString('base64url');
}

/** As the proxies read it from a game server's annotation: what datagrams have to end with. */
export function annotatedToken(routingToken: string): string {
  return datagramEnding(routingToken).toString('base64');
}

/** The token in such an annotation; nothing where it is none of ours. */
export function tokenInAnnotation(value: string | undefined): string | undefined {
  const token = Buffer.from(value ?? '', 'base64')
    .subarray(0, ROUTING_TOKEN_BYTES)
    .toString('base64url');
  // What is shorter or longer, or ends otherwise, does not come back the same.
  return annotatedToken(token) === value ? token : undefined;
}
