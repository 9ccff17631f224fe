/** The matchmaker's side of the run: asks for allocations at an even rate while they are served, follows what becomes of each, and ends some itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import type { AllocationRequest } from '../../contracts/allocator.ts';
import { allocatorApi } from '../../contracts/allocator-api.ts';
import { createClient, type Client, type Send } from '../../contracts/client.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Promised } from '../checking/lost.ts';
import { CHAOS_FLEET } from './chaos-fleet.ts';
import { PODLESS_BUILD } from '../podless-fleet.ts';
import type { FollowedStates } from './follow-states.ts';
import { keepTrying } from './keep-trying.ts';

export interface RequestParts {
  readonly urls: readonly string[];
  readonly token: string;
  readonly send: Send;
  /** What the event log says of each. */
  readonly states: FollowedStates;
  readonly regions: readonly string[];
  readonly run: string;
  readonly now: () => number;
  readonly luck: () => number;
  readonly signal: AbortSignal;
  readonly onTrouble: (text: string) => void;
}

/** What the run asks for: so many on each fleet, spread over the time. */
export interface Demand {
  readonly counts: Readonly<Record<string, number>>;
  readonly overMs: number;
}

/** How far the requests are; grows while they run. */
export interface Progress {
  readonly promised: Promised[];
  readonly asked: Record<string, number>;
  readonly wasReady: Record<string, number>;
  readonly ended: Record<string, number>;
}

const DEADLINE_SECONDS = 600;
/** So many may wait for a server at once; then the next one is asked for later, however slow the machine is: matchmakers have limits, too. */
const MOST_WAITING = 200;
/** Of the sessions without pods, so many are ended by the client and not by their server. */
const ENDED_BY_CLIENT = 0.3;
const FINAL: ReadonlySet<string> = new Set(['ended', 'lost', 'failed', 'cancelled', 'expired']);

export function newProgress(): Progress {
  return { promised: [], asked: {}, wasReady: {}, ended: {} };
}

/** Resolves when every allocation is over, or the signal aborts. */
export async function requestAllocations({ counts, overMs }: Demand, progress: Progress, parts: RequestParts): Promise<void> {
  const fleets = shuffled(
    Object.entries(counts).flatMap(([fleet, count]) => Array.from({ length: count }, () => fleet)),
    parts.luck,
  );
  const started = performance.now();
  const lives: Promise<void>[] = [];
  const waiting = new Waiting(MOST_WAITING);
  for (const [nth, fleet] of fleets.entries()) {
    const wait = (overMs * nth) / fleets.length - (performance.now() - started);
    if (wait > 0) await pause(wait, parts.signal);
    await waiting.room(parts.signal);
    if (parts.signal.aborted) break;
    lives.push(live(`${parts.run}-${nth}`, fleet, progress, parts, waiting.enter()));
  }
  await Promise.all(lives);
}

/** Those who were asked for and are not settled. */
class Waiting {
  readonly #most: number;
  #count = 0;
  #left = Promise.withResolvers<void>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves when one more may be asked for, or the signal aborts. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#count >= this.#most && !signal.aborted) await Promise.race([this.#left.promise, pause(1_000, signal)]);
  }

  /** @returns what says that it is settled; more than once does no harm. */
  enter(): () => void {
    this.#count += 1;
    let isIn = true;
    return () => {
      if (isIn) this.#count -= 1;
      isIn = false;
      this.#left.resolve();
      this.#left = Promise.withResolvers();
    };
  }
}

async function live(id: string, fleet: string, progress: Progress, parts: RequestParts, isSettled: () => void): Promise<void> {
  const { signal, now, luck, states } = parts;
  const any = <T>(call: (client: Client<typeof allocatorApi.endpoints>) => Promise<T>) => keepTrying(() => call(clientOf(parts)), signal);
  try {
    bump(progress.asked, fleet);
    // Made once: sent again it has to be the same.
    const asked = requestOf(id, fleet, parts);
    const { body } = await any((client) => client.requestAllocation({ body: asked }, { signal, timeoutMs: 6_000 }));
    progress.promised.push({ id, deadlineAt: Math.max(now(), Date.parse(body.deadlineAt)) });
    const settled = await states.until(id, (state) => state === 'ready' || FINAL.has(state), signal);
    isSettled();
    if (states.wasReady(id)) bump(progress.wasReady, fleet);
    if (settled === 'ready' && (fleet !== CHAOS_FLEET || luck() < ENDED_BY_CLIENT)) {
      await sleep(luck() * 1_000, undefined, { signal });
      await any((client) => client.cancelAllocation({ params: { id } }, { signal, timeoutMs: 12_000 }));
    }
    bump(progress.ended, await states.until(id, (state) => FINAL.has(state), signal));
  } catch (cause) {
    if (signal.aborted) return;
    const { code = '' } = cause instanceof AppError ? cause : {};
    parts.onTrouble(`${id}: ${code} ${cause instanceof Error ? cause.message : String(cause)}`);
  } finally {
    isSettled();
  }
}

function clientOf({ urls, luck, send, token }: RequestParts): Client<typeof allocatorApi.endpoints> {
  return createClient(allocatorApi, { baseUrl: urls[Math.floor(luck() * urls.length)] ?? '', send, token: () => token });
}

function requestOf(id: string, fleet: string, { regions, luck }: RequestParts): z.input<typeof AllocationRequest> {
  const latencies = Object.fromEntries(regions.map((region, nth) => [region, 20 + nth * 60]));
  const turned = Object.fromEntries(Object.entries(latencies).map(([region, ms]) => [region, 100 - ms]));
  return {
    id,
    fleet,
    build: PODLESS_BUILD,
    mode: 'chaos',
    session: { map: 'arena', capacity: 4 },
    players: [{ id: `player-${id}`, latencies: luck() < 0.5 ? latencies : turned }],
    deadlineSeconds: DEADLINE_SECONDS,
  };
}

function bump(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function shuffled<T>(items: readonly T[], luck: () => number): T[] {
  return items
    .map((item) => ({ item, place: luck() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
