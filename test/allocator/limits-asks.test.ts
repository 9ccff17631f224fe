import assert from 'node:assert/strict';
import { AskLimit } from '../../allocator/clusters/ask-limit.ts';

const TIME_MS = 1_000;

describe('How many asks a cluster is given at once', () => {
  let now: number;
  let limit: AskLimit;
  beforeEach(() => {
    now = 0;
    limit = new AskLimit(
      () => 24,
      () => now,
    );
  });

  /** As many as may be, each answered after so long. */
  const round = (tookMs: number) => {
    const ends: (() => void)[] = [];
    while (!limit.isFull) ends.push(limit.begin(TIME_MS));
    now += tookMs;
    for (const end of ends) end();
    now += 1;
    return ends.length;
  };

  it('is as many as is set, while the cluster answers quickly', () => {
    assert.equal(round(100), 24);
    assert.equal(round(100), 24);
  });
  it('falls by a part per round while answers take most of their time, and not to nothing', () => {
    const seen = Array.from({ length: 12 }, () => round(900));
    assert.deepEqual(seen.slice(0, 3), [24, 16, 11]);
    assert.equal(seen.at(-1), 2);
  });
  it('rises by one per round when answers are quick again', () => {
    for (let rounds = 0; rounds < 12; rounds += 1) round(900);
    const seen = Array.from({ length: 6 }, () => round(100));
    const last = seen.at(-1) ?? 0;
    assert.ok(last >= 6 && last <= 8, String(seen));
  });
  it('counts who is under way, and no more once they have ended', () => {
    const end = limit.begin(TIME_MS);
    assert.equal(limit.inFlight, 1);
    end();
    assert.equal(limit.inFlight, 0);
  });
  it('is none while the cluster says that it is asked too much', () => {
    limit.throttle(500);
    assert.ok(limit.isFull);
    now = 501;
    assert.ok(!limit.isFull);
  });
});
