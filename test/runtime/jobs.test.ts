import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { waitUntil } from '../../local/processes/wait-until.ts';
import { startRedis, type RunningRedis } from '../../local/redis/start-redis.ts';
import { testRedis, testStack } from '../../local/testing.ts';
import { createJobs, type JobOptions, type Jobs } from '../../runtime/jobs/bullmq-jobs.ts';
import { SILENT_LOG } from '../../runtime/log.ts';

const soon = (what: string, holds: () => boolean | Promise<boolean>, deadlineMs = 150_000) =>
  waitUntil(async () => holds(), { what, deadlineMs, signal: new AbortController().signal });

/** A machine that has other work may take longer than a request waits for Redis: who has time asks again. */
const taken = (jobs: Jobs, key: string, options?: JobOptions) => soon(`${key} is taken`, () => jobs.add(key, options));

describe('jobs', function () {
  this.timeout(300_000);
  const open: Jobs[] = [];
  let redis: RunningRedis;

  const jobsOn = ({ url, caFile }: RunningRedis, prefix: string) => {
    const jobs = createJobs({ url, prefix, name: 'turns', log: SILENT_LOG, caFile });
    open.push(jobs);
    return jobs;
  };
  const connected = async (running: RunningRedis, prefix = randomUUID()) => {
    const jobs = jobsOn(running, prefix);
    await soon('the queue is connected', () => jobs.add('first-contact'));
    return { jobs, prefix };
  };

  before(async () => {
    redis = await testRedis();
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((jobs) => jobs.close()));
  });

  it('run each key that was added', async () => {
    const { jobs } = await connected(redis);
    const seen = new Set<string>();
    jobs.work(4, async (key) => void seen.add(key));
    const keys = ['1', 'a:b', 'a_b', '12345', 'ä', ...Array.from({ length: 50 }, (_, nth) => `key-${nth}`)];
    for (const key of keys) await taken(jobs, key);
    await soon('all have run', () => keys.every((key) => seen.has(key)));
  });

  it('let a key wait once, however often it is added', async () => {
    const { jobs } = await connected(redis);
    for (let nth = 0; nth < 20; nth++) await taken(jobs, 'same');
    await taken(jobs, 'other');
    const ran: string[] = [];
    jobs.work(1, async (key) => void ran.push(key));
    await soon('the last has run', () => ran.includes('other'));
    assert.equal(ran.filter((key) => key === 'same').length, 1);
  });

  it('give a key one more turn when it is added while it runs', async () => {
    const { jobs } = await connected(redis);
    const gate = Promise.withResolvers<void>();
    let turns = 0;
    jobs.work(2, async (key) => {
      if (key !== 'news') return;
      turns++;
      if (turns === 1) await gate.promise;
    });
    await taken(jobs, 'news');
    await soon('it runs', () => turns === 1);
    for (let nth = 0; nth < 5; nth++) await taken(jobs, 'news');
    gate.resolve();
    await soon('it has its second turn', () => turns === 2);
    await taken(jobs, 'news');
    await soon('it can be added anew', () => turns === 3);
  });

  it('keep a delayed key back, until it is added without delay', async () => {
    const { jobs } = await connected(redis);
    const ran: string[] = [];
    jobs.work(1, async (key) => void ran.push(key));
    await taken(jobs, 'later', { delayMs: 600_000 });
    await taken(jobs, 'now');
    await soon('the other runs', () => ran.includes('now'));
    assert.ok(!ran.includes('later'));
    await taken(jobs, 'later', { delayMs: 600_000 });
    await taken(jobs, 'later');
    await soon('it is brought forward', () => ran.includes('later'));
  });

  it('take a key again after its handler failed', async () => {
    const { jobs } = await connected(redis);
    let turns = 0;
    jobs.work(1, async (key) => {
      if (key === 'fails' && ++turns === 1) throw new Error('the first time');
    });
    await taken(jobs, 'fails');
    await soon('it has failed', () => turns === 1);
    await soon('the sweep brings it again', async () => {
      await jobs.add('fails');
      return turns > 1;
    });
  });

  it('go on after Redis was wiped', async () => {
    const { jobs } = await connected(redis);
    const ran = new Set<string>();
    jobs.work(1, async (key) => void ran.add(key));
    await soon('the worker works', () => ran.has('first-contact'));
    await wipe(redis);
    await soon('what is added again runs', async () => {
      await jobs.add('after-the-wipe');
      return ran.has('after-the-wipe');
    });
  });

  it('give the job of a worker that died to another', async () => {
    const prefix = randomUUID();
    const { jobs: dying } = await connected(redis, prefix);
    let isTaken = false;
    dying.work(1, (key) => {
      if (key !== 'orphan') return Promise.resolve();
      isTaken = true;
      return new Promise(() => {});
    });
    await taken(dying, 'orphan');
    await soon('it is taken', () => isTaken);
    await dying.close();
    let again = false;
    jobsOn(redis, prefix).work(1, async (key) => {
      if (key === 'orphan') again = true;
    });
    await soon('another takes it over', () => again);
  });

  it('abort the signal of the handlers that run when it closes', async () => {
    const { jobs } = await connected(redis);
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    let started = false;
    jobs.work(1, async (key, signal) => {
      if (key !== 'long') return;
      started = true;
      await new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }));
      resolve();
    });
    await taken(jobs, 'long');
    await soon('it has started', () => started);
    await jobs.close();
    await aborted;
  });

  describe('on a Redis that is killed', () => {
    it('say so within a second, and run what is added after its return', async () => {
      const stack = await testStack();
      const start = (port?: number) =>
        startRedis({ ...stack, name: 'redis-to-kill', folder: `${stack.folder}/redis-to-kill`, ...(port === undefined ? {} : { port }) });
      let running = await start();
      if (running.process === undefined) return; // a Redis that was given is not ours to kill
      const { jobs } = await connected(running);
      const ran = new Set<string>();
      jobs.work(1, async (key) => void ran.add(key));
      await soon('the worker works', () => ran.has('first-contact'));
      const port = Number(new URL(running.url).port);
      process.kill(running.process.pid, 'SIGKILL');
      await soon('it is known to be away', async () => !(await jobs.add('while-away')));
      const asked = performance.now();
      assert.equal(await jobs.add('while-away'), false);
      // Ten times what a request may wait.
      assert.ok(performance.now() - asked < 10_000, 'the request path does not wait for Redis');
      await running.stop();
      running = await start(port);
      await soon('a job runs again', async () => {
        await jobs.add('after-the-return');
        return ran.has('after-the-return');
      });
      await running.stop();
    });
  });
});

async function command(redis: RunningRedis, work: (connection: Redis) => Promise<unknown>): Promise<void> {
  const connection = new Redis(redis.url, redis.caFile === undefined ? {} : { tls: { ca: await readFile(redis.caFile, 'utf8') } });
  try {
    await work(connection);
  } finally {
    connection.disconnect();
  }
}

const wipe = (redis: RunningRedis) => command(redis, (connection) => connection.flushall());
