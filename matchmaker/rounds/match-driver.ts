/**
 * Moves open matches on, each by one process at a time while its lease holds. A process that dies leaves leases that run out, and
 * another one goes on where the documents say.
 */
import { AppError } from '../../contracts/app-error.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Match } from '../match.ts';
import { askAllocator, watchWorld } from '../moves/ask-allocator.ts';
import { gatherTickets } from '../moves/gather-tickets.ts';
import type { MatchmakerParts } from '../moves/matchmaker-parts.ts';
import { returnTickets } from '../moves/return-tickets.ts';

export interface MatchDriver {
  /** Begins to move on a match whose lease this process has. */
  drive(matchId: string): void;
  /** Looks for open matches that nobody moves on, until the signal; then lets go of its own. */
  run(signal: AbortSignal): Promise<void>;
}

/** Longer than any one step takes, in milliseconds: a look at the allocator is held for 3 s. */
export const MATCH_LEASE_MS = 8_000;
/** How often open matches without a process are looked for; there are some only after a crash. */
const LOOK_MS = 1_000;
const MOST_AT_ONCE = 500;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 4_000;

export function createMatchDriver(parts: MatchmakerParts): MatchDriver {
  const driven = new Map<string, Promise<void>>();
  const stopping = new AbortController();

  const drive = (matchId: string) => {
    if (driven.has(matchId) || stopping.signal.aborted) return;
    driven.set(
      matchId,
      driveUntilOver(parts, matchId, stopping.signal).finally(() => driven.delete(matchId)),
    );
  };
  const lookForLeft = async () => {
    const now = parts.now();
    const left = await parts.matches.list({ open: true, leaseUntil: { $lte: now } }, { sort: { leaseUntil: 1 }, limit: MOST_AT_ONCE });
    for (const match of left) {
      if (driven.size >= MOST_AT_ONCE) return;
      if (await takeLease(parts, match)) drive(match._id);
    }
  };
  return {
    drive,
    run: async (signal) => {
      while (!signal.aborted) {
        await lookForLeft().catch((cause: unknown) => parts.events.moveDelayed('any', cause));
        await pause(LOOK_MS, signal);
      }
      stopping.abort(signal.reason);
      await Promise.all(driven.values());
    },
  };
}

async function driveUntilOver(parts: MatchmakerParts, matchId: string, signal: AbortSignal): Promise<void> {
  const asked = new Set<string>();
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    try {
      const match = await parts.matches.find(matchId);
      if (match === undefined || !match.open || !(await renewLease(parts, matchId))) return;
      await step(parts, match, asked, signal);
      retryMs = FIRST_RETRY_MS;
    } catch (cause) {
      if (signal.aborted) break;
      parts.events.moveDelayed(matchId, cause);
      await pause(cause instanceof AppError && cause.retryAfter !== undefined ? cause.retryAfter * 1_000 : retryMs, signal);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
  }
  await letGo(parts, matchId).catch(() => {});
}

async function step(parts: MatchmakerParts, match: Match, asked: Set<string>, signal: AbortSignal): Promise<void> {
  if (match.state === 'forming') return gatherTickets(parts, match);
  if (match.state === 'asking') return askAllocator(parts, match, asked, signal);
  if (match.state === 'placed') return watchWorld(parts, match, signal);
  if (match.state === 'returning') return returnTickets(parts, match, signal);
}

async function takeLease(parts: MatchmakerParts, match: Match): Promise<boolean> {
  return parts.matches.change(
    { _id: match._id, open: true, leaseUntil: match.leaseUntil },
    { $set: { leasedBy: parts.self, leaseUntil: leaseEnd(parts) } },
  );
}

async function renewLease(parts: MatchmakerParts, matchId: string): Promise<boolean> {
  return parts.matches.change({ _id: matchId, leasedBy: parts.self }, { $set: { leaseUntil: leaseEnd(parts) } });
}

/** So that another process goes on at once. */
async function letGo(parts: MatchmakerParts, matchId: string): Promise<void> {
  await parts.matches.change({ _id: matchId, leasedBy: parts.self, open: true }, { $set: { leaseUntil: parts.now() } });
}

function leaseEnd(parts: MatchmakerParts): Date {
  return new Date(parts.now().getTime() + MATCH_LEASE_MS);
}
