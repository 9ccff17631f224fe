/** The LifeVerse surface: every endpoint of `contracts/bridge.ts`. */
import { AppError } from '../../contracts/app-error.ts';
import { seeProcess } from '../crash/process-sight.ts';
import { acceptSession } from '../moves/accept-session.ts';
import { draining, ended, greeted, sessionView, travelling, warmed } from '../session.ts';
import type { BridgeHandlers, BridgeParts } from './bridge-parts.ts';
import { journalHandlers } from './journal-handlers.ts';
import { seatHandlers } from './seat-handlers.ts';
import { MARGIN_MS, waited } from './waiting.ts';

const FRAME_SECONDS = 1;

export function bridgeHandlers(parts: BridgeParts): BridgeHandlers {
  return { ...sessionHandlers(parts), ...seatHandlers(parts), ...journalHandlers(parts) };
}

function sessionHandlers({ store, notices, accept, heartbeat, gameServer, earnReady, now }: BridgeParts) {
  return {
    hello: async ({ body: { pid, ...said } }) => {
      heartbeat.frame();
      const seen = pid === undefined ? undefined : await seeProcess(pid);
      await store.change((state) => greeted(state, { ...said, at: now(), ...(seen === undefined ? {} : { process: seen }) }));
      return { status: 200, body: { gameServer, heartbeatSeconds: FRAME_SECONDS } };
    },
    warm: async () => {
      heartbeat.frame();
      await store.change(warmed);
      earnReady();
      return { status: 200, body: {} };
    },
    session: async ({ query }, { signal }) => {
      const before = store.current();
      const from = query.from ?? before.phase;
      const test = ({ phase, readOnly }: typeof before) => phase !== from || readOnly !== before.readOnly;
      await store.until(test, waited(signal, query.wait));
      // What the game is told is on disk: a bridge that is killed right now must not know less than its game server.
      return { status: 200, body: sessionView(await store.change((known) => known)) };
    },
    notices: async ({ query }, { signal }) => {
      const held = waited(signal, query.wait);
      if (query.from !== undefined) await notices.settled(held);
      const from = query.from ?? notices.current().version;
      const posted = await notices.until(({ version }) => version !== from, held);
      return { status: 200, body: { version: posted.version, notices: [...posted.notices] } };
    },
    accept: async ({ body }, { signal }) => {
      heartbeat.frame();
      const state = await acceptSession(accept, body.build, body.port, AbortSignal.any([signal, AbortSignal.timeout(10_000 - MARGIN_MS)]));
      heartbeat.frame();
      return { status: 200, body: sessionView(state) };
    },
    end: async ({ body }, { signal }) => {
      await store.change((state) => ended(state, body.reason, 'end', now()));
      const state = await store.until(({ closed }) => closed, AbortSignal.any([signal, AbortSignal.timeout(40_000 - MARGIN_MS)]));
      if (!state.closed) throw new AppError('unavailable', 'still_ending', 'the session is being ended; ask again', { retryAfter: 1 });
      return { status: 200, body: sessionView(state) };
    },
    drain: async ({ body }) => {
      const endsAt = body.seconds === undefined ? null : new Date(now() + body.seconds * 1_000).toISOString();
      await store.change((state) => draining(state, body.reason, endsAt));
      return { status: 200, body: {} };
    },
    frame: async ({ body }) => {
      heartbeat.frame();
      await store.change((state) => travelling(state, body.travelling, now()));
      return { status: 200, body: {} };
    },
  } satisfies Partial<BridgeHandlers>;
}
