/** Redis as a process of its own: on a free loopback port, over TLS where the server was built with it. */
import { mkdir, readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { freePort } from '../processes/free-port.ts';
import type { KeptProcess, ProcessKeeper } from '../processes/process-keeper.ts';
import { waitUntil } from '../processes/wait-until.ts';
import type { LocalAuthority } from '../tls/local-authority.ts';
import { obtainParts } from '../parts/obtain-parts.ts';
import type { Surroundings } from '../parts/part.ts';
import { isDebianRoot } from '../parts/debian-package.ts';
import { redisPart } from '../parts/redis-part.ts';

export interface StartOptions {
  /** For the process and its files; unique in the stack. */
  readonly name: string;
  readonly folder: string;
  readonly around: Surroundings;
  readonly keeper: ProcessKeeper;
  readonly authority: LocalAuthority;
  readonly port?: number;
}

export interface RunningRedis {
  /** `rediss:` means TLS, with a certificate of `caFile`. */
  readonly url: string;
  /** Undefined for a Redis that was given. */
  readonly caFile: string | undefined;
  readonly process: KeptProcess | undefined;
  stop(): Promise<void>;
}

/** A Redis that was given (`REDIS_URL`) is used as it is and never stopped. */
export async function startRedis(options: StartOptions): Promise<RunningRedis> {
  const given = options.around.env['REDIS_URL'];
  if (given !== undefined && given !== '') return { url: given, caFile: undefined, process: undefined, stop: () => Promise.resolve() };
  const [server] = await obtainParts([redisPart(isDebianRoot())], options.around);
  if (server === undefined) throw new Error('No Redis server was obtained');
  const port = options.port ?? (await freePort());
  await mkdir(options.folder, { recursive: true });
  return (await startOnce(server, port, true, options)) ?? (await startPlain(server, port, options));
}

async function startPlain(server: string, port: number, options: StartOptions): Promise<RunningRedis> {
  const started = await startOnce(server, port, false, options);
  if (started === undefined) throw new Error(`${server} has ended while starting`);
  return started;
}

/** @returns undefined when this server was built without TLS and TLS was asked for. */
async function startOnce(server: string, port: number, tls: boolean, options: StartOptions): Promise<RunningRedis | undefined> {
  const certificate = await options.authority.issue({
    name: options.name,
    commonName: options.name,
    use: 'server',
  });
  const listen = tls
    ? [
        '--port',
        '0',
        '--tls-port',
        String(port),
        '--tls-auth-clients',
        'no',
        '--tls-cert-file',
        certificate.certFile,
        '--tls-key-file',
        certificate.keyFile,
        '--tls-ca-cert-file',
        options.authority.caFile,
      ]
    : ['--port', String(port)];
  const kept = await options.keeper.start({
    name: options.name,
    command: server,
    args: [
      ...listen,
      '--bind',
      '127.0.0.1',
      '--dir',
      options.folder,
      '--appendonly',
      'yes',
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ],
  });
  const url = `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`;
  const caFile = tls ? options.authority.caFile : undefined;
  try {
    await waitUntil(async () => kept.end !== undefined || (await answers(url, caFile)), {
      what: `${options.name} answers`,
      deadlineMs: 20_000,
      signal: options.around.signal,
    });
  } catch (error) {
    await kept.stop();
    throw error;
  }
  if (kept.end === undefined) return { url, caFile, process: kept, stop: () => kept.stop() };
  const log = await readFile(kept.logFile, 'utf8');
  if (tls && /TLS support|Bad directive|bad config/i.test(log)) return undefined;
  throw new Error(`${server} has ended while starting:\n${log.trimEnd().split('\n').slice(-5).join('\n')}`);
}

async function answers(url: string, caFile: string | undefined): Promise<boolean> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 1_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    ...(caFile === undefined ? {} : { tls: { ca: await readFile(caFile) } }),
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}
