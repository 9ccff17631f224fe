import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { openLeases, whileLeased } from '../../runtime/documents/leases.ts';
import { connectMongo, type Mongo } from '../../runtime/documents/mongo.ts';
import { SILENT_LOG } from '../../runtime/log.ts';
import { freshDatabase } from '../services/fresh-database.ts';

describe('A lease', function () {
  this.timeout(300_000);
  let mongo: Mongo;
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  before(async () => {
    database = await freshDatabase();
    mongo = await connectMongo(database.url, database.name);
  });
  after(async () => {
    await mongo.close();
    await database.close();
  });

  it('is held by one of those who race for it, and counts its epoch up when it changes hands', async () => {
    let now = 0;
    const racers = Array.from({ length: 20 }, (_, nth) => openLeases(mongo.db, `racer-${nth}`, () => now));
    const first = await Promise.all(racers.map((leases) => leases.hold('race', 1_000)));
    assert.deepEqual(
      first.filter((epoch) => epoch !== undefined),
      [1],
    );
    // The present holder races for it as well, since it may prolong it: of it and those who take it over, one may believe that it holds it.
    for (let round = 0; round < 20; round += 1) {
      now += 1_001;
      const won = (await Promise.all(racers.map((leases) => leases.hold('race', 1_000)))).filter((epoch) => epoch !== undefined);
      assert.equal(won.length, 1, `round ${round}: ${won.join(', ')}`);
    }
  });

  it('cannot be prolonged once another has it', async () => {
    let now = 0;
    const [one, other] = ['one', 'other'].map((holder) => openLeases(mongo.db, holder, () => now));
    assert.ok(one && other);
    assert.equal(await one.hold('passed-on', 1_000), 1);
    assert.equal(await one.hold('passed-on', 1_000), 1);
    assert.equal(await other.hold('passed-on', 1_000), undefined);
    now = 1_001;
    assert.equal(await other.hold('passed-on', 1_000), 2);
    assert.equal(await one.hold('passed-on', 1_000), undefined);
    await other.letGo('passed-on');
    assert.equal(await one.hold('passed-on', 1_000), 3);
  });

  it('is read together with those that are asked for at the same time', async () => {
    let reads = 0;
    const leasesOf = (name: string) => {
      const collection = mongo.db.collection(name);
      const find = collection.find.bind(collection);
      return Object.assign(collection, { find: (...asked: Parameters<typeof find>) => ((reads += 1), find(...asked)) });
    };
    const leases = openLeases(Object.create(mongo.db, { collection: { value: leasesOf } }) as Db, 'one', () => 0);
    const hold = () => Promise.all(['drain', 'reconcile', 'scale'].map((name) => leases.hold(`together-${name}`, 1_000)));
    assert.deepEqual([await hold(), reads], [[1, 1, 1], 1]);
    assert.deepEqual([await hold(), reads], [[1, 1, 1], 2]);
    assert.equal(await openLeases(mongo.db, 'other', () => 0).hold('together-scale', 1_000), undefined);
  });

  it('lets one do the work at a time, and the next as soon as it is given up', async () => {
    let running = 0;
    let most = 0;
    const epochs: number[] = [];
    const begin = (holder: string) => {
      const stop = new AbortController();
      const leases = openLeases(mongo.db, holder, Date.now);
      const done = whileLeased(leases, 'work', SILENT_LOG, stop.signal, async ({ epoch, signal }) => {
        epochs.push(epoch);
        most = Math.max(most, (running += 1));
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        running -= 1;
      });
      return { end: async () => (stop.abort(), done) };
    };
    const workers = [begin('worker-a'), begin('worker-b')];
    while (epochs.length === 0) await sleep(20);
    for (const worker of workers) {
      await worker.end();
      if (worker === workers[0]) while (running === 0) await sleep(20);
    }
    assert.equal(most, 1);
    assert.ok(epochs.length >= 1);
  });

  it('is given up by a holder that is not answered any more, before it ends for the others', async () => {
    const stop = new AbortController();
    const leases = openLeases(mongo.db, 'unheard', Date.now);
    let asked = 0;
    // A database that keeps its connections and says nothing.
    const hold: typeof leases.hold = (name, ms) => ((asked += 1) === 1 ? leases.hold(name, ms) : new Promise(() => {}));
    const givenUp = Promise.withResolvers<Date>();
    const done = whileLeased({ ...leases, hold }, 'silence', SILENT_LOG, stop.signal, async ({ signal }) => {
      await once(signal, 'abort');
      givenUp.resolve(new Date());
    });
    const at = await givenUp.promise;
    const kept = await mongo.db.collection<{ _id: string; until: Date }>('leases').findOne({ _id: 'silence' });
    assert.ok(kept && at < kept.until, `given up at ${at.toISOString()}, for the others it ends at ${kept?.until.toISOString()}`);
    stop.abort();
    // It is still asking for the lease, and nobody will ever answer.
    await Promise.race([done, sleep(50)]);
  });
});
