/** What the stream tells: the same subjects as the held calls, each as it is once it is no longer as its reader knows it. */
import type { StreamMessage } from '../../contracts/bridge-api/stream.ts';
import type { NoticeBoard } from '../notices/notice-board.ts';
import { sessionView, type SessionState } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';
import { awaitAcks, type AcksParts } from './all-acks.ts';
import type { Position } from './position.ts';

type Told = Extract<StreamMessage, { position: string }>;
/** A message that lacks its position still, which whoever sends it knows. */
type Unplaced<M> = M extends Told ? Omit<M, 'position'> : never;

export interface News {
  readonly version: string;
  readonly message: Unplaced<Told>;
}

export type Subjects = {
  /** Undefined when the signal came first. @param known the version that the reader has; empty for none. */
  readonly [Subject in keyof Position]: (known: string, signal: AbortSignal) => Promise<News | undefined>;
};

export interface NewsParts extends AcksParts {
  readonly store: SessionStore;
  readonly notices: Pick<NoticeBoard, 'until' | 'settled'>;
}

export function createNews({ store, notices, journals, inventories }: NewsParts): Subjects {
  return {
    session: async (known, signal) => {
      await store.until((state) => versionOf(state) !== known, signal);
      if (signal.aborted) return undefined;
      // What the game is told is on disk: a bridge that is killed right now must not know less than its game server.
      const state = await store.change((kept) => kept);
      return { version: versionOf(state), message: { type: 'session', session: sessionView(state) } };
    },
    notices: async (known, signal) => {
      if (known !== '') await notices.settled(signal);
      const posted = await notices.until(({ version }) => version !== known, signal);
      if (signal.aborted) return undefined;
      return { version: posted.version, message: { type: 'notices', notices: { version: posted.version, notices: [...posted.notices] } } };
    },
    acks: async (known, signal) => {
      const acks = await awaitAcks({ store, journals, inventories }, known, signal);
      return signal.aborted ? undefined : { version: acks.version, message: { type: 'acks', acks } };
    },
  };
}

/** Of what the held call `session` waits for. The same after a restart of the bridge. */
function versionOf({ phase, readOnly }: SessionState): string {
  return readOnly ? `${phase}-read-only` : phase;
}
