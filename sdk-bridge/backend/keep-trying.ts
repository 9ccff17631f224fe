/** Work that has to be done, however long the other side is away. */
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import { AppError } from '../../contracts/app-error.ts';
import { pause } from '../../runtime/deadline.ts';
import type { Log } from '../../runtime/log.ts';

export interface Persistence {
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Failures that pass; by default those that `AppError` calls retryable, and lacking trust in us, which a renewed token mends. */
  readonly passing?: (cause: unknown) => boolean;
}

/** Jitter within these, in milliseconds, so that a fleet does not come back in one moment. */
const BACKOFF = { initialDelay: 100, maxDelay: 5_000 } as const;

/** @throws what the attempt threw when that does not pass, or when the signal is aborted. */
export async function keepTrying<T>(what: string, attempt: () => Promise<T>, { signal, log, passing = passes }: Persistence): Promise<T> {
  let backoff: IBackoff<unknown> | undefined;
  for (;;) {
    try {
      const done = await attempt();
      if (backoff !== undefined) log.info('it is done after all', { what });
      return done;
    } catch (cause) {
      if (signal.aborted || !passing(cause)) throw cause;
      if (backoff === undefined) log.warn('it failed and is tried again', { what, cause });
      backoff = (backoff ?? new ExponentialBackoff(BACKOFF)).next(undefined);
      await pause(backoff.duration, signal);
      if (signal.aborted) throw cause;
    }
  }
}

export function passes(cause: unknown): boolean {
  return (
    cause instanceof AppError &&
    (cause.retryable || cause.kind === 'unauthenticated' || cause.kind === 'forbidden' || cause.kind === 'internal')
  );
}
