/** The connection to MongoDB, with the deadlines and guarantees that all rooms rely on. */
import { MongoClient, type Db } from 'mongodb';

export interface Mongo {
  readonly db: Db;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Longest that the server may leave one try of an operation without an answer, in milliseconds. The driver tries once more where
 * that is safe. (Its `timeoutMS`, one deadline over all tries, has no effect from driver 7.9 on.)
 */
const OPERATION_MS = 5_000;

/** Majority writes, majority reads from the primary: what was acknowledged is not lost and not read back in time. */
export function openMongo(url: string, database: string, caFile?: string): Mongo {
  const client = new MongoClient(url, {
    w: 'majority',
    journal: true,
    readConcernLevel: 'majority',
    readPreference: 'primary',
    retryWrites: true,
    serverSelectionTimeoutMS: 3_000,
    connectTimeoutMS: 3_000,
    socketTimeoutMS: OPERATION_MS,
    waitQueueTimeoutMS: OPERATION_MS,
    maxPoolSize: 50,
    ignoreUndefined: true,
    ...(caFile === undefined || !/[?&](tls|ssl)=true/.test(url) ? {} : { tlsCAFile: caFile }),
  });
  const db = client.db(database);
  return {
    db,
    ping: async () => void (await db.command({ ping: 1 })),
    close: () => client.close(true),
  };
}
