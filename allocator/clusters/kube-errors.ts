/** What can go wrong between us and an API server, and what is certain about each. */
import { AppError } from '../../contracts/app-error.ts';
import type { Progress } from './kube-connections.ts';

const NEVER_SENT: ReadonlySet<string> = new Set(['cluster_unreachable', 'cluster_untrusted', 'cluster_credentials']);

/** Certain: not a byte of the request has left, so it had no effect and never will. */
export function neverSent(error: unknown): boolean {
  return error instanceof AppError && NEVER_SENT.has(error.code);
}

/** A request that got no answer, and how far it had come. */
export class Failed extends Error {
  readonly progress: Progress;

  constructor(progress: Progress, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.progress = progress;
  }
}

/** @param lateMs the deadline that has passed, if one has. */
export function failureOf(cause: unknown, lateMs: number | undefined): AppError {
  if (cause instanceof AppError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  const progress = cause instanceof Failed ? cause.progress : 'secured';
  if (progress === 'none') return new AppError('unavailable', 'cluster_unreachable', `the cluster could not be reached: ${why}`, { cause });
  if (progress === 'connected') {
    const untrusted = `no trusted connection to the cluster came about: ${why}`;
    return new AppError('unavailable', 'cluster_untrusted', untrusted, { cause });
  }
  if (lateMs !== undefined) return new AppError('timeout', 'cluster_timeout', `the cluster did not answer within ${lateMs} ms`, { cause });
  return new AppError('unavailable', 'cluster_broken', `the connection to the cluster broke: ${why}`, { cause });
}

const KIND_OF_STATUS: Readonly<Record<number, 'unauthenticated' | 'forbidden' | 'not-found' | 'gone' | 'invalid' | 'rate-limited'>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  410: 'gone',
  422: 'invalid',
  429: 'rate-limited',
};

/** An answer other than what was asked for, as the error that it is to us. */
export function answerError(verb: string, status: number, body: unknown, retryAfter?: number): AppError {
  const said = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : (JSON.stringify(body) ?? '');
  const hint = status === 404 ? ' (is Agones installed there?)' : '';
  const message = `the cluster answered ${status} to ${verb}${hint}: ${said.slice(0, 300)}`;
  return new AppError(KIND_OF_STATUS[status] ?? 'unavailable', 'cluster_answer', message, retryAfter === undefined ? {} : { retryAfter });
}

/** What has come between a write and the object that it was for, as the API server's answer tells; undefined where nothing has. */
export function notDone(status: number): 'gone' | 'changed' | undefined {
  if (status === 404) return 'gone';
  return status === 409 ? 'changed' : undefined;
}
