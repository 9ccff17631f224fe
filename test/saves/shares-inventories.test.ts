import assert from 'node:assert/strict';
import { AppError } from '../../contracts/app-error.ts';
import { savesApi, type JournalEntry } from '../../contracts/saves.ts';
import { freshDatabase } from '../services/fresh-database.ts';
import { startServiceProcess } from '../services/service-process.ts';
import { createTokenIssuer } from '../services/token-issuer.ts';
import { entriesFrom, newHolder, restoreAll, savesUnderTest, type SavesUnderTest } from './saves-under-test.ts';

const conflict = (code: string) => (error: unknown) => error instanceof AppError && error.kind === 'conflict' && error.code === code;

/** Entry `seq` of a world, in which each player has a share with the given number. */
const pickup = (seq: number, shares: Record<string, number>): JournalEntry => ({
  seq,
  data: { n: seq },
  inventories: Object.entries(shares).map(([playerId, share]) => ({ playerId, seq: share, data: { from: seq } })),
});

/** Whatever happened in between: a player has exactly the shares that the world says are not refused, each once and in order. */
async function assertWhole(client: SavesUnderTest['operator'], world: string, player: string): Promise<{ kept: number; refused: number }> {
  const { entries } = await restoreAll(client, 'worlds', world);
  const shares = entries.flatMap((entry) => entry.inventories?.filter((share) => share.playerId === player) ?? []);
  const kept = shares.filter((share) => share.refused !== true);
  const inventory = (await restoreAll(client, 'players', player)).entries.filter(({ data }) => 'from' in data);
  assert.deepEqual(
    inventory.map(({ seq, data }) => [seq, data]),
    kept.map(({ seq, data }) => [seq, data]),
  );
  return { kept: kept.length, refused: shares.length - kept.length };
}

describe('an entry of a world that has shares of inventories', function () {
  this.timeout(300_000);
  let saves: SavesUnderTest;
  before(async () => (saves = await savesUnderTest()));
  after(() => saves.close());

  const leased = async (world: string, players: string[], holder = newHolder()) => {
    const params = { kind: 'worlds' as const, id: world };
    const { epoch } = (await saves.allocator.takeLease({ params, body: { holder } })).body;
    const session = await saves.session({ holder, world, players });
    const epochs: Record<string, number> = {};
    for (const id of players) epochs[id] = (await session.takeLease({ params: { kind: 'players', id }, body: { holder } })).body.epoch;
    const append = async (...entries: JournalEntry[]) => (await session.appendEntries({ params, body: { epoch, entries, epochs } })).body;
    return { params, session, epoch, epochs, append };
  };

  it('is in all of them, once, also when it is sent again', async () => {
    const { append, session } = await leased('both', ['ann', 'bob']);
    await session.appendEntries({ params: { kind: 'players', id: 'ann' }, body: { epoch: 1, entries: entriesFrom(1, 2) } });
    const sent = [...entriesFrom(1, 1), pickup(2, { ann: 3, bob: 1 }), pickup(3, { ann: 4 }), ...entriesFrom(4, 1)];
    const stored = { durableSeq: 4, inventories: { ann: { durableSeq: 4, fenced: false }, bob: { durableSeq: 1, fenced: false } } };
    assert.deepEqual(await append(...sent), stored);
    assert.deepEqual(await append(...sent), stored);
    assert.deepEqual((await restoreAll(saves.operator, 'worlds', 'both')).entries, sent);
    assert.deepEqual(await assertWhole(saves.operator, 'both', 'ann'), { kept: 2, refused: 0 });
    assert.deepEqual(await assertWhole(saves.operator, 'both', 'bob'), { kept: 1, refused: 0 });
  });

  it('is refused where the epoch of an inventory is missing, whatever its player is called', async () => {
    const { session } = await leased('epochless', ['constructor']);
    const params = { kind: 'worlds' as const, id: 'epochless' };
    const body = { epoch: 1, entries: [pickup(1, { constructor: 1 })], epochs: {} };
    await assert.rejects(session.appendEntries({ params, body }), { kind: 'invalid', code: 'epoch_missing' });
  });

  it('is refused as a whole where a share leaves a gap, or was there before it', async () => {
    const { append, session } = await leased('gaps', ['cid', 'dan']);
    await session.appendEntries({ params: { kind: 'players', id: 'cid' }, body: { epoch: 1, entries: entriesFrom(1, 2) } });
    await assert.rejects(append(pickup(1, { cid: 4, dan: 1 })), conflict('sequence_gap'));
    await assert.rejects(append(pickup(1, { cid: 2, dan: 1 })), conflict('sequence_gap'));
    for (const [kind, id, seq] of [
      ['worlds', 'gaps', 0],
      ['players', 'cid', 2],
      ['players', 'dan', 0],
    ] as const)
      assert.equal((await saves.operator.getLease({ params: { kind, id } })).body.durableSeq, seq);
    assert.equal((await append(pickup(1, { cid: 3, dan: 1 }))).durableSeq, 1);
  });

  it('goes into the world without the share of who plays elsewhere by now, and says so for ever', async () => {
    const { append } = await leased('torn', ['eve', 'fay']);
    await append(pickup(1, { eve: 1 }));
    const elsewhere = await leased('elsewhere', ['eve']);
    const answer = await append(pickup(2, { eve: 2, fay: 1 }));
    assert.deepEqual(answer.inventories, { eve: { durableSeq: 1, fenced: true }, fay: { durableSeq: 1, fenced: false } });
    await elsewhere.append(pickup(1, { eve: 2 }));
    assert.deepEqual((await append(pickup(2, { eve: 2, fay: 1 }))).inventories?.['eve'], { durableSeq: 1, fenced: true });
    const [, second] = (await restoreAll(saves.operator, 'worlds', 'torn')).entries;
    assert.deepEqual(
      second?.inventories?.map(({ playerId, refused }) => [playerId, refused]),
      [
        ['eve', true],
        ['fay', undefined],
      ],
    );
    assert.equal((await saves.operator.getLease({ params: { kind: 'players', id: 'eve' } })).body.durableSeq, 2);
  });

  it('leaves an inventory alone whose writer has lost it', async () => {
    const { params, session } = await leased('lost', ['lea']);
    const given = { playerId: 'lea', seq: 7, data: {}, refused: true as const };
    const body = { epoch: 1, entries: [{ seq: 1, data: {}, inventories: [given] }] };
    assert.deepEqual((await session.appendEntries({ params, body })).body, { durableSeq: 1, inventories: {} });
    assert.deepEqual((await restoreAll(saves.operator, 'worlds', 'lost')).entries[0]?.inventories, [given]);
    assert.equal((await saves.operator.getLease({ params: { kind: 'players', id: 'lea' } })).body.durableSeq, 0);
  });

  it('is a trade where two inventories have shares of each other', async () => {
    const { session } = await leased('market', ['gus', 'hal']);
    const params = { kind: 'players' as const, id: 'gus' };
    const trade: JournalEntry = { seq: 1, data: { gives: 'axe' }, inventories: [{ playerId: 'hal', seq: 1, data: { gets: 'axe' } }] };
    await session.appendEntries({ params, body: { epoch: 1, epochs: { hal: 1 }, entries: [trade] } });
    assert.deepEqual((await restoreAll(saves.operator, 'players', 'hal')).entries, [{ seq: 1, data: { gets: 'axe' } }]);
    const own: JournalEntry = { seq: 2, data: {}, inventories: [{ playerId: 'gus', seq: 3, data: {} }] };
    await assert.rejects(session.appendEntries({ params, body: { epoch: 1, epochs: { gus: 1 }, entries: [own] } }), {
      code: 'share_of_itself',
    });
  });

  it('touches only inventories that are in the grant', async () => {
    const { session, params } = await leased('grant', ['ida']);
    await saves.operator.takeLease({ params: { kind: 'players', id: 'joe' }, body: { holder: newHolder() } });
    const body = { epoch: 1, epochs: { joe: 1 }, entries: [pickup(1, { joe: 1 })] };
    await assert.rejects(session.appendEntries({ params, body }), { kind: 'forbidden', code: 'not_in_grant' });
  });

  it('is whole, however sessions race for a player', async () => {
    const here = await leased('race-here', ['kim']);
    const there = newHolder();
    const session = await saves.session({ holder: there, players: ['kim'] });
    let fenced = false;
    let seq = 0;
    const writing = (async () => {
      let share = 0;
      while (seq < 60) {
        const answer = await here.append(pickup(seq + 1, { kim: share + 1 }));
        seq = answer.durableSeq;
        share += 1;
        fenced ||= answer.inventories?.['kim']?.fenced === true;
      }
    })();
    while (seq < 15) await Promise.race([writing, new Promise((resolve) => setTimeout(resolve, 5))]);
    await session.takeLease({ params: { kind: 'players', id: 'kim' }, body: { holder: there } });
    await writing;
    const { kept, refused } = await assertWhole(saves.operator, 'race-here', 'kim');
    assert.ok(fenced && kept >= 15 && refused > 0 && kept + refused === 60, `${kept} kept, ${refused} refused`);
  });
});

