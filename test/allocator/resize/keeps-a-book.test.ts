import assert from 'node:assert/strict';
import type { Level } from '../../../allocator/scaling/resize/level.ts';
import { parseProfile } from '../../../allocator/scaling/resize/profile.ts';
import { ResizeBook } from '../../../allocator/scaling/resize/resize-book.ts';
import type { PodOutcome } from '../../../allocator/scaling/resize/resize-pod.ts';

const SIZE = { requests: { cpu: '1' }, limits: {} };
const MINUTE = 60_000;

describe('The book of resizes', () => {
  const parsed = parseProfile(JSON.stringify({ idle: SIZE, allocated: SIZE, full: SIZE }));
  assert.ok('profile' in parsed);
  const { profile } = parsed;
  const of = (kind: 'asked' | 'waiting' | 'granted' | 'deferred' | 'infeasible'): PodOutcome => ({
    kind,
    size: SIZE,
    granted: SIZE,
    message: '',
  });
  const noted = (book: ResizeBook, outcome: PodOutcome, now: number, level: Level = 'allocated') => {
    const entry = book.get('s', 'u');
    assert.ok(entry);
    const counted = book.note(entry, level, profile, outcome, now);
    return { counted, nextInMs: entry.dueAt - now };
  };

  it('looks ever more rarely after what a node puts off, and counts it once', () => {
    const book = new ResizeBook();
    book.want('s', 'u', profile, 'allocated', 0);
    assert.deepEqual(noted(book, of('asked'), 0), { counted: 'asked', nextInMs: 1_000 });
    const looks = Array.from({ length: 7 }, () => noted(book, of('deferred'), 1_000));
    assert.deepEqual(
      looks.map(({ nextInMs }) => nextInMs / 1_000),
      [2, 4, 8, 16, 32, 60, 60],
    );
    assert.deepEqual(
      looks.map(({ counted }) => counted),
      ['deferred', ...Array.from({ length: 6 }, () => undefined)],
    );
    assert.deepEqual(noted(book, of('granted'), 5_000), { counted: 'granted', nextInMs: 10 * MINUTE });
  });

  it('leaves what can never be, and what is refused, for ten minutes, unless another level is wanted', () => {
    for (const outcome of [of('infeasible'), { kind: 'refused', forbidden: false, message: '' } as const]) {
      const book = new ResizeBook();
      book.want('s', 'u', profile, 'full', 0);
      assert.equal(noted(book, outcome, 0, 'full').nextInMs, 10 * MINUTE);
      book.want('s', 'u', profile, 'full', 1_000);
      assert.equal(book.due(1_000, 9).length, 0);
      book.want('s', 'u', profile, 'allocated', 2_000);
      assert.equal(book.due(2_000, 9).length, 1);
    }
  });

  it('does not race somebody who changes it back each time', () => {
    const book = new ResizeBook();
    book.want('s', 'u', profile, 'allocated', 0);
    const waits = Array.from({ length: 4 }, () => noted(book, of('asked'), 0).nextInMs);
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000]);
  });

  it('takes what became of an old wish for no word on the new one', () => {
    const book = new ResizeBook();
    book.want('s', 'u', profile, 'allocated', 0);
    book.want('s', 'u', profile, 'full', 10);
    assert.equal(noted(book, of('granted'), 20, 'allocated').nextInMs, -10, 'the new one is still due');
  });

  it('sees to growth before shrinking, to changes before looks, and to nobody who is being seen to', () => {
    const book = new ResizeBook();
    const levels: readonly (readonly [string, Level])[] = [
      ['a', 'idle'],
      ['b', 'allocated'],
      ['c', 'full'],
      ['d', 'full'],
      ['e', 'full'],
    ];
    for (const [name, level] of levels) book.want(name, 'u', profile, level, 0);
    for (const entry of book.entries) entry.known = true;
    const [d, e] = [book.get('d', 'u'), book.get('e', 'u')];
    assert.ok(d && e);
    d.tries = 1;
    e.busy = true;
    assert.deepEqual(
      book.due(0, 9).map(({ name }) => name),
      ['c', 'b', 'd', 'a'],
    );
    assert.deepEqual(
      book.due(0, 2).map(({ name }) => name),
      ['c', 'b'],
    );
  });

  it('forgets who is gone, and who has only the name of one that was', () => {
    const book = new ResizeBook();
    for (const name of ['a', 'b']) book.want(name, 'u', profile, 'idle', 0);
    book.keep(new Set(['a']));
    assert.deepEqual([book.get('a', 'u')?.name, book.get('b', 'u'), book.get('a', 'other')], ['a', undefined, undefined]);
    book.want('a', 'other', profile, 'idle', 5);
    assert.deepEqual([book.get('a', 'u'), book.get('a', 'other')?.known], [undefined, false]);
  });
});
