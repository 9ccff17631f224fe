import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import type { Send } from '../../contracts/client.ts';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { testRedis } from '../../local/testing.ts';
import { googleToken } from '../../runtime/google/google-token.ts';
import { createHttpSend, type HttpSend } from '../../runtime/http-send.ts';
import { createJobs, type Jobs } from '../../runtime/jobs/bullmq-jobs.ts';
import { connectRedis, type RedisAccess } from '../../runtime/jobs/connect-redis.ts';
import type { Log, LogFields } from '../../runtime/log.ts';
import { redact } from '../../runtime/redact.ts';
import { startGoogleMetadata, type GoogleMetadata } from './google-metadata.ts';
import { startTokenRedis, type TokenRedis } from './token-redis.ts';

/** Seconds, as GKE gives them. */
const HOUR = 3_599;
const DEADLINE_MS = 60_000;

const soon = (what: string, holds: () => boolean | Promise<boolean>) =>
  waitUntil(async () => holds(), { what, deadlineMs: DEADLINE_MS, signal: new AbortController().signal });

describe('jobs on a Redis that takes tokens', function () {
  this.timeout(3 * DEADLINE_MS);
  let redis: TokenRedis;
  let metadata: GoogleMetadata;
  let http: HttpSend;
  let clock = 0;
  let lines: string[] = [];
  let issued = 0;
  /** Of a length that Google's have, and another one each time. */
  let secret = '';
  const open: { close(): Promise<void> }[] = [];

  before(async () => {
    redis = await startTokenRedis();
    metadata = await startGoogleMetadata({ token: '', expiresIn: HOUR });
    http = createHttpSend();
  });
  beforeEach(async () => {
    clock = 0;
    lines = [];
    secret = nextToken();
    metadata.answer({ token: secret, expiresIn: HOUR });
    await redis.take(secret);
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
    assert.doesNotMatch(lines.join('\n'), /ya29/, 'a token is in the log');
  });
  after(async () => {
    await metadata.kill();
    await http.close();
    await redis.stop();
  });

  /** A busy machine may keep an answer back, which is not what is looked for here. */
  const patiently: Send = (request) => http.send({ ...request, timeoutMs: DEADLINE_MS });
  const nextToken = () => `ya29.c.${'x'.repeat(200)}-${++issued}`;
  const write = (level: string) => (message: string, fields: LogFields) =>
    void lines.push(JSON.stringify(redact({ level, message, ...fields })));
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), with: () => log };
  const access = (url = redis.url): RedisAccess => ({
    url,
    caFile: redis.caFile,
    login: { token: googleToken({ host: metadata.host, send: patiently, now: () => clock }), luck: () => 0 },
  });
  const opened = (to = access()): { jobs: Jobs; ran: Set<string> } => {
    const jobs = createJobs({ ...to, prefix: randomUUID(), name: 'turns', log });
    open.push(jobs);
    const ran = new Set<string>();
    jobs.work(2, async (key) => void ran.add(key));
    return { jobs, ran };
  };
  const runs = ({ jobs, ran }: ReturnType<typeof opened>, key: string) =>
    soon(`${key} runs`, async () => {
      await jobs.add(key);
      return ran.has(key);
    });
  const warnings = () => lines.filter((line) => line.includes('"warn"'));

  it('enter with the newest one at each connect, on every connection that BullMQ opens, and stay in when it ends', async () => {
    const [asked, refused] = [metadata.asked(), await redis.refused()];
    const queue = opened();
    await runs(queue, 'by the first');
    await soon('queue, worker and who waits for it are in', async () => (await redis.inside()) === 3);
    const next = nextToken();
    metadata.answer({ token: next, expiresIn: HOUR });
    clock += HOUR * 1_000;
    await redis.take(next);
    await runs(queue, 'after its end');
    assert.equal(metadata.asked() - asked, 1, 'nobody needs the next one yet');
    await redis.cut();
    await runs(queue, 'by the next');
    await soon('all are in again', async () => (await redis.inside()) === 3);
    assert.equal(metadata.asked() - asked, 2, 'one for all');
    assert.equal(await redis.refused(), refused, 'the first is not shown again');
  });

  it('drop one that is refused before its end, and ask for another', async () => {
    const queue = opened();
    await runs(queue, 'by the first');
    const [asked, refused] = [metadata.asked(), await redis.refused()];
    const next = nextToken();
    metadata.answer({ token: next, expiresIn: HOUR });
    await redis.take(next);
    await redis.cut();
    await runs(queue, 'by the next');
    assert.ok((await redis.refused()) > refused);
    assert.ok(metadata.asked() > asked);
  });

  it('say once why nobody is let in, add nothing meanwhile, and go on when somebody is', async () => {
    await redis.take(nextToken());
    const queue = opened();
    await soon('it is said', () => warnings().length > 0);
    assert.match(warnings().join('\n'), /"code":"redis_token_refused".*roles\/memorystore\.dbConnectionUser.*WRONGPASS/);
    const refused = await redis.refused();
    await soon('it is tried again', async () => (await redis.refused()) > refused + 3);
    assert.equal(await queue.jobs.add('while-outside'), false);
    assert.equal(await queue.jobs.counts(), undefined);
    assert.equal(warnings().length, 1);
    await redis.take(secret);
    await runs(queue, 'inside');
    assert.match(lines.at(-1) ?? '', /the queue is back/);
  });

  it('wait for a metadata server that is away, and for one that is slow', async () => {
    await metadata.kill();
    const queue = opened();
    await soon('it is said', () => warnings().length > 0);
    assert.match(warnings().join('\n'), /"code":"redis_credentials".*the Google identity of this pod gives no credentials/);
    assert.equal(await queue.jobs.add('while-away'), false);
    metadata.answer({ token: secret, expiresIn: HOUR, silent: true });
    const asked = metadata.asked();
    await metadata.restart();
    await soon('it is asked', () => metadata.asked() > asked);
    assert.equal(await queue.jobs.add('while-silent'), false);
    metadata.answer({ token: secret, expiresIn: HOUR });
    await runs(queue, 'inside');
    assert.equal(warnings().length, 1);
  });

  it('can be ended while the metadata server keeps them waiting', async () => {
    metadata.answer({ token: secret, expiresIn: HOUR, silent: true });
    const asked = metadata.asked();
    const { jobs } = opened();
    await soon('it is asked', () => metadata.asked() > asked);
    await jobs.close();
    metadata.answer({ token: secret, expiresIn: HOUR });
    await soon('nobody is in', async () => (await redis.inside()) === 0);
  });

  it('enter anew when a connection’s login has ended, and send again what was refused so', async () => {
    const connection = connectRedis(access(), { maxRetriesPerRequest: null });
    open.push({ close: async () => connection.disconnect() });
    await connection.set('key', 'value');
    // De-authenticates, as Redis has it.
    await connection.call('RESET');
    assert.equal(await connection.get('key'), 'value');
  });

  it('enter a Redis that asks for nothing, too', async () => {
    const { url, caFile } = await testRedis();
    await runs(opened({ ...access(url), caFile }), 'without being asked');
  });

  it('tell nothing of what Redis repeats of their login', async () => {
    const confused = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (sent) =>
        socket.end(`-ERR unknown command 'AUTH', with args beginning with: '${String(sent).split('\r\n').at(-2)}'\r\n`),
      );
    });
    await new Promise<void>((resolve) => confused.listen(0, '127.0.0.1', resolve));
    open.push({ close: () => new Promise((resolve) => confused.close(() => resolve())) });
    open.unshift(opened(access(`redis://127.0.0.1:${(confused.address() as AddressInfo).port}`)).jobs);
    await soon('it is said', () => warnings().length > 0);
    assert.match(warnings().join('\n'), /"code":"redis_login_failed".*ERR unknown command/);
  });
});
