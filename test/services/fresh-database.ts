/** A database of its own, on the shared server of the test run or on a given one. */
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { testMongo } from '../../local/testing.ts';
import { connectMongo, type Mongo } from '../../runtime/documents/mongo.ts';

/** A machine that has other work may need long until its database answers for the first time. */
const PATIENCE_MS = 200_000;

export interface FreshDatabase extends Mongo {
  readonly url: string;
  readonly name: string;
}

export async function freshDatabase(given?: string): Promise<FreshDatabase> {
  const url = given ?? (await testMongo()).url;
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const mongo = await connectMongo(url, name, { patienceMs: PATIENCE_MS });
  return {
    ...mongo,
    url,
    name,
    close: async () => {
      await mongo.close();
      // Without a deadline: a large one takes its time, and nobody waits for it but the end of the tests.
      const cleaner = new MongoClient(url);
      await cleaner
        .db(name)
        .dropDatabase()
        .finally(() => cleaner.close());
    },
  };
}
