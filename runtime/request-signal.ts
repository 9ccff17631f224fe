/** When a request is over before its answer: past its deadline, its caller gone, or the process ending. */
import { AppError } from '../contracts/app-error.ts';

export interface RequestSignal {
  readonly signal: AbortSignal;
  /** What came first, once the signal is aborted. */
  readonly over: () => 'deadline' | 'gone' | 'stopping' | undefined;
  /** Rejects at the deadline, so that an answer is given even where a handler does not heed its signal. */
  readonly deadline: Promise<never>;
  /** The caller's connection is gone. */
  readonly gone: () => void;
  /** Lets go of timer and listener; the signal is not aborted by it. */
  release(): void;
}

/**
 * Made by hand, since `AbortSignal.any` on a signal that lives as long as the process keeps every request's listeners.
 * @param timeoutMs until the deadline.
 */
export function openRequestSignal(timeoutMs: number, stopping: AbortSignal): RequestSignal {
  const controller = new AbortController();
  const { promise: deadline, reject } = Promise.withResolvers<never>();
  deadline.catch(() => {});
  let over: 'deadline' | 'gone' | 'stopping' | undefined;
  const end = (why: 'deadline' | 'gone' | 'stopping', error: AppError) => {
    over ??= why;
    controller.abort(error);
    if (why === 'deadline') reject(error);
  };
  const timer = setTimeout(() => end('deadline', new AppError('timeout', 'deadline_passed', `not done within ${timeoutMs} ms`)), timeoutMs);
  const stop = () => end('stopping', new AppError('unavailable', 'stopping', 'this process is stopping; ask again', { retryAfter: 1 }));
  stopping.addEventListener('abort', stop, { once: true });
  if (stopping.aborted) stop();
  return {
    signal: controller.signal,
    over: () => over,
    deadline,
    gone: () => end('gone', new AppError('timeout', 'caller_gone', 'the caller is gone')),
    release: () => {
      clearTimeout(timer);
      stopping.removeEventListener('abort', stop);
    },
  };
}
