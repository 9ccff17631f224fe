/** Where a player's live session is, and waiting for one that may not exist yet. */
import type { Log } from '../../runtime/log.ts';
import { pause } from '../../runtime/deadline.ts';
import { translated } from '../../runtime/documents/collection.ts';
import type { AllocationDocument, BoundServer, KeptSeat } from '../allocation.ts';
import type { Allocations } from '../store/allocations.ts';

export interface LiveSession {
  readonly allocation: AllocationDocument;
  readonly seat: KeptSeat;
  readonly server: BoundServer;
}

export interface PlayerSessions {
  /** Of several the one that is played goes before those that are watched, then the one in which the seat is newest. */
  find(playerId: string, waitMs: number, signal: AbortSignal): Promise<LiveSession | undefined>;
  /** For the lifecycle: runs until the signal. */
  run(signal: AbortSignal): Promise<void>;
}

/** There is no allocation to wait at: it may not exist yet. One query asks for all who wait, and none while nobody does. */
const LOOK_EVERY_MS = 250;
const ASKED_AT_ONCE = 1_000;

export function createPlayerSessions(allocations: Allocations, log: Log): PlayerSessions {
  const waiting = new Map<string, Set<() => void>>();

  const untilSeen = (playerId: string, ms: number, signal: AbortSignal): { promise: Promise<void>; cancel: () => void } => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const give = () => resolve();
    const timer = setTimeout(give, ms);
    const waiters = waiting.get(playerId) ?? new Set();
    waiting.set(playerId, waiters.add(give));
    signal.addEventListener('abort', give, { once: true });
    if (signal.aborted) give();
    const cancel = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', give);
      waiters.delete(give);
      if (waiters.size === 0 && waiting.get(playerId) === waiters) waiting.delete(playerId);
    };
    return { promise, cancel };
  };

  return {
    find: async (playerId, waitMs, signal) => {
      const end = Date.now() + waitMs;
      for (;;) {
        // Registered before the look, so that no session falls between.
        const next = untilSeen(playerId, Math.max(0, end - Date.now()), signal);
        try {
          const found = bestOf(await allocations.findSessionsOf(playerId), playerId);
          if (found !== undefined || Date.now() >= end || signal.aborted) return found;
          await next.promise;
        } finally {
          next.cancel();
        }
      }
    },
    run: async (signal) => {
      let away = false;
      while (!signal.aborted) {
        await pause(LOOK_EVERY_MS, signal);
        const asked = [...waiting.keys()];
        try {
          for (let from = 0; from < asked.length; from += ASKED_AT_ONCE)
            for (const playerId of await seated(allocations, asked.slice(from, from + ASKED_AT_ONCE)))
              for (const give of waiting.get(playerId) ?? []) give();
          away = false;
        } catch (cause) {
          if (!away && !signal.aborted) log.warn('those who wait for a session cannot be looked for', { cause });
          away = true;
        }
      }
    },
  };
}

async function seated(allocations: Allocations, playerIds: readonly string[]): Promise<string[]> {
  const { raw } = allocations.documents;
  const filter = { 'seats.id': { $in: [...playerIds] }, state: 'ready' as const };
  const rows = await translated(() => raw.find(filter, { projection: { 'seats.id': 1 } }).toArray());
  return rows.flatMap(({ seats }) => seats.map((seat) => seat.id));
}

function bestOf(sessions: readonly AllocationDocument[], playerId: string): LiveSession | undefined {
  const found = sessions.flatMap((allocation): LiveSession[] => {
    const seat = allocation.seats.find((kept) => kept.id === playerId);
    const { server } = allocation;
    return seat === undefined || server === null ? [] : [{ allocation, seat, server }];
  });
  const isPlayed = ({ seat }: LiveSession) => Number(seat.role === 'player');
  return found.toSorted((a, b) => isPlayed(b) - isPlayed(a) || b.seat.at.getTime() - a.seat.at.getTime())[0];
}
