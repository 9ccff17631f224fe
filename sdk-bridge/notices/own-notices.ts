/** What the game server is told by its bridge itself. Pure: it follows from the session, and so survives a restart. */
import type { Notice } from '../../contracts/notices.ts';
import { packetKeyId } from '../../runtime/packet-key-id.ts';
import { isConnected } from '../seats/seats.ts';
import type { SessionState } from '../session.ts';

/** In the order in which they matter to the game. */
export function ownNotices({ seats, drain, readOnly, reason, lostInventories, claim }: SessionState): Notice[] {
  const notices: Notice[] = [];
  if (drain !== null) {
    notices.push({ kind: 'drain', reason: drain.reason, ...(drain.endsAt === null ? {} : { endsAt: drain.endsAt }) });
  }
  if (readOnly) {
    const world = claim?.session.world;
    const why = (reason ?? 'the world lease is lost').slice(0, 256);
    notices.push({ kind: 'read-only', reason: why, ...(world === undefined ? {} : { world }) });
  }
  for (const [playerId, why] of Object.entries(lostInventories)) notices.push({ kind: 'read-only', reason: why, playerId });
  for (const seat of seats) {
    if (seat.kicked === null || !isConnected(seat)) continue;
    notices.push({ kind: 'kick', playerId: seat.playerId, ...seat.kicked, keyId: packetKeyId(seat.packetKey) });
  }
  return notices;
}
