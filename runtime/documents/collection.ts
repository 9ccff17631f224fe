/**
 * Documents of one kind: parsed when read, changed by compare-and-set, their errors translated.
 *
 * MongoDB holds what a room wrote, maybe with an older build: a document that does not parse is a fault of ours
 * (`internal`), never silently passed on.
 */
import { MongoNetworkError, MongoOperationTimeoutError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import type { Collection, Db, Filter, IndexDescription, Sort, UpdateFilter } from 'mongodb';
import type { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';

/** Every document is known by a text that it was given, not by one that the database makes. */
export interface Kept {
  readonly _id: string;
}

export interface Documents<T extends Kept> {
  readonly name: string;
  find(id: string): Promise<T | undefined>;
  list(filter: Filter<T>, options?: { sort?: Sort; limit?: number; skip?: number }): Promise<T[]>;
  count(filter: Filter<T>): Promise<number>;
  /** `taken`: a document with this id, or with one of its unique values, exists; `index` says which index objects. */
  insert(document: T): Promise<{ inserted: true } | { inserted: false; index: string }>;
  /** Compare-and-set on one document: true when `filter` still held and `update` was written. */
  change(filter: Filter<T>, update: UpdateFilter<T>): Promise<boolean>;
  remove(filter: Filter<T>): Promise<number>;
  /** For what these few verbs do not say. Errors still have to be translated: wrap the call in `translated`. */
  readonly raw: Collection<T>;
}

export function documentsOf<T extends Kept>(db: Db, name: string, schema: z.ZodType<T>): Documents<T> {
  const raw = db.collection<T>(name);
  const parse = (stored: unknown): T => {
    const parsed = schema.safeParse(stored);
    if (parsed.success) return parsed.data;
    throw new AppError('internal', 'document_malformed', `a document of ${name} has another shape than this build knows`, {
      cause: parsed.error,
    });
  };
  const byId = (id: string) => ({ _id: id }) as Filter<T>;
  return {
    name,
    raw,
    find: (id) =>
      translated(async () => {
        const found = await raw.findOne(byId(id));
        return found === null ? undefined : parse(found);
      }),
    list: (filter, options = {}) =>
      translated(async () => {
        const cursor = raw.find(filter);
        if (options.sort !== undefined) cursor.sort(options.sort);
        if (options.skip !== undefined) cursor.skip(options.skip);
        return (await cursor.limit(options.limit ?? 1_000).toArray()).map(parse);
      }),
    count: (filter) => translated(() => raw.countDocuments(filter)),
    insert: (document) =>
      translated(async () => {
        try {
          await raw.insertOne(document as Parameters<typeof raw.insertOne>[0]);
          return { inserted: true };
        } catch (cause) {
          const index = duplicateIndex(cause);
          if (index === undefined) throw cause;
          return { inserted: false, index };
        }
      }),
    change: (filter, update) => translated(async () => (await raw.updateOne(filter, update)).matchedCount === 1),
    remove: (filter) => translated(async () => (await raw.deleteMany(filter)).deletedCount),
  };
}

const INDEX_TRIES = 3;

/**
 * Makes what is missing; an index that exists with other options is a fault that names itself. A database that is too busy to answer in time is
 * asked again, which makes nothing twice: a process that starts must not end of it.
 */
export async function ensureIndexes<T extends Kept>(documents: Documents<T>, indexes: readonly IndexDescription[]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await translated(() => documents.raw.createIndexes([...indexes]));
      return;
    } catch (cause) {
      const isAway = cause instanceof AppError && cause.kind === 'unavailable';
      if (!isAway || tries >= INDEX_TRIES) throw cause;
    }
  }
}

const DUPLICATE_KEY = 11_000;

/** The index that a write ran against, as the server's message names it; `undefined` for any other error. */
export function duplicateIndex(cause: unknown): string | undefined {
  if (!(cause instanceof MongoServerError) || cause.code !== DUPLICATE_KEY) return undefined;
  return /index:\s+(\S+)/.exec(cause.message)?.[1] ?? 'unknown';
}

/** Runs database work and gives its failures our kinds. */
export async function translated<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (cause) {
    throw translateMongoError(cause);
  }
}

export function translateMongoError(cause: unknown): unknown {
  if (cause instanceof AppError || !(cause instanceof Error)) return cause;
  if (isAway(cause))
    return new AppError('unavailable', 'database_unavailable', 'the database does not answer; ask again', { cause, retryAfter: 1 });
  return cause;
}

/** Codes with which a server says that it cannot now: stepping down, shutting down, not primary, out of time. */
const AWAY_CODES = new Set([6, 7, 50, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436]);

function isAway(cause: Error): boolean {
  if (cause instanceof MongoServerError) return typeof cause.code === 'number' && AWAY_CODES.has(cause.code);
  return (
    cause instanceof MongoNetworkError ||
    cause instanceof MongoServerSelectionError ||
    cause instanceof MongoOperationTimeoutError ||
    [
      'MongoPoolClearedError',
      'MongoNotConnectedError',
      'MongoTopologyClosedError',
      'MongoWaitQueueTimeoutError',
      'MongoExpiredSessionError',
      'MongoClientClosedError',
    ].includes(cause.name)
  );
}
