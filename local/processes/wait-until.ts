import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** What is waited for, for the error: `kube-apiserver is ready`. */
  readonly what: string;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly everyMs?: number;
}

/**
 * Asks again and again until the answer is neither undefined nor false. Polling, since what is waited for here (a port, a process,
 * another program's file) cannot be subscribed to. An error of the question itself ends the wait.
 */
export async function waitUntil<T>(question: () => T | Promise<T>, options: WaitOptions): Promise<NonNullable<T>> {
  const deadline = performance.now() + options.deadlineMs;
  for (;;) {
    options.signal.throwIfAborted();
    const answer = await question();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`Waited ${options.deadlineMs} ms in vain: ${options.what}`);
    await sleep(options.everyMs ?? 50, undefined, { signal: options.signal });
  }
}
