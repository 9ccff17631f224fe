/** How a datagram ends that an edge is to route: as Quilkin's own plugin for Unreal ends it, token and version of the layout. */
export const ROUTING_TOKEN_BYTES = 16;
const VERSION = Buffer.of(0);
export const ROUTING_ENDING_BYTES = ROUTING_TOKEN_BYTES + VERSION.length;

/** @param routingToken base64url, as an admission has it; nothing is put behind a datagram without one. */
export function datagramEnding(routingToken: string | undefined): Buffer {
  return routingToken === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.from(routingToken, 'base64url'), VERSION]);
}
