import assert from 'node:assert/strict';
import { AppError } from '../../contracts/app-error.ts';
import type { JournalEntry } from '../../contracts/saves.ts';
import { judgeAppend } from '../../sdk-bridge/journals/judge-append.ts';
import type { EntryRecord, Head, JournalKey } from '../../sdk-bridge/journals/journal-head.ts';
import { planWave } from '../../sdk-bridge/journals/plan-wave.ts';

const W: JournalKey = 'worlds/w';
const ANN: JournalKey = 'players/ann';
const BOB: JournalKey = 'players/bob';
const head = (seq: number, change: Partial<Head> = {}): Head => ({ generation: 1, epoch: 7, from: 0, seq, ...change });
const closed = { durable: 0, why: 'elsewhere', detail: 'gone' } as const;
const entry = (seq: number, shares: Record<string, number> = {}): JournalEntry => {
  const inventories = Object.entries(shares).map(([playerId, share]) => ({ playerId, seq: share, data: {} }));
  return { seq, data: {}, ...(inventories.length === 0 ? {} : { inventories }) };
};

describe('an append to the journals of a session', () => {
  const heads = new Map([
    [W, head(5)],
    [ANN, head(2)],
    [BOB, head(0)],
  ]);
  const judged = (journal: JournalKey, ...entries: JournalEntry[]) => {
    try {
      return judgeAppend(heads, journal, entries).map((record) => record.entry.seq);
    } catch (cause) {
      assert.ok(cause instanceof AppError);
      return cause.code;
    }
  };
  const table: [string, JournalKey, JournalEntry[], number[] | string][] = [
    ['takes what follows', W, [entry(6), entry(7)], [6, 7]],
    ['passes over what is here', W, [entry(4), entry(5), entry(6)], [6]],
    ['passes over what is here as a whole, shares and all', W, [entry(5, { ann: 99 })], []],
    ['refuses a gap', W, [entry(7)], 'sequence_gap'],
    ['refuses a gap within', W, [entry(6), entry(8)], 'sequence_gap'],
    ['refuses a number that comes twice', W, [entry(6), entry(6)], 'sequence_gap'],
    ['takes shares that follow in their inventories', W, [entry(6, { ann: 3, bob: 1 }), entry(7, { ann: 4 })], [6, 7]],
    ['refuses a share that leaves a gap', W, [entry(6, { ann: 4 })], 'sequence_gap'],
    ['refuses a share that is there already', W, [entry(6, { ann: 2 })], 'sequence_gap'],
    ['refuses shares that leave a gap between them', W, [entry(6, { ann: 3 }), entry(7, { ann: 5 })], 'sequence_gap'],
    ['refuses a share of an inventory that was not loaded', W, [entry(6, { cid: 1 })], 'inventory_not_loaded'],
    ['refuses a share of itself', ANN, [entry(3, { ann: 4 })], 'share_of_itself'],
    ['takes a trade', ANN, [entry(3, { bob: 1 })], [3]],
  ];
  for (const [name, journal, entries, expected] of table) it(name, () => assert.deepEqual(judged(journal, ...entries), expected));

  it('refuses what is lost, also as a share', () => {
    const lost = new Map([...heads, [ANN, head(2, { closed })] as const]);
    assert.throws(() => judgeAppend(lost, ANN, [entry(3)]), { code: 'inventory_read_only' });
    assert.throws(() => judgeAppend(lost, W, [entry(6, { ann: 3 })]), { code: 'inventory_read_only' });
    assert.throws(() => judgeAppend(new Map([[W, head(5, { closed })]]), W, [entry(6)]), { code: 'world_read_only' });
  });
});

describe('a wave to saves', () => {
  const record = (journal: JournalKey, seq: number, shares: Record<string, number> = {}, generation = 1): EntryRecord => {
    const of = Object.fromEntries(Object.keys(shares).map((player) => [player, 1]));
    return { is: 'entry', journal, generation, entry: entry(seq, shares), ...(Object.keys(of).length === 0 ? {} : { shares: of }) };
  };
  const heads = (change: Partial<Record<JournalKey, Partial<Head>>> = {}) =>
    new Map([W, ANN, BOB].map((key) => [key, head(100, change[key])] as const));
  const cargoes = (wave: ReturnType<typeof planWave>) => wave.cargoes.map((cargo) => [cargo.journal, cargo.entries.map(({ seq }) => seq)]);

  it('carries the journals side by side, each in order', () => {
    const wave = planWave([record(W, 1), record(ANN, 1), record(W, 2), record(BOB, 1), record(ANN, 2)], heads());
    assert.deepEqual(cargoes(wave), [
      [W, [1, 2]],
      [ANN, [1, 2]],
      [BOB, [1]],
    ]);
    assert.equal(wave.taken, 5);
  });

  it('ends where a journal would be touched by two requests, whichever came first', () => {
    assert.equal(planWave([record(ANN, 1), record(W, 1), record(W, 2, { ann: 2 }), record(W, 3)], heads()).taken, 2);
    assert.equal(planWave([record(W, 1, { ann: 1 }), record(W, 2, { ann: 2 }), record(ANN, 3)], heads()).taken, 2);
    assert.equal(planWave([record(ANN, 1, { bob: 1 }), record(W, 1, { bob: 2 })], heads()).taken, 1);
  });

  it('names the epochs of the inventories that have shares, and refuses those that are lost here', () => {
    const [cargo] = planWave([record(W, 1, { ann: 1, bob: 1 })], heads({ [BOB]: { closed } })).cargoes;
    assert.deepEqual(cargo?.epochs, { ann: 7 });
    assert.deepEqual(
      cargo?.entries[0]?.inventories?.map(({ playerId, refused }) => [playerId, refused]),
      [
        ['ann', undefined],
        ['bob', true],
      ],
    );
  });

  it('leaves out what is lost, and stops behind what takes a share with it', () => {
    const lostWorld = heads({ [W]: { closed } });
    const wave = planWave([record(W, 1), record(W, 2, { ann: 1 }), record(ANN, 2)], lostWorld);
    assert.deepEqual([wave.lost.map((one) => one.entry.seq), wave.taken, cargoes(wave)], [[1, 2], 2, []]);
    const older = planWave([record(ANN, 1, {}, 1), record(ANN, 1, {}, 2)], heads({ [ANN]: { generation: 2 } }));
    assert.deepEqual([older.lost.length, older.taken, cargoes(older)], [1, 2, [[ANN, [1]]]]);
  });
});
