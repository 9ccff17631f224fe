import assert from 'node:assert/strict';
import { SILENT_LOG } from '../../runtime/log.ts';
import type { WatchListener } from '../../sdk-bridge/agones/game-server-watch.ts';
import { createNoticeBoard } from '../../sdk-bridge/notices/notice-board.ts';
import { newSession } from '../../sdk-bridge/session.ts';
import { createNews } from '../../sdk-bridge/stream/news.ts';

type Board = Parameters<typeof createNoticeBoard>;
const metadata = (annotationsMap: [string, string][]) => ({ objectMeta: { annotationsMap } }) as unknown as Parameters<WatchListener>[0];

describe('the notices of a bridge that was started anew', () => {
  it('are compared with what their reader knows only when Agones has said what the allocator told', async () => {
    const listeners: WatchListener[] = [];
    const watch: Board[0] = { listen: (listener) => (listeners.push(listener), () => {}) };
    const store = { current: () => newSession('gs-1'), listen: () => {} } as unknown as Board[1];
    const board = createNoticeBoard(watch, store, SILENT_LOG);
    const never = new AbortController().signal;
    const news = createNews({
      store,
      notices: board,
      journals: { current: () => undefined, opened: () => Promise.reject(new Error()) },
      inventories: { all: () => [] },
    });

    const window = {
      kind: 'maintenance',
      reason: 'r',
      startsAt: '2026-12-01T10:00:00.000Z',
      endsAt: '2026-12-01T11:00:00.000Z',
      end: 'let-finish',
      window: 'w',
    };
    let told = 0;
    const next = news.notices('what its reader has', never).then((found) => (told++, found));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(told, 0, 'that there are none is not said yet');
    for (const listener of listeners) listener(metadata([['lifeverse.dev/notice', JSON.stringify([window])]]), Buffer.alloc(0));
    assert.deepEqual((await next)?.message, { type: 'notices', notices: { version: board.current().version, notices: [window] } });
    assert.equal((await news.notices('', never))?.version, board.current().version);
  });
});
