import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
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
      const holder = await readHolder(lockFile);
      if (holder !== undefined && isAlive(holder)) {
        if (!told) options.onWait(holder.pid);
        told = true;
        return false;
      }
      await removeStale(lockFile);
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
  let file;
  try {
    file = await open(lockFile, 'wx');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
  try {
    await file.writeFile(JSON.stringify(identityOf(process.pid)));
  } finally {
    await file.close();
  }
  return true;
}

async function readHolder(lockFile: string): Promise<Holder | undefined> {
  // Read twice before it counts as unreadable: its maker writes it right after creating it.
  for (const pauseMs of [0, 100]) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    try {
      return Holder.parse(JSON.parse(await readFile(lockFile, 'utf8')));
    } catch {
      continue;
    }
  }
  return undefined;
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
