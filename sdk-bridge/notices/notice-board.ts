/**
 * What this game server was told beforehand: as its annotation says, and until that has arrived as the claim's answer said.
 *
 * The allocator writes the annotation within moments of the allocation, so that a claim counts for a while only: a notice
 * that was taken back in between is not shown for ever.
 */
import { createHash } from 'node:crypto';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { Notices, type Notice } from '../../contracts/notices.ts';
import type { Log } from '../../runtime/log.ts';
import type { GameServerWatch } from '../agones/game-server-watch.ts';

export interface PostedNotices {
  /** Another one whenever the notices are others. */
  readonly version: string;
  readonly notices: readonly Notice[];
}

export interface NoticeBoard {
  current(): PostedNotices;
  /** The claim's answer. */
  told(notices: readonly Notice[]): void;
  /** Resolves when the test holds, or with the present notices when the signal is aborted. */
  until(test: (posted: PostedNotices) => boolean, signal: AbortSignal): Promise<PostedNotices>;
}

/** Many times what the allocator takes to write the annotation of a server that it has just placed on. */
const TOLD_MS = 30_000;

export function createNoticeBoard(watch: Pick<GameServerWatch, 'listen'>, log: Log): NoticeBoard {
  let text: string | undefined;
  /** Undefined until there was an annotation: afterwards its absence means that nothing is to be told. */
  let annotated: readonly Notice[] | undefined;
  let claimed: readonly Notice[] = [];
  let posted = postedOf([]);
  const waiting = new Set<() => void>();

  const post = () => {
    const next = postedOf(annotated ?? claimed);
    if (next.version === posted.version) return;
    posted = next;
    log.info('notices', { notices: posted.notices });
    for (const look of waiting) look();
  };
  watch.listen(({ objectMeta }) => {
    const present = new Map(objectMeta.annotationsMap).get(GAME_SERVER_MARKS.notice);
    if (present === text) return;
    text = present;
    annotated = present === undefined ? [] : (readNotices(present, log) ?? annotated);
    post();
  });
  return {
    current: () => posted,
    told: (notices) => {
      claimed = notices;
      post();
      setTimeout(() => {
        claimed = [];
        post();
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

/** Undefined where the annotation cannot be read, as one that a newer allocator wrote: what was known stays. */
function readNotices(text: string, log: Log): readonly Notice[] | undefined {
  try {
    return Notices.parse(JSON.parse(text));
  } catch (cause) {
    log.warn('the annotation with notices cannot be read', { annotation: GAME_SERVER_MARKS.notice, cause });
    return undefined;
  }
}