describe('saves, killed with kill -9 while entries with shares are appended', function () {
  this.timeout(600_000);
  const KILLS = 3;

  it('has each of them in both or in neither', async () => {
    const database = await freshDatabase();
    const issuer = await createTokenIssuer('https://issuer.test', ['operator']);
    const env = { MONGO_URL: database.url, MONGO_DATABASE: database.name };
    let saves = await startServiceProcess({ api: savesApi, trusted: [issuer.trusted], env });
    const token = await issuer.sign('olga', ['operator']);
    const holder = newHolder();
    for (const params of [
      { kind: 'worlds' as const, id: 'w' },
      { kind: 'players' as const, id: 'ann' },
    ])
      await saves.client(token).takeLease({ params, body: { holder } });

    let durable = 0;
    let [stop, paused] = [false, false];
    const writing = (async () => {
      while (!stop) {
        if (paused) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          continue;
        }
        const entries = [1, 2, 3].map((ahead) => pickup(durable + ahead, { ann: durable + ahead }));
        try {
          const call = { params: { kind: 'worlds' as const, id: 'w' }, body: { epoch: 1, epochs: { ann: 1 }, entries } };
          durable = (await saves.client(token).appendEntries(call, { timeoutMs: 15_000 })).body.durableSeq;
        } catch (error) {
          if (!(error instanceof AppError && error.retryable)) throw error;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    })();
    try {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const before = durable;
        while (durable < before + 9) await Promise.race([writing, new Promise((resolve) => setTimeout(resolve, 5))]);
        process.kill(saves.process.pid, 'SIGKILL');
        paused = true;
        saves = await saves.killAndRestart();
        // What the kill left half-way is seen before the writer mends it.
        await assertWhole(saves.client(token), 'w', 'ann');
        paused = false;
      }
    } finally {
      stop = true;
      await writing;
    }
    const { kept, refused } = await assertWhole(saves.client(token), 'w', 'ann');
    assert.deepEqual([kept >= KILLS * 9, refused], [true, 0]);
    await saves.stop();
    await database.close();
  });
});
