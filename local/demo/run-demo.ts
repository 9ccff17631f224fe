/** The main job with 24 bots and some mishaps, on a running stack: played, watched and judged. */
import { randomBytes } from 'node:crypto';
import { isFinal } from '../../allocator/allocation.ts';
import { pause } from '../../runtime/deadline.ts';
import { createHttpSend } from '../../runtime/http-send.ts';
import type { Log } from '../agones/log.ts';
import { waitUntil } from '../processes/wait-until.ts';
import type { StackFile } from '../supervisor/stack-file.ts';
import { openAllocationBook, type AllocationBook } from './allocation-book.ts';
import { Bot } from './bot.ts';
import { castOf, type Part } from './cast.ts';
import { createBadTickets } from './chaos/bad-tickets.ts';
import { disturb } from './chaos/disturb.ts';
import { killAllocator } from './chaos/kill-allocator.ts';
import { killGameServer } from './chaos/kill-game-server.ts';
import { operatorSaves } from './clients.ts';
import { doubledOf, orphansOf } from '../checking/game-server-history.ts';
import { followSizes } from './follow-sizes.ts';
import { Ledger } from './ledger.ts';
import { Party } from './party.ts';
import { startRecorder, type Recorder } from '../checking/recorder.ts';
import { matchesOf, type Findings } from './report.ts';
import { restoredMoves } from './restored-moves.ts';
import type { Screen } from './screen.ts';
import { Tally } from './tally.ts';

export interface DemoParts {
  readonly stack: StackFile;
  /** Records of the stack's processes. */
  readonly runFolder: string;
  /** So many matches, or until the signal. */
  readonly matches: number | undefined;
  readonly screen: Screen;
  readonly log: Log;
  readonly now: () => number;
  /** A number from 0 to 1, anew each time. */
  readonly luck: () => number;
  readonly signal: AbortSignal;
  /** Hands out the tally at once, so that others can tell what happens to the stack. */
  readonly onTally: (tally: Tally) => void;
}

const PLAYED_MS = 600_000;
const GONE_MS = 200_000;
const SETTLED_MS = 200_000;
/** Players do not come all in one moment. */
const ARRIVAL_MS = 150;
const DRAW_MS = 250;

/** @returns what was found at the end. It is bounded, but for the waiting for the signal. */
export async function runDemo(parts: DemoParts): Promise<Findings> {
  const { stack, screen, now, matches, log } = parts;
  const tally = new Tally(now, (news) => screen.news(news));
  parts.onTally(tally);
  const ledger = new Ledger();
  // Everything here ends with the run, also one that fails.
  const over = new AbortController();
  const signal = AbortSignal.any([parts.signal, over.signal]);
  const http = createHttpSend(stack.caFile);
  const recorder = await startRecorder(stack, log, now, signal);
  await followSizes(stack, tally, log, signal);
  const book = await openAllocationBook(stack, new Date(now()), () => recorder.history.lasting().map(({ uid }) => uid), now);
  const look = { ...parts, book, recorder, tally, ledger, since: now() };
  const following = book.follow(signal);
  const drawing = keepDrawing(look, signal);
  try {
    const closing = new AbortController();
    const bots = cast(look, http.send).map(async (bot, index) => {
      await pause(index * ARRIVAL_MS, AbortSignal.any([closing.signal, signal]));
      await bot.live(closing.signal, signal);
    });
    const gone = allGone(bots);
    const disturbances = [
      { name: 'killing a game server', run: (until: AbortSignal) => killGameServer(look, until) },
      { name: 'killing the allocator', run: (until: AbortSignal) => killAllocator(look, until) },
    ];
    const disturbed = { done: false };
    const disturbing = disturb(disturbances, tally, matches !== undefined, signal).then(() => (disturbed.done = true));
    if (matches === undefined) await new Promise((resolve) => parts.signal.addEventListener('abort', resolve, { once: true }));
    // Bots that have all given up will not play any more.
    const enough = () =>
      gone() || (disturbed.done && tally.refusedTickets.size === 3 && matchesOf(book.ofThisRun(), tally) >= (matches ?? 0));
    await inTime(tally, waitUntil(enough, { what: `${matches} matches and every mishap`, deadlineMs: PLAYED_MS, signal }), parts.signal);
    closing.abort();
    await inTime(tally, waitUntil(gone, { what: 'every bot has gone', deadlineMs: GONE_MS, signal }), parts.signal);
    await inTime(tally, settled(book, recorder, signal), parts.signal);
    await inTime(tally, audit(look, http.send, signal), parts.signal);
    const found = findings(look);
    over.abort();
    await Promise.all([...bots, disturbing]);
    return found;
  } finally {
    over.abort();
    await Promise.all([following, drawing]);
    await book.close();
    await http.close();
  }
}

