import assert from 'node:assert/strict';
import { Ledger } from '../../../local/demo/ledger.ts';

describe("the players' ledger", () => {
  let ledger: Ledger;
  beforeEach(() => {
    ledger = new Ledger();
    for (const move of [1, 2, 3, 7]) ledger.promised('forest', 'ann', move);
    ledger.promised('forest', 'bob', 1);
    ledger.promised('desert', 'ann', 1);
  });

  it('counts each durable entry once', () => {
    ledger.promised('forest', 'ann', 7);
    assert.equal(ledger.entriesDurable, 6);
    assert.equal(ledger.promisedIn('forest'), 5);
    assert.deepEqual(ledger.playersOf('forest'), ['ann', 'bob']);
  });

  it('finds nothing lost in a world that has every promised move, and more', () => {
    assert.deepEqual(ledger.check('forest', 'ann', [[1, 9]]), []);
    assert.equal(ledger.entriesLost, 0);
  });

  it('counts a promised move that a restored world lacks, and only once', () => {
    assert.deepEqual(
      ledger.check('forest', 'ann', [
        [1, 2],
        [7, 7],
      ]),
      [3],
    );
    ledger.check('forest', 'ann', [
      [1, 2],
      [7, 8],
    ]);
    assert.equal(ledger.entriesLost, 1);
  });

  it('counts all of a player whom the restored world does not know', () => {
    assert.deepEqual(ledger.check('desert', 'ann', []), [1]);
    assert.equal(ledger.entriesLost, 1);
  });

  it('expects nothing of a world that nobody was promised anything in', () => {
    assert.deepEqual(ledger.check('sea', 'ann', []), []);
  });
});
