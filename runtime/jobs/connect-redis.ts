/** A connection to Redis, as all of ours are made; what BullMQ duplicates of one is made in the same way. */
import { Redis, type RedisOptions } from 'ioredis';
import { readFileSync } from 'node:fs';
import type { GoogleToken } from '../google/google-token.ts';
import { tokenConnector } from './token-connector.ts';

export interface RedisAccess {
  readonly url: string;
  /** PEM certificates that its own is checked by. */
  readonly caFile?: string | undefined;
  /** Without it: the user and password that the URL names, if any. */
  readonly login?: RedisLogin | undefined;
}

/** By short-lived tokens, as Memorystore with IAM authentication asks: each connection shows the newest one when it is opened. */
export interface RedisLogin {
  readonly token: GoogleToken;
  /** From 0 up to 1, another one each time. */
  readonly luck: () => number;
}

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 1_000;
/** Google's IAM is asked about every new connection, and slows down whoever opens many. */
const LONGEST_LOGIN_RETRY_MS = 5_000;
/** ioredis sends the command again once it has a new connection: nothing was done of what was refused so. */
const RECONNECT_AND_SEND_AGAIN = 2;

type Waits = Pick<RedisOptions, 'maxRetriesPerRequest' | 'connectTimeout' | 'commandTimeout'>;

export function connectRedis({ url, caFile, login }: RedisAccess, waits: Waits): Redis {
  return new Redis(url, {
    ...(caFile === undefined || !url.startsWith('rediss:') ? {} : { tls: { ca: readFileSync(caFile, 'utf8') } }),
    ...(login === undefined ? { retryStrategy: (times: number) => backOff(times, LONGEST_RETRY_MS) } : byToken(login)),
    ...waits,
  });
}

function byToken({ token, luck }: RedisLogin): Pick<RedisOptions, 'Connector' | 'retryStrategy' | 'reconnectOnError'> {
  return {
    Connector: tokenConnector(token),
    // Many connections of many pods, all cut off by one failover, do not come back in step.
    retryStrategy: (times) => backOff(times, LONGEST_LOGIN_RETRY_MS) * (0.5 + luck() / 2),
    // A token's end cuts off nobody. A connection whose login has ended for another reason (12 hours, says one page of Google's) is replaced.
    reconnectOnError: ({ message }) => (message.startsWith('NOAUTH') ? RECONNECT_AND_SEND_AGAIN : false),
  };
}

function backOff(times: number, longestMs: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** (times - 1), longestMs);
}
