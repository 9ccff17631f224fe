import { AppError } from '../../contracts/app-error.ts';
import { pause } from '../../runtime/deadline.ts';

export interface Patience {
  readonly signal: AbortSignal;
  readonly withinMs: number;
}

const AGAIN_MS = 400;

/**
 * Asks again while the answer is that it may help: a service that was just killed is back in a moment.
 * @throws the last error when the time is up, the signal's reason when that came first.
 */
export async function keepAsking<T>(ask: () => Promise<T>, { signal, withinMs }: Patience): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AppError) || !error.retryable || performance.now() > deadline) throw error;
      await pause((error.retryAfter ?? 0) * 1_000 || AGAIN_MS, signal);
    }
  }
}
