/** What a crash, or a process that was slow, may leave behind. */
import type { MatchmakerParts } from '../moves/matchmaker-parts.ts';
import { returnTicket } from '../moves/return-tickets.ts';

/** Younger ones are in hands: nothing of a match takes longer between two writes. */
const STRAY_MS = 30_000;
const KEEP_MS = 24 * 3_600_000;
const MOST = 500;

/** Tickets that a match took in after it was over wait again; what was over long ago is forgotten. */
export async function sweep(parts: MatchmakerParts): Promise<void> {
  const now = parts.now().getTime();
  const held = await parts.tickets.list(
    { state: 'matched', matchedAt: { $lt: new Date(now - STRAY_MS) } },
    { sort: { createdAt: 1 }, limit: MOST },
  );
  for (const ticket of held) {
    const match = await parts.matches.find(ticket.matchId ?? '');
    if (match === undefined || match.state === 'over') await returnTicket(parts, ticket._id, ticket.matchId ?? '');
  }
  const old = new Date(now - KEEP_MS);
  await parts.tickets.remove({ createdAt: { $lt: old }, state: { $in: ['placed', 'cancelled', 'failed'] } });
  await parts.matches.remove({ createdAt: { $lt: old }, open: false });
}
