/** The allocator has ended the session, as where a maintenance window says so: it is flushed, and the server leaves. */
import type { Log } from '../../runtime/log.ts';
import type { WindowNotice } from '../../contracts/notices.ts';
import type { NoticeBoard } from '../notices/notice-board.ts';
import { ended } from '../session.ts';
import type { SessionStore } from '../store/session-store.ts';

export async function endOnNotice(
  { store, notices, log, now }: { store: SessionStore; notices: NoticeBoard; log: Log; now: () => number },
  signal: AbortSignal,
): Promise<void> {
  const endOf = ({ notices: posted }: ReturnType<NoticeBoard['current']>) =>
    posted.find((notice): notice is WindowNotice => notice.kind === 'session-end');
  // One that comes before the claim waits for it: only a session that is ours can be ended.
  await store.until(({ phase }) => phase !== 'idle', signal);
  const notice = endOf(await notices.until((posted) => endOf(posted) !== undefined, signal));
  if (notice === undefined || store.current().phase === 'ended') return;
  log.info('the allocator has ended the session', { window: notice.window, reason: notice.reason });
  await store.change((state) => ended(state, `maintenance: ${notice.reason}`, 'end', now()));
}
