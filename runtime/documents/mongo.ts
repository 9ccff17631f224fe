/** The connection to MongoDB, with the deadlines and guarantees that all rooms rely on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient, MongoNetworkError, MongoServerSelectionError, type Db } from 'mongodb';
import type { Log } from '../log.ts';

export interface Mongo {
  readonly db: Db;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** PEM certificates that the database's own is checked by. */
  readonly caFile?: string | undefined;
  readonly patienceMs?: number;
  /** Hears once that the database is waited for. */
  readonly log?: Pick<Log, 'warn'>;
}

/**
 * Longest that the server may leave one try of an operation without an answer, in milliseconds. The driver tries once more where
 * that is safe. (Its `timeoutMS`, one deadline over all tries, has no effect from driver 7.9 on.)
 */
const OPERATION_MS = 5_000;

/** A process that starts beside its database, or before it, waits so long for it: less than Kubernetes gives it to start. Milliseconds. */
const FIRST_MS = 40_000;
/** Polled: nobody tells us that it is there now. */
const AGAIN_MS = 200;

/**
 * Majority writes, majority reads from the primary: what was acknowledged is not lost and not read back in time.
 *
 * Waits for the database until it is connected. The driver connects a client by itself at its first operation, but one try only: where that
 * fails, each operation from then on fails as well, for as long as the client lives.
 * @throws what kept it from being connected in time
 */
export async function connectMongo(url: string, database: string, options: ConnectOptions = {}): Promise<Mongo> {
  const { caFile, patienceMs = FIRST_MS, log } = options;
  const client = clientFor(url, caFile);
  const end = performance.now() + patienceMs;
  let told = false;
  for (;;) {
    try {
      await client.connect();
      break;
    } catch (cause) {
      const isAway = cause instanceof MongoServerSelectionError || cause instanceof MongoNetworkError;
      if (!isAway || performance.now() > end) {
        await client.close(true);
        throw cause;
      }
      if (!told) log?.warn('waits for the database', { forSeconds: patienceMs / 1_000, cause });
      told = true;
      await sleep(AGAIN_MS);
    }
  }
  const db = client.db(database);
  return {
    db,
    ping: async () => void (await db.command({ ping: 1 })),
    close: () => client.close(true),
  };
}

function clientFor(url: string, caFile: string | undefined): MongoClient {
  return new MongoClient(url, {
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
}
