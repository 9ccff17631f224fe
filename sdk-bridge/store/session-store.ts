/** The session on disk and in hand: every change is durable before its promise resolves, and whoever waits is told. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { jsonText } from '../../contracts/json-text.ts';
import type { Log } from '../../runtime/log.ts';
import { newSession, SessionState } from '../session.ts';
import { readKept } from './kept-file.ts';
import { writeDurably } from './write-durably.ts';

export interface SessionStore {
  current(): SessionState;
  /** In hand at once, on disk when the promise resolves. A change that gives the same state writes nothing. */
  change(make: (state: SessionState) => SessionState): Promise<SessionState>;
  /** Resolves when the test holds, or with the present state when the signal is aborted. */
  until(test: (state: SessionState) => boolean, signal: AbortSignal): Promise<SessionState>;
  /** Calls back after every change. */
  listen(listener: (state: SessionState) => void): void;
}

const Kept = z.object({ state: SessionState });

export async function openSessionStore(folder: string, gameServer: string, log: Log): Promise<SessionStore> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'session.json');
  let state = (await readState(path, gameServer, log)) ?? newSession(gameServer);
  const waiting = new Set<() => void>();
  let writing: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  /** Changes that come while a write is under way share the next one. */
  const write = () =>
    (next ??= writing
      .catch(() => {})
      .then(() => {
        next = undefined;
        writing = writeDurably(path, jsonText({ state }));
        return writing;
      }));

  return {
    current: () => state,
    change: async (make) => {
      const made = make(state);
      // Where the last write failed, whoever wants it kept tries again.
      if (made === state) return (await (next ?? writing).catch(() => write()), state);
      state = made;
      for (const wake of waiting) wake();
      await write();
      return made;
    },
    listen: (listener) => void waiting.add(() => listener(state)),
    until: (test, signal) => {
      if (test(state) || signal.aborted) return Promise.resolve(state);
      return new Promise((resolve) => {
        const check = () => {
          if (!test(state) && !signal.aborted) return;
          waiting.delete(check);
          signal.removeEventListener('abort', check);
          resolve(state);
        };
        waiting.add(check);
        signal.addEventListener('abort', check, { once: true });
      });
    },
  };
}

async function readState(path: string, gameServer: string, log: Log): Promise<SessionState | undefined> {
  const kept = await readKept(path, (text) => Kept.parse(JSON.parse(text)));
  if (kept === undefined || kept.state.gameServer === gameServer) return kept?.state;
  log.warn('the spool folder holds the session of another game server; it is left aside', { other: kept.state.gameServer });
  return undefined;
}
