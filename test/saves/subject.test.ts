import assert from 'node:assert/strict';
import { areConsecutive, decideAppend, decideLease, firstLease, nextStretch, visibleRanges, type Subject } from '../../saves/subject.ts';

const NOW = new Date('2026-11-01T00:00:00Z');
const holder = (digit: string, attempt = 1) => ({ uid: digit.repeat(32), attempt });
const entries = (...seqs: number[]) => seqs.map((seq) => ({ seq, data: {} }));
const subjectAt = (changes: Partial<Subject> = {}): Subject => ({ ...firstLease('worlds/w', holder('a'), NOW), ...changes });

describe('a subject of saves', () => {
  describe('its lease', () => {
    it('stays with the holder that asks again, under the same epoch', () => {
      assert.deepEqual(decideLease(subjectAt({ epoch: 4 }), holder('a'), NOW), { outcome: 'held' });
    });

    it('goes to another holder under the next epoch, whose stretch begins at the head', () => {
      const decision = decideLease(subjectAt({ durableSeq: 7 }), holder('b'), NOW);
      assert.deepEqual(decision, {
        outcome: 'take',
        change: {
          epoch: 2,
          holder: holder('b'),
          takenAt: NOW,
          stretch: 2,
          stretches: [
            { number: 1, epoch: 1, after: 0 },
            { number: 2, epoch: 2, after: 7 },
          ],
        },
      });
    });

    it('goes to a later attempt of the same allocation, never back to an earlier one', () => {
      assert.equal(decideLease(subjectAt({ holder: holder('a', 1) }), holder('a', 2), NOW).outcome, 'take');
      assert.equal(decideLease(subjectAt({ holder: holder('a', 2) }), holder('a', 1), NOW).outcome, 'superseded');
    });

    it('goes to a later session, and never to one that was made before', () => {
      const held = subjectAt({ madeAt: NOW });
      const [earlier, later] = [new Date(NOW.getTime() - 1), new Date(NOW.getTime() + 1)];
      assert.equal(decideLease(held, holder('b'), NOW, earlier).outcome, 'superseded');
      assert.equal(decideLease(held, holder('b'), NOW, later).outcome, 'take');
      assert.equal(decideLease(held, holder('b'), NOW).outcome, 'take');
    });

    it('forgets stretches in which nothing became durable', () => {
      let subject = subjectAt();
      for (let turn = 0; turn < 50; turn += 1) subject = { ...subject, ...nextStretch(subject, turn) };
      assert.deepEqual(subject.stretches, [{ number: 51, epoch: 49, after: 0 }]);
    });
  });

  describe('an append', () => {
    const subject = subjectAt({ epoch: 3, durableSeq: 10 });
    for (const [what, epoch, given, expected] of [
      ['the next entries', 3, entries(11, 12), { outcome: 'append', entries: entries(11, 12) }],
      ['entries that are durable already', 3, entries(9, 10), { outcome: 'stored', durableSeq: 10 }],
      ['a part of which is durable already', 3, entries(9, 10, 11), { outcome: 'append', entries: entries(11) }],
      ['entries beyond a gap', 3, entries(12), { outcome: 'gap', expected: 11 }],
      ['an older epoch', 2, entries(11), { outcome: 'stale', epoch: 3 }],
      ['an older epoch, durable or not', 2, entries(1), { outcome: 'stale', epoch: 3 }],
      ['an epoch that never was', 4, entries(11), { outcome: 'unknown-epoch', epoch: 3 }],
    ] as const) {
      it(`of ${what} is ${expected.outcome}`, () => assert.deepEqual(decideAppend(subject, epoch, given), expected));
    }

    it('has sequence numbers that go up by one', () => {
      assert.equal(areConsecutive(entries(4, 5, 6)), true);
      assert.equal(areConsecutive(entries(4, 6)), false);
      assert.equal(areConsecutive(entries(4, 4)), false);
    });
  });

  describe('what is visible', () => {
    const subject = subjectAt({
      durableSeq: 120,
      stretches: [
        { number: 1, epoch: 1, after: 0 },
        { number: 3, epoch: 2, after: 40 },
        { number: 4, epoch: 3, after: 95 },
      ],
    });

    it('is each stretch up to where the next one begins', () => {
      assert.deepEqual(visibleRanges(subject, 0), [
        { stretch: 1, after: 0, until: 40 },
        { stretch: 3, after: 40, until: 95 },
        { stretch: 4, after: 95, until: 120 },
      ]);
    });

    it('begins after the snapshot', () => {
      assert.deepEqual(visibleRanges(subject, 60), [
        { stretch: 3, after: 60, until: 95 },
        { stretch: 4, after: 95, until: 120 },
      ]);
      assert.deepEqual(visibleRanges(subject, 40).at(0), { stretch: 3, after: 40, until: 95 });
      assert.deepEqual(visibleRanges(subject, 120), []);
    });
  });
});
