import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OwnGameServer } from '../../sdk-bridge/solo/sidecar/own-game-server.ts';
import { SdkServer } from '../../sdk-bridge/solo/sidecar/sdk-server.ts';
import type { SidecarGameServer } from '../../sdk-bridge/solo/sidecar/sidecar-game-server.ts';
import { afterMs } from '../../sdk-bridge/solo/sidecar/write-queue.ts';
import { withChange } from '../../sdk-bridge/solo/sidecar/with-change.ts';

const more = (countDiff: bigint) => ({ countDiff });

describe("The counters of Agones' sidecar", () => {
  const end = new AbortController();
  after(() => end.abort());

  it('count a call once while what was asked is seen already and not acknowledged yet', async () => {
    let current: SidecarGameServer = {
      metadata: { name: 'g', namespace: 'n', uid: 'g', resourceVersion: '1' },
      spec: { health: { disabled: true } },
      status: { state: 'Ready', counters: { rooms: { count: 0, capacity: 10 } } },
    };
    const written: (() => void)[] = [];
    const own: OwnGameServer = {
      get current() {
        return current;
      },
      onChange: () => () => undefined,
      change: async (make) => {
        current = withChange(current, make(current));
        await new Promise<void>((resolve) => written.push(resolve));
      },
    };
    const log = { warn: () => undefined };
    const sdk = new SdkServer({
      own,
      log,
      events: { tell: () => undefined },
      now: () => new Date(),
      writeLater: afterMs(0),
      signal: end.signal,
    });
    const acknowledge = async () => {
      while (written.length === 0) await nextTurn();
      written.shift()?.();
      await nextTurn();
    };

    sdk.updateCounter('rooms', more(2n));
    while (written.length === 0) await nextTurn();
    assert.deepEqual(current.status?.counters?.['rooms'], { count: 2, capacity: 10 });
    assert.equal(sdk.getCounter('rooms').count, 2n);
    assert.equal(sdk.updateCounter('rooms', more(3n)).count, 5n);
    assert.equal(sdk.updateCounter('rooms', more(5n)).count, 10n, 'and refuses no call for a capacity that is not used up');
    await acknowledge();
    assert.equal(sdk.getCounter('rooms').count, 10n);
    await acknowledge();
    assert.equal(sdk.getCounter('rooms').count, 10n);
    assert.deepEqual(current.status?.counters?.['rooms'], { count: 10, capacity: 10 });
  });
});
