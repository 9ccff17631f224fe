/**
 * The real parts for tests, each started at its first use and shared by the whole mocha run; `test/parts.ts` stops them at its end.
 * Processes that an earlier run left behind (kill -9) are ended first.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { startCluster } from './cluster/start-cluster.ts';
import type { RunningCluster } from './cluster/start-cluster.ts';
import { startMongo } from './mongo/start-mongo.ts';
import type { RunningMongo } from './mongo/start-mongo.ts';
import { cacheFolder } from './parts/cache-folder.ts';
import type { Surroundings } from './parts/part.ts';
import { identityOf } from './processes/process-identity.ts';
import { openProcessKeeper } from './processes/process-keeper.ts';
import type { ProcessKeeper } from './processes/process-keeper.ts';
import { endOwn, sweepLeftovers } from './processes/run-records.ts';
import { startRedis } from './redis/start-redis.ts';
import type { RunningRedis } from './redis/start-redis.ts';
import { bringDown } from './supervisor/bring-down.ts';
import { stateFolder } from './supervisor/state-folder.ts';
import { openLocalAuthority } from './tls/local-authority.ts';
import type { LocalAuthority } from './tls/local-authority.ts';

export interface TestStack {
  /** This run's own; gone after it. */
  readonly folder: string;
  readonly around: Surroundings;
  readonly keeper: ProcessKeeper;
  readonly authority: LocalAuthority;
}

const RUNS = path.join(import.meta.dirname, '..', '.local', 'test');
const stopping = new AbortController();
const stops: (() => Promise<void>)[] = [];

/** Where a test starts further processes of its own; they are ended with the run at the latest. */
export const testStack = once(async (): Promise<TestStack> => {
  await forgetDeadRuns();
  const folder = path.join(RUNS, String(process.pid));
  mkdirSync(folder, { recursive: true });
  stops.push(async () => {
    await endOwn(path.join(folder, 'run'), 2_000);
    await endRun(folder);
    rmSync(folder, { recursive: true, force: true });
  });
  const around: Surroundings = {
    env: process.env,
    cache: cacheFolder(process.env),
    say: (line) => process.stderr.write(`${line}\n`),
    signal: stopping.signal,
  };
  return {
    folder,
    around,
    keeper: untilStopping(openProcessKeeper({ logs: path.join(folder, 'logs'), run: path.join(folder, 'run') })),
    authority: await openLocalAuthority(path.join(folder, 'tls'), 'LifeVerse test CA', () => new Date()),
  };
});

export const testMongo = once(async (): Promise<RunningMongo> => owned(await startMongo(await placeFor('mongo'))));

export const testRedis = once(async (): Promise<RunningRedis> => owned(await startRedis(await placeFor('redis'))));

/** One cluster, without Agones and without nodes: tests use namespaces of their own in it. */
export const testCluster = once(async (): Promise<RunningCluster> => owned(await startCluster(await placeFor('test-cluster'))));

/** A suite of which others go on using what it has started: it ends with the run. */
export function endsWithRun(stop: () => Promise<void>): void {
  stops.push(stop);
}

/** For mocha's global teardown. */
export async function stopTestParts(): Promise<void> {
  stopping.abort(new Error('The test run ends'));
  for (const stop of stops.splice(0).toReversed()) await stop();
}

async function placeFor(name: string): Promise<{ name: string } & TestStack> {
  const stack = await testStack();
  return { ...stack, name, folder: path.join(stack.folder, name) };
}

/** A run that a signal ends is still in the middle of a test, which must not start anything more. */
function untilStopping(keeper: ProcessKeeper): ProcessKeeper {
  return {
    start: (spec) => {
      stopping.signal.throwIfAborted();
      return keeper.start(spec);
    },
  };
}

function owned<T extends { stop(): Promise<void> }>(part: T): T {
  stops.push(() => part.stop());
  return part;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** Ends what runs that are no more have left behind. */
export async function forgetDeadRuns(): Promise<void> {
  mkdirSync(RUNS, { recursive: true });
  for (const name of readdirSync(RUNS)) {
    const folder = path.join(RUNS, name);
    if (identityOf(Number(name)) !== undefined) continue;
    await endRun(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a run had started itself, and the stacks that it had brought up: their supervisors belong to nobody. */
async function endRun(folder: string): Promise<void> {
  await sweepLeftovers(path.join(folder, 'run'), 2_000);
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith('stack'))) {
    await bringDown(stateFolder({ LIFEVERSE_STATE_DIR: path.join(folder, name) }, folder), () => undefined);
  }
}
