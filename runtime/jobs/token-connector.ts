/**
 * Opens a connection to Redis and logs in on it by a token, before ioredis gets it.
 *
 *   TCP, TLS  ─▶  AUTH default TOKEN  ─▶  +OK  ─▶  ioredis: HELLO, INFO, commands
 *
 * ioredis itself takes a password once, when a client is made; and it keeps the whole login in the error of a refused one, from where it
 * would reach the log. Its connector is asked at each connect, and handed on to every duplicate that BullMQ makes.
 * The login's rules: https://cloud.google.com/memorystore/docs/valkey/about-iam-auth and …/manage-iam-auth
 */
import { AbstractConnector, type RedisOptions } from 'ioredis';
import { connect as connectPlain, Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { z } from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import type { GoogleToken } from '../google/google-token.ts';

type Connector = NonNullable<RedisOptions['Connector']>;

/** Of the options that ioredis gives its connector, those that matter here. `tls` is true where the URL alone asks for it. */
const Target = z.object({
  host: z.string(),
  port: z.int(),
  family: z.number().optional(),
  tls: z.union([z.literal(true), z.custom<ConnectionOptions>((value) => typeof value === 'object')]).optional(),
  connectTimeout: z.number(),
  disconnectTimeout: z.number(),
});
type Target = z.infer<typeof Target>;

/** The only user that Memorystore knows; who somebody is stands in the token. */
const USER = 'default';
const ROLE = 'roles/memorystore.dbConnectionUser';
/** IAM is asked meanwhile. */
const LOGIN_MS = 5_000;

export function tokenConnector(token: GoogleToken): Connector {
  return class TokenConnector extends AbstractConnector {
    readonly #target: Target;
    #refused: string | undefined;

    constructor(options: unknown) {
      const target = Target.parse(options);
      super(target.disconnectTimeout);
      this.#target = target;
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      try {
        const shown = await token(this.#refused).catch(noToken);
        if (!this.connecting) throw new Error('the connection was given up before it was open');
        this.stream = dial(this.#target);
        const answer = await logIn(this.stream, shown, this.#target);
        this.#refused = isRefusal(answer) ? shown : undefined;
        if (answer !== '+OK') throw refusal(answer);
        return this.stream;
      } catch (cause) {
        this.firstError = cause instanceof Error ? cause : new Error(String(cause));
        // A connector that rejects ends its client for good. A stream that is closed already is tried again, by the retry strategy.
        return (this.stream ?? new Socket()).destroy();
      }
    }
  };
}

function dial({ host, port, family, tls }: Target): Socket {
  const to = { host, port, ...(family === undefined ? {} : { family }) };
  const stream = tls === undefined ? connectPlain(to) : connectTls({ ...to, ...(tls === true ? {} : tls) });
  // For the moments in which nobody else listens: an error that nobody hears ends the process.
  return stream.on('error', () => {});
}

/** @returns the line that Redis answers. @throws Error when it does not. */
async function logIn(stream: Socket, shown: string, { tls, connectTimeout }: Target): Promise<string> {
  const { promise: answer, resolve, reject } = Promise.withResolvers<string>();
  let heard = '';
  const hear = (piece: Buffer) => {
    heard += piece.toString('latin1');
    if (heard.includes('\r\n')) resolve(heard.slice(0, heard.indexOf('\r\n')));
  };
  const tooLate = () => stream.destroy(new Error('Redis did not answer the login in time'));
  const ended = () => reject(new Error('Redis closed the connection before it was open'));
  stream.on('data', hear).once('error', reject).once('close', ended);
  stream.setTimeout(connectTimeout, tooLate);
  stream.once(tls === undefined ? 'connect' : 'secureConnect', () => {
    stream.setTimeout(LOGIN_MS);
    stream.write(command('AUTH', USER, shown));
  });
  try {
    return await answer;
  } finally {
    // From here on it is ioredis that listens, and that begins it.
    stream.off('data', hear).off('error', reject).off('close', ended).pause();
    stream.setTimeout(0, tooLate);
  }
}

/** In Redis' own protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function command(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

function isRefusal(answer: string): boolean {
  return /^-(WRONGPASS|NOAUTH)\b/.test(answer);
}

function refusal(answer: string): AppError {
  // Behind a quotation mark Redis repeats what it was sent.
  const said = /^-?([^'"`]*)/.exec(answer)?.[1]?.slice(0, 200).trim();
  return isRefusal(answer)
    ? new AppError('unavailable', 'redis_token_refused', `Redis refuses the token of this pod’s Google identity; has it ${ROLE}? ${said}`)
    : new AppError('unavailable', 'redis_login_failed', `Redis lets nobody in: ${said}`);
}

function noToken(cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  throw new AppError('unavailable', 'redis_credentials', `the Google identity of this pod gives no credentials: ${why}`, { cause });
}
