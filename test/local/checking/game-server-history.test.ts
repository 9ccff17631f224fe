import assert from 'node:assert/strict';
import {
  doubledOf,
  GameServerHistory,
  orphansOf,
  RELEASE_MS,
  type AllocationFact,
  type Carried,
} from '../../../local/checking/game-server-history.ts';

const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const LATER = RELEASE_MS + 1;

describe('the history of game servers', () => {
  let history: GameServerHistory;
  beforeEach(() => {
    history = new GameServerHistory();
  });

  const carry = (at: number, server: string, carries?: Carried): void =>
    history.see({ at, cluster: 'west', gameServer: server, serverUid: `uid of ${server}`, ...(carries === undefined ? {} : { carries }) });
  const live = (uid: string, attempt = 1): [string, AllocationFact] => [uid, { uid, attempt, attemptSince: 0 }];
  const over = (uid: string, overAt: number): [string, AllocationFact] => [uid, { uid, attempt: 1, attemptSince: 0, overAt }];
  const orphans = (facts: readonly [string, AllocationFact][], now: number, atEnd = false): string[] =>
    orphansOf(history.stays, new Map(facts), now, atEnd).map(({ gameServer }) => gameServer);

  it('finds nothing wrong where each attempt had one server and each server went with its allocation', () => {
    carry(0, 'one', { uid: A, attempt: 1 });
    carry(0, 'two', { uid: B, attempt: 1 });
    carry(50, 'one', { uid: A, attempt: 1 });
    carry(90, 'one');
    carry(95, 'two');
    assert.equal(doubledOf(history.stays, LATER), 0);
    assert.deepEqual(orphans([over(A, 80), over(B, 90)], LATER, true), []);
  });

  describe('counts a double', () => {
    it('when one attempt was carried by two servers, even one after the other', () => {
      carry(0, 'one', { uid: A, attempt: 1 });
      carry(10, 'one');
      carry(20, 'two', { uid: A, attempt: 1 });
      assert.equal(doubledOf(history.stays, 30), 1);
    });

    it('when servers of two attempts stay side by side for longer than a release may take', () => {
      carry(0, 'one', { uid: A, attempt: 1 });
      carry(10, 'two', { uid: A, attempt: 2 });
      assert.equal(doubledOf(history.stays, RELEASE_MS), 0);
      assert.equal(doubledOf(history.stays, 10 + LATER), 1);
      carry(20, 'one');
      assert.equal(doubledOf(history.stays, 10 + LATER), 0);
    });

    it('and none when an attempt follows another on a server of its own', () => {
      carry(0, 'one', { uid: A, attempt: 1 });
      carry(LATER, 'one');
      carry(LATER + 1, 'two', { uid: A, attempt: 2 });
      assert.equal(doubledOf(history.stays, 9 * LATER), 0);
    });
  });

  describe('counts an orphan', () => {
    it('when a server outlives its allocation by longer than a release may take', () => {
      carry(0, 'one', { uid: A, attempt: 1 });
      assert.deepEqual(orphans([live(A)], 9 * LATER), []);
      assert.deepEqual(orphans([over(A, 100)], 100 + RELEASE_MS), []);
      assert.deepEqual(orphans([over(A, 100)], 100 + LATER), ['one']);
    });

    it('also when it has gone since, but too late', () => {
      carry(0, 'one', { uid: A, attempt: 1 });
      carry(100 + LATER, 'one');
      assert.deepEqual(orphans([over(A, 100)], 9 * LATER, true), ['one']);
    });

    it('when a later attempt has replaced its own', () => {
      carry(0, 'one', { uid: A, attempt: 1 });
      const superseded: [string, AllocationFact] = [A, { uid: A, attempt: 2, attemptSince: 100 }];
      assert.deepEqual(orphans([superseded], 100 + RELEASE_MS), []);
      assert.deepEqual(orphans([superseded], 100 + LATER), ['one']);
    });

    it('when nobody knows its allocation', () => {
      carry(0, 'one', { uid: A, attempt: 1 });
      assert.deepEqual(orphans([live(B)], LATER), ['one']);
    });

    it('at once at the end of the run', () => {
      carry(0, 'one', { uid: A, attempt: 1 });
      carry(0, 'two', { uid: B, attempt: 1 });
      assert.deepEqual(orphans([over(A, 100), live(B)], 101, true), ['one']);
    });
  });

  it('takes a server of the same name for another one', () => {
    const see = (serverUid: string, carries?: Carried): void =>
      history.see({ at: 0, cluster: 'west', gameServer: 'same', serverUid, ...(carries === undefined ? {} : { carries }) });
    see('first', { uid: A, attempt: 1 });
    see('second', { uid: A, attempt: 1 });
    assert.equal(doubledOf(history.stays, 1), 1);
  });
});
