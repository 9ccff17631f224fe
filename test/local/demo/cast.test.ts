import assert from 'node:assert/strict';
import { castOf } from '../../../local/demo/cast.ts';

describe('the cast of the demo', () => {
  const cast = castOf(['west', 'east']);

  it('is 24 players under names of their own', () => {
    assert.equal(cast.length, 24);
    assert.equal(new Set(cast.map(({ name }) => name)).size, 24);
  });

  it('has whole parties of different sizes', () => {
    const parties = Map.groupBy(
      cast.filter(({ party }) => party !== undefined),
      ({ party }) => party?.name,
    );
    for (const members of parties.values()) assert.equal(members.length, members[0]?.party?.size);
    assert.deepEqual(new Set([...parties.values()].map(({ length }) => length)), new Set([2, 3]));
  });

  it('is near one region or the other, each by a line of their own', () => {
    const lines = cast.map(({ latencies }) => latencies);
    assert.ok(lines.some(({ west = 0, east = 0 }) => west < east));
    assert.ok(lines.some(({ west = 0, east = 0 }) => east < west));
    assert.equal(new Set(lines.map((line) => JSON.stringify(line))).size, 24);
  });
});
