import assert from 'node:assert/strict';
import { lostOf, SETTLING_MS, type Kept } from '../../../local/checking/lost.ts';

describe('what counts as lost', () => {
  const promised = [{ id: 'one', deadlineAt: 1_000 }];
  const lost = (kept: readonly Kept[], now: number): string[] =>
    lostOf(promised, new Map(kept.map((one) => [one.id, one])), now).map(({ id }) => id);

  it('is an id that was answered and that the store does not know, at once', () => {
    assert.deepEqual(lost([], 0), ['one']);
    assert.deepEqual(lost([{ id: 'another', isSettled: true }], 0), ['one']);
  });

  it('is an id that is unsettled after its deadline', () => {
    assert.deepEqual(lost([{ id: 'one', isSettled: false }], 1_000 + SETTLING_MS), []);
    assert.deepEqual(lost([{ id: 'one', isSettled: false }], 1_001 + SETTLING_MS), ['one']);
  });

  it('is never one that is settled', () => {
    assert.deepEqual(lost([{ id: 'one', isSettled: true }], 1_000_000), []);
  });
});