type Look = DemoParts & {
  readonly book: AllocationBook;
  readonly recorder: Recorder;
  readonly tally: Tally;
  readonly ledger: Ledger;
  readonly since: number;
};

function cast(look: Look, send: ReturnType<typeof createHttpSend>['send']): Bot[] {
  const { stack, tally, ledger, luck, now, recorder, book } = look;
  const [first, second] = stack.clusters.map(({ region }) => region);
  const build = recorder.build();
  if (first === undefined || second === undefined || build === undefined) throw new Error('the demo needs two clusters with game servers');
  const run = randomBytes(4).toString('hex');
  const parties = new Map<string, Party>();
  const partyOf = ({ party }: Part): Party | undefined => {
    if (party === undefined) return undefined;
    const known = parties.get(party.name) ?? new Party(party.name, party.size);
    parties.set(party.name, known);
    return known;
  };
  const parts = castOf([first, second]);
  const badTickets = createBadTickets(stack, tally, now);
  const pair = parts.filter(({ mode, party }) => mode === 'duel' && party?.size === 2);
  return parts.map(
    (part) =>
      new Bot({
        part,
        party: partyOf(part),
        stack,
        send,
        run,
        build,
        tally,
        ledger,
        luck,
        now,
        hasEnded: ({ address }) => book.hasEnded(address),
        ...(part === pair[0] ? { beforeJoin: (place, signal) => badTickets.tryAll(place, signal) } : {}),
        ...(part === pair[1] ? { afterLeave: (place) => badTickets.used(place) } : {}),
      }),
  );
}

/** Waits, and makes a trouble of what does not come in time. */
async function inTime(tally: Tally, work: Promise<unknown>, interrupted: AbortSignal): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!interrupted.aborted) tally.trouble(error instanceof Error ? error.message : String(error));
  }
}

function allGone(bots: readonly Promise<void>[]): () => boolean {
  const state = { gone: false };
  void Promise.all(bots).then(() => (state.gone = true));
  return () => state.gone;
}

/** All sessions have ended, and no game server carries one any more. */
async function settled(book: AllocationBook, recorder: Recorder, signal: AbortSignal): Promise<void> {
  const quiet = () => book.ofThisRun().every(({ state }) => isFinal(state)) && recorder.history.lasting().length === 0;
  await waitUntil(quiet, { what: 'every session has ended and its game server is gone', deadlineMs: SETTLED_MS, signal });
}

/** Holds every world as it would be restored now against what its players were promised. */
async function audit({ stack, ledger, tally }: Look, send: ReturnType<typeof createHttpSend>['send'], signal: AbortSignal): Promise<void> {
  const saves = operatorSaves(stack, send);
  for (const world of ledger.worlds()) {
    const restored = await restoredMoves(saves, world, signal);
    for (const player of ledger.playersOf(world)) {
      const missing = ledger.check(world, player, restored.get(player) ?? []);
      if (missing.length > 0) tally.trouble(`${world} would be restored without ${missing.length} durable moves of a player`);
    }
  }
}

function findings({ stack, tally, ledger, book, recorder, now }: Look): Findings {
  const { stays } = recorder.history;
  const at = now();
  return {
    players: castOf(['', '']).length,
    allocations: book.ofThisRun(),
    tally,
    doubled: doubledOf(stays, at),
    orphans: orphansOf(stays, book.known, at, true).length,
    entriesDurable: ledger.entriesDurable,
    entriesLost: ledger.entriesLost,
    startSeconds: stack.startSeconds,
  };
}

async function keepDrawing({ screen, since, now, matches, tally, recorder, book, ledger }: Look, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { stays } = recorder.history;
    const at = now();
    const allocations = book.ofThisRun();
    screen.draw({
      seconds: (at - since) / 1_000,
      matches: matchesOf(allocations, tally),
      wanted: matches,
      allocations,
      phases: tally.phases(),
      fleets: recorder.fleets(),
      news: tally.news,
      doubled: doubledOf(stays, at),
      orphans: orphansOf(stays, book.known, at, false).length,
      entriesDurable: ledger.entriesDurable,
      entriesLost: ledger.entriesLost,
      refusedTickets: tally.refusedTickets.size,
      worldsResumed: tally.resumed.size,
      serversResized: tally.resizedServers.size,
    });
    // A view that is looked at, not an event: drawn now and then.
    await pause(DRAW_MS, signal);
  }
}
