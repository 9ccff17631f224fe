import { AppError } from '../../contracts/app-error.ts';
import { pause } from '../../runtime/deadline.ts';
import { KubeError } from '../agones/kube/kube-client.ts';

const WITHIN_MS = 120_000;
const AGAIN_MS = 300;

/** Asks again while nobody answers, for two minutes at most: whatever was killed is back long before. @throws any other answer, and the last one. */
export async function keepTrying<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    try {
      return await ask();
    } catch (cause) {
      signal.throwIfAborted();
      if (isAnswer(cause) || performance.now() > deadline) throw cause;
      await pause(AGAIN_MS, signal);
    }
  }
}

function isAnswer(cause: unknown): boolean {
  if (cause instanceof AppError) return !cause.retryable && cause.kind !== 'internal';
  return cause instanceof KubeError && cause.status < 500 && cause.status !== 429;
}
