import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import { startMongo } from '../../local/mongo/start-mongo.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { testMongo, testStack } from '../../local/testing.ts';
import { documentsOf, ensureIndexes, type Documents } from '../../runtime/documents/collection.ts';
import { connectMongo, type Mongo } from '../../runtime/documents/mongo.ts';

const Account = z.object({
  _id: z.string(),
  owner: z.string(),
  count: z.int(),
  state: z.enum(['open', 'taken']),
  note: z.string().optional(),
});
type Account = z.infer<typeof Account>;

const fresh = (_id: string, change: Partial<Account> = {}): Account => ({ _id, owner: _id, count: 0, state: 'open', ...change });

describe('documents', function () {
  this.timeout(600_000);
  let mongo: Mongo;
  let accounts: Documents<Account>;

  before(async () => {
    mongo = await connectMongo((await testMongo()).url, `test-${randomUUID().slice(0, 8)}`);
    accounts = documentsOf(mongo.db, 'accounts', Account);
    await ensureIndexes(accounts, [{ key: { owner: 1 }, name: 'owner_once', unique: true }]);
  });
  after(async () => {
    await mongo.db.dropDatabase();
    await mongo.close();
  });

  it('are found by their id, listed in order and page, counted and removed', async () => {
    for (const id of ['list-a', 'list-b', 'list-c']) await accounts.insert(fresh(id, { note: 'listed' }));
    assert.deepEqual(await accounts.find('list-b'), fresh('list-b', { note: 'listed' }));
    assert.equal(await accounts.find('nobody'), undefined);
    const page = await accounts.list({ note: 'listed' }, { sort: { _id: -1 }, skip: 1, limit: 1 });
    assert.deepEqual(
      page.map(({ _id }) => _id),
      ['list-b'],
    );
    assert.equal(await accounts.count({ note: 'listed' }), 3);
    assert.equal(await accounts.remove({ note: 'listed' }), 3);
  });

  it('tell by which index one exists already', async () => {
    assert.deepEqual(await accounts.insert(fresh('dup', { owner: 'dup-owner' })), { inserted: true });
    const sameId = await accounts.insert(fresh('dup', { owner: 'another' }));
    assert.ok(!sameId.inserted);
    assert.match(sameId.index, /^_id_/);
    assert.deepEqual(await accounts.insert(fresh('dup-2', { owner: 'dup-owner' })), { inserted: false, index: 'owner_once' });
  });

  it('are made once when fifty make them at the same time', async () => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, nth) => accounts.insert(fresh('race-insert', { count: nth }))));
    assert.equal(outcomes.filter(({ inserted }) => inserted).length, 1);
    const winner = outcomes.findIndex(({ inserted }) => inserted);
    assert.equal((await accounts.find('race-insert'))?.count, winner);
  });

  it('change hands once when fifty reach for them at the same time', async () => {
    for (let round = 0; round < 5; round++) {
      const _id = `race-${round}`;
      await accounts.insert(fresh(_id));
      const take = (nth: number) => accounts.change({ _id, state: 'open' }, { $set: { state: 'taken', count: nth } });
      const won = await Promise.all(Array.from({ length: 50 }, (_, nth) => take(nth)));
      assert.equal(won.filter(Boolean).length, 1);
      assert.equal((await accounts.find(_id))?.count, won.indexOf(true));
    }
  });

  it('lose no change of fifty that add up by compare-and-set', async () => {
    await accounts.insert(fresh('sum'));
    const add = async (): Promise<void> => {
      const seen = (await accounts.find('sum'))?.count ?? -1;
      if (!(await accounts.change({ _id: 'sum', count: seen }, { $set: { count: seen + 1 } }))) await add();
    };
    await Promise.all(Array.from({ length: 20 }, add));
    assert.equal((await accounts.find('sum'))?.count, 20);
  });

  it('of another shape are a fault of ours, and say which kind of document', async () => {
    await mongo.db.collection<Account>('accounts').updateOne({ _id: 'sum' }, { $set: { state: JSON.parse('"odd"') } });
    await assert.rejects(accounts.find('sum'), { kind: 'internal', code: 'document_malformed', message: /accounts/ });
    await accounts.remove({ _id: 'sum' });
  });

  it('are known to be away within seconds of the kill of their database, and are back with all that was acknowledged', async () => {
    const stack = await testStack();
    const start = (port?: number) =>
      startMongo({
        ...stack,
        name: 'mongo-to-kill',
        folder: path.join(stack.folder, 'mongo-to-kill'),
        ...(port === undefined ? {} : { port }),
      });
    let running = await start();
    if (running.process === undefined) return; // a database that was given is not ours to kill
    const killed = await connectMongo(running.url, 'killed');
    const kept = documentsOf(killed.db, 'accounts', Account);
    for (let nth = 0; nth < 20; nth++) await kept.insert(fresh(`kept-${nth}`));
    const port = Number(new URL(running.url).port);
    process.kill(running.process.pid, 'SIGKILL');
    for (const work of [
      () => kept.find('kept-1'),
      () => kept.insert(fresh('lost')),
      () => kept.change({ _id: 'kept-1' }, { $inc: { count: 1 } }),
    ]) {
      const from = performance.now();
      await assert.rejects(work(), { kind: 'unavailable', code: 'database_unavailable', retryable: true });
      // Ten times what the driver waits for a database to be chosen.
      assert.ok(performance.now() - from < 30_000, `${performance.now() - from} ms`);
    }
    await running.stop();
    // Somebody who comes while it is away waits for it, and has a connection that is good for all that follows.
    const told: string[] = [];
    const early = connectMongo(running.url, 'killed', { log: { warn: (message) => void told.push(message) } });
    await waitUntil(() => told.length > 0, {
      what: 'it says what it waits for',
      deadlineMs: 150_000,
      signal: new AbortController().signal,
    });
    running = await start(port);
    const waited = await early;
    assert.equal(await documentsOf(waited.db, 'accounts', Account).count({}), 20);
    await waited.close();
    assert.deepEqual(told, ['waits for the database']);
    const back = await waitUntil(() => kept.count({}).catch(() => undefined), {
      what: 'the database is back',
      deadlineMs: 150_000,
      signal: new AbortController().signal,
    });
    assert.equal(back, 20);
    await killed.close();
    await running.stop();
  });
});
