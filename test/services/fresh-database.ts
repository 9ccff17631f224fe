/** A database of its own, on the shared server of the test run or on a given one. */
import { randomUUID } from 'node:crypto';
import { testMongo } from '../../local/testing.ts';
import { openMongo, type Mongo } from '../../runtime/documents/mongo.ts';

export interface FreshDatabase extends Mongo {
  readonly url: string;
  readonly name: string;
}

export async function freshDatabase(given?: string): Promise<FreshDatabase> {
  const url = given ?? (await testMongo()).url;
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const mongo = openMongo(url, name);
  return {
    ...mongo,
    url,
    name,
    close: async () => {
      await mongo.db.dropDatabase();
      await mongo.close();
    },
  };
}
