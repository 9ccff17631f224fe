/** What the allocator says of a match, and what follows from it. */
import type { Allocation, AllocationState } from '../../contracts/allocator.ts';
import { AppError } from '../../contracts/app-error.ts';
import { BUILD_CLOSED } from '../../contracts/build-closed.ts';
import { pause } from '../../runtime/deadline.ts';
import { allocationIdOf, requestOf, type Match } from '../match.ts';
import { TICKET_LIFE_MS } from '../ticket.ts';
import type { MatchmakerParts } from './matchmaker-parts.ts';
import { placeMatch } from './place-match.ts';

/** Seconds that one look is held for a change. A match's lease lasts longer than this. */
const HOLD_SECONDS = 3;
/** A world that was asked for again this often is given up at the first round that fails. */
const MOST_ROUNDS = 20;

/**
 * One look at an allocation that was asked for (or is now): it is ready, on its way, or will never be.
 * @param asked the allocations that this process has asked for; the request may be repeated, so that forgetting one costs nothing.
 */
export async function askAllocator(parts: MatchmakerParts, match: Match, asked: Set<string>, signal: AbortSignal): Promise<void> {
  if (match.round === 0 && parts.now().getTime() > match.createdAt.getTime() + TICKET_LIFE_MS)
    return giveUp(parts, match, 'not_placed_in_time', true);
  const allocation = await lookAt(parts, match, asked, signal);
  // Its tickets wait again, and are told so: the next round asks which builds are open.
  if (allocation === BUILD_CLOSED) return giveUp(parts, match, BUILD_CLOSED);
  if (allocation === undefined) return giveUp(parts, match, 'refused_by_allocator');
  if (allocation.state === 'ready') return placeMatch(parts, match, allocation);
  if (!isFinal(allocation.state)) return;
  if (allocation.state === 'lost' && match.world !== undefined) return askAgain(parts, match);
  if ((allocation.state === 'failed' || allocation.state === 'expired') && match.round > 0 && match.round < MOST_ROUNDS) {
    // No server for the world just now. Its players wait, so it is asked for again, but not in a rush.
    await pause(Math.min(match.round * 500, 5_000), signal);
    return askAgain(parts, match);
  }
  return giveUp(parts, match, allocation.reason?.startsWith(BUILD_CLOSED) === true ? BUILD_CLOSED : `allocation_${allocation.state}`);
}

/** One look at a placed world: lost is asked for again, any other end is the end. */
export async function watchWorld(parts: MatchmakerParts, match: Match, signal: AbortSignal): Promise<void> {
  const allocation = await existing(parts, match, 'ready', signal);
  if (allocation?.state === 'ready') return;
  if (allocation?.state === 'lost') return askAgain(parts, match);
  if (allocation !== undefined && !isFinal(allocation.state)) return;
  const reason = allocation === undefined ? 'allocation_unknown' : `allocation_${allocation.state}`;
  await parts.matches.change({ _id: match._id, state: 'placed', round: match.round }, { $set: { state: 'over', open: false, reason } });
}

/** The allocation as it now is, or that its build is closed; `undefined` where the allocator will not have the request. */
async function lookAt(
  parts: MatchmakerParts,
  match: Match,
  asked: Set<string>,
  signal: AbortSignal,
): Promise<Allocation | typeof BUILD_CLOSED | undefined> {
  const id = allocationIdOf(match);
  const known = asked.has(id) ? await existing(parts, match, undefined, signal) : undefined;
  if (known !== undefined) return known;
  try {
    const { body } = await parts.allocator.requestAllocation({ headers: {}, body: requestOf(match) }, { signal });
    asked.add(id);
    return body;
  } catch (cause) {
    if (cause instanceof AppError && cause.code === BUILD_CLOSED) return BUILD_CLOSED;
    if (cause instanceof AppError && (cause.kind === 'conflict' || cause.kind === 'invalid')) {
      parts.events.requestRefused(match, cause);
      return undefined;
    }
    throw cause;
  }
}

async function existing(
  parts: MatchmakerParts,
  match: Match,
  from: AllocationState | undefined,
  signal: AbortSignal,
): Promise<Allocation | undefined> {
  try {
    const query = { wait: HOLD_SECONDS, ...(from === undefined ? {} : { from }) };
    return (await parts.allocator.getAllocation({ params: { id: allocationIdOf(match) }, query }, { signal })).body;
  } catch (cause) {
    if (cause instanceof AppError && cause.kind === 'not-found') return undefined;
    throw cause;
  }
}

/** The next round, under the next id; the round in the filter lets it happen once. */
async function askAgain(parts: MatchmakerParts, match: Match): Promise<void> {
  const next = { state: 'asking' as const, round: match.round + 1 };
  if (await parts.matches.change({ _id: match._id, state: match.state, round: match.round }, { $set: next }))
    parts.events.worldLost(match, allocationIdOf(match));
}

/** Players who were placed once have their session behind them: only a first round gives tickets back. */
async function giveUp(parts: MatchmakerParts, match: Match, reason: string, cancel = false): Promise<void> {
  const next = match.round === 0 ? { state: 'returning' as const, reason, cancel } : { state: 'over' as const, open: false, reason };
  await parts.matches.change({ _id: match._id, state: 'asking', round: match.round }, { $set: next });
}

function isFinal(state: AllocationState): boolean {
  return state === 'ended' || state === 'lost' || state === 'failed' || state === 'cancelled' || state === 'expired';
}
