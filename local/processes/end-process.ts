import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/**
 * SIGTERM to the process, after the grace SIGKILL to its whole group (every process here is started as the leader of its own group).
 * Returns when it is gone. Takes no AbortSignal: it is what runs after one.
 */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  if (!isAlive(identity)) return;
  signal(identity.pid, 'SIGTERM');
  if (!(await goneWithin(identity, graceMs))) {
    signal(-identity.pid, 'SIGKILL');
    signal(identity.pid, 'SIGKILL');
    await goneWithin(identity, 10_000);
  }
}

async function goneWithin(identity: ProcessIdentity, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (isAlive(identity)) {
    if (performance.now() > deadline) return false;
    // Polled: only a parent is told of a process's end, and this one may be somebody else's child.
    await sleep(20);
  }
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
}
