/**
 * What this game server is told. The allocator's word is as the annotation says, and until that has arrived as the claim's answer said;
 * the bridge's own follows from the session. Kicks of the allocator become the session's: `moves/kick-player.ts`.
 *
 * The allocator writes the annotation within moments of the allocation, so that a claim counts for a while only: a notice
 * that was taken back in between is not shown for ever.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { AllocatorNotice, type KickNotice, type Notice, type WindowNotice } from '../../contracts/notices.ts';
import type { Log } from '../../runtime/log.ts';
import type { GameServerWatch } from '../agones/game-server-watch.ts';
import type { SessionStore } from '../store/session-store.ts';
import { untilAborted } from '../journals/session-journals.ts';
import { ownNotices } from './own-notices.ts';

export interface PostedNotices {
  /** Another one whenever the notices are others. */
  readonly version: string;
  readonly notices: readonly Notice[];
}

export interface NoticeBoard {
  current(): PostedNotices;
  /** Those by which the allocator sends players away. */
  kicks(): readonly KickNotice[];
  /** The claim's answer. */
  told(notices: readonly AllocatorNotice[]): void;
  /** Resolves once the allocator's word is known, too, or soon: until then it is not said that its notices are over. */
  settled(signal: AbortSignal): Promise<void>;
  /** Resolves when the test holds, or with the present notices when the signal is aborted. */
  until(test: (posted: PostedNotices) => boolean, signal: AbortSignal): Promise<PostedNotices>;
}

/** How long a bridge that was started anew waits for Agones to say what the allocator has told; what it knows itself is told then. */
const SETTLE_MS = 3_000;
/** Many times what the allocator takes to write the annotation of a server that it has just placed on. */
const TOLD_MS = 30_000;

export function createNoticeBoard(watch: Pick<GameServerWatch, 'listen'>, store: SessionStore, log: Log): NoticeBoard {
  let text: string | undefined;
  /** Undefined until there was an annotation: afterwards its absence means that nothing is to be told. */
  let annotated: readonly AllocatorNotice[] | undefined;
  let claimed: readonly AllocatorNotice[] = [];
  let posted = postedOf(ownNotices(store.current()));
  const waiting = new Set<() => void>();
  let isSettled = false;
  const settled = Promise.withResolvers<void>();
  const settle = () => {
    isSettled = true;
    settled.resolve();
  };
  setTimeout(settle, SETTLE_MS).unref();

  const post = () => {
    const windows = (annotated ?? claimed).filter((notice): notice is WindowNotice => notice.kind !== 'kick');
    const next = postedOf([...windows, ...ownNotices(store.current())]);
    if (next.version === posted.version) return;
    posted = next;
    log.info('notices', { notices: posted.notices });
  };
  /** All are woken each time: whoever waits for kicks looks at the session, too. */
  const postAndWake = () => {
    post();
    for (const look of waiting) look();
  };
  store.listen(postAndWake);
  watch.listen(({ objectMeta }) => {
    const present = new Map(objectMeta.annotationsMap).get(GAME_SERVER_MARKS.notice);
    if (present !== text) {
      text = present;
      annotated = present === undefined ? [] : (readNotices(present, log) ?? annotated);
      postAndWake();
    }
    settle();
  });
  return {
    current: () => posted,
    settled: async (signal) => {
      if (!isSettled) await Promise.race([settled.promise, untilAborted(signal)]);
    },
    kicks: () => (annotated ?? claimed).filter((notice) => notice.kind === 'kick'),
    told: (notices) => {
      claimed = notices;
      postAndWake();
      setTimeout(() => {
        claimed = [];
        postAndWake();
      }, TOLD_MS).unref();
    },
    until: (test, signal) => {
      if (test(posted) || signal.aborted) return Promise.resolve(posted);
      return new Promise((resolve) => {
        const look = () => {
          if (!test(posted) && !signal.aborted) return;
          waiting.delete(look);
          signal.removeEventListener('abort', look);
          resolve(posted);
        };
        waiting.add(look);
        signal.addEventListener('abort', look, { once: true });
      });
    },
  };
}

function postedOf(notices: readonly Notice[]): PostedNotices {
  return { notices, version: createHash('sha256').update(JSON.stringify(notices)).digest('hex').slice(0, 16) };
}

/** Of kinds that a newer allocator tells, only the others are read. Undefined where nothing can be read: what was known stays. */
function readNotices(text: string, log: Log): readonly AllocatorNotice[] | undefined {
  try {
    const all = z.array(z.unknown()).parse(JSON.parse(text));
    const read = all.flatMap((one) => AllocatorNotice.safeParse(one).data ?? []);
    if (read.length < all.length) log.warn('some notices are of kinds that this build does not know', { unread: all.length - read.length });
    return read;
  } catch (cause) {
    log.warn('the annotation with notices cannot be read', { annotation: GAME_SERVER_MARKS.notice, cause });
    return undefined;
  }
}
