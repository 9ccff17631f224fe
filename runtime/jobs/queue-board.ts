/**
 * BullMQ's own board as a router: what waits, runs and failed in our queues.
 *
 * It has a connection of its own that gives up at once: while Redis is away the board says so, and nothing waits for it.
 */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { Queue } from 'bullmq';
import express, { type Router } from 'express';
import { AppError } from '../../contracts/app-error.ts';
import type { Log } from '../log.ts';
import { connectRedis, type RedisAccess } from './connect-redis.ts';

export interface QueueBoardOptions extends RedisAccess {
  readonly prefix: string;
  /** Names of the queues. */
  readonly queues: readonly string[];
  readonly log: Log;
}

export interface QueueBoard {
  readonly router: Router;
  close(): Promise<void>;
}

const ANSWER_MS = 2_000;

/** @param at where the router will be mounted, as a browser sees it */
export function createQueueBoard({ prefix, queues, log, ...access }: QueueBoardOptions, at: string): QueueBoard {
  const redis = connectRedis(access, { maxRetriesPerRequest: 1, connectTimeout: ANSWER_MS, commandTimeout: ANSWER_MS });
  // The queue itself tells of outages; the board only must not end the process over one.
  redis.on('error', (cause) => log.debug('the board has lost the queue', { cause }));
  const shown = queues.map((name) => new Queue(name, { connection: redis, prefix, skipMetasUpdate: true }));
  for (const queue of shown) queue.on('error', (cause) => log.debug('the board has lost the queue', { cause }));

  const adapter = new ExpressAdapter();
  adapter.setBasePath(at);
  createBullBoard({
    // Jobs are hints that the database makes again: to look at, not to change by hand.
    queues: shown.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'LifeVerse queues' } },
  });
  const board: unknown = adapter.getRouter();
  if (!isHandler(board)) throw new AppError('internal', 'board_unfit', 'the board is no router');

  const router = express.Router();
  router.use('/api', (_request, _response, next) => {
    if (redis.status === 'ready') return next();
    next(
      new AppError('unavailable', 'queue_away', 'Redis does not answer: the queues cannot be shown; allocations go on without', {
        retryAfter: 1,
      }),
    );
  });
  router.use(board);
  return {
    router,
    close: async () => {
      await Promise.allSettled(shown.map((queue) => queue.close()));
      redis.disconnect();
    },
  };
}

function isHandler(board: unknown): board is express.RequestHandler {
  return typeof board === 'function';
}
