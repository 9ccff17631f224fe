/**
 * Jobs on BullMQ: a hint whose turn it is, never the truth.
 *
 * Redis may be wiped or away at any time; whoever enqueues must be able to make the job again from the database, and a
 * handler must be safe to run twice. Adding a job that waits already changes nothing.
 */
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { readFileSync } from 'node:fs';
import { within } from '../deadline.ts';
import type { Log } from '../log.ts';

export interface JobsOptions {
  readonly url: string;
  readonly prefix: string;
  readonly name: string;
  readonly log: Log;
  readonly caFile?: string | undefined;
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
  /** Starts taking jobs; the handler gets the key and an abort signal at close. */
  work(concurrency: number, handler: (key: string) => Promise<void>): void;
  close(): Promise<void>;
}

/** A job held by a process that died is given to another after at most this long. */
const LOCK_MS = 5_000;
const STALLED_CHECK_MS = 2_500;
/** Stalls are normal here (kills, pauses); the database bounds the tries, not the queue. */
const MAX_STALLS = 1_000_000;
/** An `add` gives up after this: the request path must not wait for Redis. */
const ADD_MS = 500;

export function createJobs(options: JobsOptions): Jobs {
  const outage = createOutageLog(options.log, options.name);
  const connect = (blocking: boolean) => {
    const ca =
      options.caFile === undefined || !options.url.startsWith('rediss:') ? {} : { tls: { ca: readFileSync(options.caFile, 'utf8') } };
    const redis = new Redis(options.url, {
      ...ca,
      maxRetriesPerRequest: null,
      enableOfflineQueue: blocking,
      connectTimeout: 2_000,
      retryStrategy: (times) => Math.min(50 * 2 ** times, 1_000),
    });
    redis.on('error', outage.seen);
    redis.on('ready', outage.over);
    return redis;
  };
  const client = connect(false);
  const queue = new Queue(options.name, { connection: client, prefix: options.prefix, skipWaitingForReady: true });
  queue.on('error', outage.seen);
  const workers: { worker: Worker; connection: Redis }[] = [];

  return {
    add: async (key, { delayMs = 0, priority = 0 } = {}) => {
      try {
        await within(
          ADD_MS,
          'adding a job',
          queue.add(key, {}, { jobId: jobIdOf(key), delay: delayMs, priority, removeOnComplete: true, removeOnFail: true }),
        );
        return true;
      } catch (cause) {
        outage.seen(cause);
        return false;
      }
    },
    work: (concurrency, handler) => {
      const connection = connect(true);
      const worker = new Worker(options.name, (job) => handler(job.name), {
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
      for (const { worker, connection } of workers) {
        await within(3_000, 'closing a worker', worker.close()).catch(() => worker.close(true));
        connection.disconnect();
      }
      await within(1_000, 'closing a queue', queue.close()).catch(() => {});
      client.disconnect();
    },
  };
}

/** BullMQ refuses ids that are whole numbers or have a colon. */
export function jobIdOf(key: string): string {
  return `k-${key.replaceAll(':', '_')}`;
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
