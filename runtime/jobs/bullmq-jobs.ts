/**
 * Jobs on BullMQ: a hint whose turn it is, never the truth.
 *
 * Redis may be wiped or away at any time; whoever enqueues must be able to make the job again from the database, and a
 * handler must be safe to run twice. A key waits once at most: adding it again while it waits changes nothing, while it is
 * delayed brings it forward, and while it runs gives it one more turn afterwards, so that no news is missed.
 */
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { within } from '../deadline.ts';
import type { Log } from '../log.ts';
import { connectRedis, type RedisAccess } from './connect-redis.ts';

export interface JobsOptions extends RedisAccess {
  readonly prefix: string;
  readonly name: string;
  readonly log: Log;
}

export interface JobOptions {
  /** Milliseconds until it may run. */
  readonly delayMs?: number;
  /** Smaller runs first; 1 … 2 097 152. */
  readonly priority?: number;
}

export interface Jobs {
  /** Resolves false when Redis is away: the sweep makes the job again later. */
  add(key: string, options?: JobOptions): Promise<boolean>;
  /** How many wait, run, are delayed and so on; `undefined` while Redis is away. */
  counts(): Promise<Readonly<Record<string, number>> | undefined>;
  /** Starts taking jobs; the handler gets the key and an abort signal at close. */
  work(concurrency: number, handler: (key: string, signal: AbortSignal) => Promise<void>): void;
  close(): Promise<void>;
}

/** A job held by a process that died is given to another after at most this long. */
const LOCK_MS = 5_000;
const STALLED_CHECK_MS = 2_500;
/** Stalls are normal here (kills, pauses); the database bounds the tries, not the queue. */
const MAX_STALLS = 1_000_000;
/** An `add` gives up after this: the request path must not wait for Redis. */
const ADD_MS = 500;
/** Longest that the jobs that run may hold up the end. */
const CLOSE_MS = 3_000;

export function createJobs(options: JobsOptions): Jobs {
  const outage = createOutageLog(options.log, options.name);
  const connect = () => {
    const redis = connectRedis(options, { maxRetriesPerRequest: null, connectTimeout: 2_000 });
    redis.on('error', outage.seen);
    redis.on('ready', outage.over);
    return redis;
  };
  const client = connect();
  const queue = new Queue(options.name, { connection: client, prefix: options.prefix, skipWaitingForReady: true });
  queue.on('error', outage.seen);
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  const tracked = (job: Promise<void>) => {
    running.add(job);
    return job.finally(() => running.delete(job));
  };
  const workers: { worker: Worker; connection: Redis }[] = [];

  return {
    add: async (key, { delayMs = 0, priority = 0 } = {}) => {
      // While it is away nothing is lined up for its return: the database knows better then.
      if (client.status !== 'ready') return false;
      try {
        const deduplication = { id: jobIdOf(key), keepLastIfActive: true, reschedule: delayMs === 0 };
        const added = queue.add(key, {}, { deduplication, delay: delayMs, priority, removeOnComplete: true, removeOnFail: true });
        await within(ADD_MS, 'adding a job', added);
        return true;
      } catch (cause) {
        outage.seen(cause);
        return false;
      }
    },
    counts: async () => {
      if (client.status !== 'ready') return undefined;
      return within(ADD_MS, 'counting jobs', queue.getJobCounts()).catch(() => undefined);
    },
    work: (concurrency, handler) => {
      const connection = connect();
      const worker = new Worker(options.name, (job) => tracked(handler(job.name, closing.signal)), {
        connection,
        prefix: options.prefix,
        concurrency,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_CHECK_MS,
        maxStalledCount: MAX_STALLS,
        drainDelay: 5,
      });
      worker.on('error', outage.seen);
      worker.on('failed', (job, cause) =>
        options.log.warn('a job failed; the sweep will make it again', { queue: options.name, job: job?.name, cause }),
      );
      workers.push({ worker, connection });
    },
    close: async () => {
      closing.abort();
      for (const { worker } of workers) await within(CLOSE_MS, 'pausing a worker', worker.pause(true)).catch(() => {});
      // Ours to wait for: a worker that was asked to close gently cannot be made to hurry any more.
      await within(CLOSE_MS, 'ending the jobs', Promise.allSettled(running)).catch(() => {});
      for (const { worker, connection } of workers) {
        await within(CLOSE_MS, 'closing a worker', worker.close(true)).catch(() => {});
        connection.disconnect();
      }
      await within(1_000, 'closing a queue', queue.close()).catch(() => {});
      client.disconnect();
    },
  };
}

/** One id for one key; a colon divides the parts of BullMQ's own names. */
function jobIdOf(key: string): string {
  return `k-${encodeURIComponent(key)}`;
}

/** One warning per outage, not one per try. */
function createOutageLog(log: Log, queue: string): { seen: (cause: unknown) => void; over: () => void } {
  let away = false;
  return {
    seen: (cause) => {
      if (!away) log.warn('the queue is away; work goes on by the sweep', { queue, cause });
      away = true;
    },
    over: () => {
      if (away) log.info('the queue is back', { queue });
      away = false;
    },
  };
}
