/** What happens in a session by itself: graces run out, and a lost world lease ends it. */
import { pause } from '../../runtime/deadline.ts';
import { endGraces } from '../seats/seats.ts';
import { ended, reseated } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';

const LOOK_MS = 1_000;

/** Seats of players who stay away are given up. Time passes without an event, hence the polling. */
export async function endSeatGraces(store: SessionStore, graceMs: number, now: () => number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await store.until(({ phase }) => phase === 'joinable', signal);
    if (endGraces(store.current().seats, graceMs, now()) !== store.current().seats) {
      await store.change((state) => reseated(state, endGraces(state.seats, graceMs, now())));
    }
    await pause(LOOK_MS, signal);
  }
}

/** The game server has `afterMs` to tell its players that the world stands still. */
export async function endFencedSession(store: SessionStore, afterMs: number, now: () => number, signal: AbortSignal): Promise<void> {
  await store.until(({ readOnly }) => readOnly, signal);
  await pause(afterMs, signal);
  if (!signal.aborted) await store.change((state) => ended(state, 'the world lease is lost', 'fail', now()));
}
