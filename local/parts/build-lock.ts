import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { identityOf, isAlive } from '../processes/process-identity.ts';
import { waitUntil } from '../processes/wait-until.ts';

const Holder = z.object({ pid: z.int(), startTime: z.string() });
type Holder = z.infer<typeof Holder>;

export interface LockOptions {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Told once, when somebody else holds it. */
  readonly onWait: (pid: number) => void;
}

/**
 * One maker at a time, across processes: two clones that start together do not build the same part twice. A lock whose holder is dead is
 * taken over. Two waiters may in theory both take over one stale lock; then a part is made twice, and the last rename wins with an equal file.
 */
export async function withBuildLock<T>(lockFile: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  await mkdir(path.dirname(lockFile), { recursive: true });
  let told = false;
  await waitUntil(
    async () => {
      if (await acquire(lockFile)) return true;
      const holder = await holderOf(lockFile);
      if (holder === 'nobody') return false;
      if (holder === 'unknown' || !isAlive(holder)) {
        await removeStale(lockFile);
        return false;
      }
      if (!told) options.onWait(holder.pid);
      told = true;
      return false;
    },
    {
      what: `the lock ${lockFile}`,
      deadlineMs: options.deadlineMs,
      signal: options.signal,
      everyMs: 200,
    },
  );
  try {
    return await work();
  } finally {
    await rm(lockFile, { force: true });
  }
}

async function acquire(lockFile: string): Promise<boolean> {
  // Written before it is the lock: whoever finds a lock finds in it who holds it, however slow the machine is.
  const own = `${lockFile}.${randomUUID()}`;
  await writeFile(own, JSON.stringify(identityOf(process.pid)));
  try {
    await link(own, lockFile);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/** `nobody` where it was let go meanwhile. */
async function holderOf(lockFile: string): Promise<Holder | 'nobody' | 'unknown'> {
  try {
    return Holder.parse(JSON.parse(await readFile(lockFile, 'utf8')));
  } catch (error) {
    return isCode(error, 'ENOENT') ? 'nobody' : 'unknown';
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

async function removeStale(lockFile: string): Promise<void> {
  const aside = `${lockFile}.stale.${process.pid}`;
  try {
    await rename(lockFile, aside);
  } catch {
    return;
  }
  await rm(aside, { force: true });
}
