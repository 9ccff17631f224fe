import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOG } from '../../runtime/log.ts';
import { createClaimRefresh } from '../../sdk-bridge/moves/refresh-claim.ts';
import { claimed } from '../../sdk-bridge/session.ts';
import { openSessionStore } from '../../sdk-bridge/store/session-store.ts';
import { CLAIM } from './stand-in/claim.ts';
import { until } from './stand-in/until.ts';

describe('the question whom the session has by now', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'refresh-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('is one for all who come before it is asked, and another for all who come while it is', async () => {
    const store = await openSessionStore(folder, 'gs-1', SILENT_LOG);
    await store.change((state) => claimed(state, CLAIM, 0));
    const asked: (() => void)[] = [];
    const allocator = {
      claim: async () => {
        await new Promise<void>((answer) => asked.push(answer));
        return CLAIM;
      },
    };
    let now = 0;
    const refresh = createClaimRefresh(store, allocator, SILENT_LOG, () => now, new AbortController().signal);
    const three = () => Promise.all([refresh(), refresh(), refresh()]);

    const first = three();
    await until(() => asked.length === 1, 'it is asked');
    const second = three();
    asked[0]?.();
    await first;
    await until(() => asked.length === 2, 'it is asked for those who came meanwhile');
    asked[1]?.();
    await second;

    now = 60_000;
    const third = three();
    await until(() => asked.length === 3, 'it is asked at once when the last time is long ago');
    asked[2]?.();
    await third;
    assert.equal(asked.length, 3);
  });
});
