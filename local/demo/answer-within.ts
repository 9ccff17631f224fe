import { AppError } from '../../contracts/app-error.ts';

export interface WaitOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 15_000;

/** What the promise gives. @throws AppError `timeout` with this code after the deadline, or the signal's reason. */
export async function answerWithin<T>(promise: Promise<T>, code: string, options: WaitOptions): Promise<T> {
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  signal?.throwIfAborted();
  const stopped = Promise.withResolvers<never>();
  const abort = () => stopped.reject(signal?.reason);
  const timer = setTimeout(() => stopped.reject(new AppError('timeout', code, `no answer within ${timeoutMs} ms`)), timeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, stopped.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
