import assert from 'node:assert/strict';
import { workQueue } from './work-queue.ts';

const SECONDS: Readonly<Record<string, number>> = {
  'test/saves/a.test.ts': 10,
  'test/saves/b.test.ts': 40,
  'test/saves/kills/c.test.ts': 20,
  'test/fleets/d.test.ts': 30,
  'test/fleets/e.test.ts': 5,
  'test/runtime/f.test.ts': 1,
};
const queue = () => workQueue(Object.keys(SECONDS), (file) => SECONDS[file] ?? 0);
const drained = (lanes: readonly number[]): string[] => {
  const line = queue();
  return lanes.map((lane) => (line.next(lane) ?? 'none').replace(/^test\/|\.test\.ts$/g, ''));
};

describe('The order of the suite', () => {
  it('is the longest file of the largest room first, and its room after it', () => {
    assert.deepEqual(drained([0, 0, 0]), ['saves/b', 'saves/kills/c', 'saves/a']);
  });

  it('opens a room of its own for each lane', () => {
    assert.deepEqual(drained([0, 1, 2]), ['saves/b', 'fleets/d', 'runtime/f']);
  });

  it('sends a lane whose room is through to one that nobody has begun, and only then to help', () => {
    assert.deepEqual(drained([0, 1, 1, 1, 1, 1, 1]), ['saves/b', 'fleets/d', 'fleets/e', 'runtime/f', 'saves/kills/c', 'saves/a', 'none']);
  });

  it('hands out every file once, whoever asks', () => {
    const line = queue();
    const taken = Object.keys(SECONDS).map((_, nth) => line.next(nth % 3));
    assert.deepEqual(new Set(taken), new Set(Object.keys(SECONDS)));
    assert.deepEqual([line.next(0), line.next(1), line.next(2)], [undefined, undefined, undefined]);
  });
});
