import assert from 'node:assert/strict';
import { Party } from '../../../local/demo/party.ts';

describe('a party', () => {
  const never = new AbortController().signal;

  it('goes under one name when all are there, and under another the next time', async () => {
    const party = new Party('p', 2);
    const first = await Promise.all([party.meet(never, 5_000), party.meet(never, 5_000)]);
    const second = await Promise.all([party.meet(never, 5_000), party.meet(never, 5_000)]);
    assert.equal(first[0], first[1]);
    assert.equal(second[0], second[1]);
    assert.notEqual(first[0], second[0]);
  });

  it('does not wait for ever, and does not count who has gone', async () => {
    const party = new Party('p', 2);
    assert.equal(await party.meet(AbortSignal.abort(), 5_000), undefined);
    assert.equal(await party.meet(never, 1), undefined);
    const both = await Promise.all([party.meet(never, 5_000), party.meet(never, 5_000)]);
    assert.ok(both.every((name) => name === both[0] && name !== undefined));
  });
});
