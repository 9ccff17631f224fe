import assert from 'node:assert/strict';
import { AppError } from '../../contracts/app-error.ts';
import type { JournalEntry } from '../../contracts/saves.ts';
import { judgeAppend } from '../../sdk-bridge/journals/judge-append.ts';
import type { EntryRecord, Head, JournalKey } from '../../sdk-bridge/journals/journal-head.ts';
import { judgeRefusal } from '../../sdk-bridge/journals/judge-refusal.ts';
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

  it('sends of an entry that saves never takes its places only, in every journal', () => {
    const why = { code: 'input_invalid', detail: 'no' };
    const refused = [{ seq: 2, ...why }];
    const [cargo] = planWave([record(W, 1), record(W, 2, { ann: 1, bob: 1 })], heads({ [W]: { refused }, [BOB]: { closed } })).cargoes;
    const places = [
      { playerId: 'ann', seq: 1, data: {} },
      { playerId: 'bob', seq: 1, data: {}, refused: true },
    ];
    assert.deepEqual(cargo?.entries, [entry(1), { seq: 2, data: {}, inventories: places, refused: why }]);
  });

  it('leaves out what is lost, and stops behind what takes a share with it', () => {
    const lostWorld = heads({ [W]: { closed } });
    const wave = planWave([record(W, 1), record(W, 2, { ann: 1 }), record(ANN, 2)], lostWorld);
    assert.deepEqual([wave.lost.map((one) => one.entry.seq), wave.taken, cargoes(wave)], [[1, 2], 2, []]);
    const older = planWave([record(ANN, 1, {}, 1), record(ANN, 1, {}, 2)], heads({ [ANN]: { generation: 2 } }));
    assert.deepEqual([older.lost.length, older.taken, cargoes(older)], [1, 2, [[ANN, [1]]]]);
  });
});

describe('what saves does not take', () => {
  const sent = [entry(6), entry(7, { ann: 1, bob: 1 })];
  const at = (pointer: string) => ({ faults: [{ pointer, detail: 'it' }] });
  const table: [string, unknown, string | [string, unknown]][] = [
    ['no answer', new AppError('unavailable', 'no_connection', 'it'), 'passes'],
    ['a token that has to be renewed', new AppError('unauthenticated', 'token_expired', 'it'), 'passes'],
    ['a token without the role', new AppError('forbidden', 'role_missing', 'it'), 'passes'],
    ['too many requests', new AppError('rate-limited', 'rate_limited', 'it'), 'passes'],
    ['a fault of saves itself', new AppError('internal', 'internal', 'it'), 'passes'],
    ['a path that is not there, as behind a wrong URL', new AppError('not-found', 'path_unknown', 'it'), 'passes'],
    ['a 404 of something in between', new AppError('not-found', 'unexpected_answer', 'it'), 'passes'],
    ['a 400 of something in between', new AppError('invalid', 'unexpected_answer', 'it'), 'passes'],
    ['a conflict of which nothing is known', new AppError('conflict', 'busy', 'it'), 'passes'],
    ['an error of our own', new Error('it'), 'passes'],
    ['a lease that another has', new AppError('conflict', 'epoch_stale', 'it'), 'fenced'],
    ['a journal that is behind, as after a restore', new AppError('conflict', 'epoch_unknown', 'it'), 'fenced'],
    ['a journal that nobody holds', new AppError('not-found', 'lease_absent', 'it'), 'fenced'],
    ['a journal that is not in the grant', new AppError('forbidden', 'not_in_grant', 'it'), 'fenced'],
    [
      'an inventory that is not in the grant',
      new AppError('forbidden', 'not_in_grant', 'it', at('#/body/entries/1/inventories/1')),
      ['share-lost', 'bob'],
    ],
    [
      'an inventory that nobody holds',
      new AppError('not-found', 'lease_absent', 'it', at('#/body/entries/1/inventories/0')),
      ['share-lost', 'ann'],
    ],
    ['an entry with a fault', new AppError('invalid', 'input_invalid', 'it', at('#/body/entries/1/data')), ['refused', 1]],
    ['a fault that is not of one entry', new AppError('invalid', 'input_invalid', 'it', at('#/body/epoch')), ['refused', undefined]],
    [
      'a fault of an entry that was not sent',
      new AppError('invalid', 'input_invalid', 'it', at('#/body/entries/7')),
      ['refused', undefined],
    ],
    ['what is too large', new AppError('too-large', 'body_too_large', 'it'), ['refused', undefined]],
    ['what is too large for something in between', new AppError('too-large', 'unexpected_answer', 'it'), ['refused', undefined]],
  ];
  for (const [name, cause, expected] of table)
    it(`is judged: ${name}`, () => {
      const judged = judgeRefusal(cause, sent);
      const about = judged.kind === 'share-lost' ? judged.playerId : judged.kind === 'refused' ? judged.at : 'nothing';
      assert.deepEqual(about === 'nothing' ? judged.kind : [judged.kind, about], expected);
    });

  it('is told in few words', () => {
    const judged = judgeRefusal(new AppError('invalid', 'c'.repeat(99), 'd'.repeat(999)), sent);
    assert.deepEqual(judged.kind === 'refused' && [judged.why.code.length, judged.why.detail.length], [64, 256]);
  });
});
