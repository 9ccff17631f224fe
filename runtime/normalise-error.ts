/** Whatever was thrown, as an `AppError`. Rooms with their own libraries translate their errors before they throw. */
import { AppError, type ErrorKind } from '../contracts/app-error.ts';

/** The code under which another service's refusal of our own call leaves. */
export const REFUSED_BY_SERVICE = 'service_refused';

/** What another service says of the thing asked for, which our caller may hear as well. The rest is between it and us. */
const PASSED_ON: ReadonlySet<ErrorKind> = new Set([
  'conflict',
  'gone',
  'not-found',
  'precondition-failed',
  'rate-limited',
  'unavailable',
  'timeout',
  'bad-gateway',
]);

export function normaliseError(cause: unknown): AppError {
  if (cause instanceof AppError) return cause.from === undefined || PASSED_ON.has(cause.kind) ? cause : refusedBy(cause.from, cause);
  if (isHttpError(cause)) return ofBodyParser(cause);
  if (cause instanceof Error && (cause.name === 'AbortError' || cause.name === 'TimeoutError'))
    return new AppError('timeout', 'given_up', 'the work was given up before its end', { cause });
  return new AppError('internal', 'internal', cause instanceof Error ? cause.message : String(cause), { cause });
}

/** A token of ours that does not hold, or a request that is malformed, is no fault of our caller. */
function refusedBy(service: string, cause: AppError): AppError {
  return new AppError('bad-gateway', REFUSED_BY_SERVICE, `${service} did not take our call`, { cause });
}

interface HttpError extends Error {
  readonly status: number;
  readonly type?: string;
}

function isHttpError(cause: unknown): cause is HttpError {
  // Only Express's own: an error of another library that has a status, too, is no fault of the caller.
  if (!(cause instanceof Error) || !('status' in cause) || typeof cause.status !== 'number') return false;
  return 'expose' in cause || cause instanceof URIError;
}

/** Express's own faults: a body that is too large, is no JSON, has a wrong length or encoding; a path that does not decode. */
function ofBodyParser(cause: HttpError): AppError {
  if (cause.status === 413) return new AppError('too-large', 'body_too_large', 'the body is larger than this endpoint takes', { cause });
  if (cause.status === 415) return new AppError('unsupported-media-type', 'body_encoding', cause.message, { cause });
  if (cause.status < 500)
    return new AppError('invalid', cause.type?.replaceAll(/\W/g, '_') ?? 'request_malformed', cause.message, { cause });
  return new AppError('internal', 'internal', cause.message, { cause });
}
