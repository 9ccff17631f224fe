/**
 * The one error type of the system, and the tables that say what each kind of error means on the wire.
 *
 * A failure is an `AppError` with a closed `kind` (what a caller can do about it) and a stable `code` (what it is).
 * On HTTP it becomes a problem document (RFC 9457); a typed client turns a problem document back into an `AppError`.
 */
import { z } from 'zod';

/** Kind of failure → HTTP status. The only place that says so. */
export const STATUS_OF_KIND = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  timeout: 504,
  conflict: 409,
  gone: 410,
  'precondition-failed': 412,
  'too-large': 413,
  'unsupported-media-type': 415,
  'rate-limited': 429,
  internal: 500,
  'bad-gateway': 502,
  unavailable: 503,
} as const;

export type ErrorKind = keyof typeof STATUS_OF_KIND;

/** Kinds after which the same request may succeed when it is sent again. The only place that says so. */
const RETRYABLE: ReadonlySet<ErrorKind> = new Set(['timeout', 'rate-limited', 'bad-gateway', 'unavailable']);

/** One fault in an input: where it is (a JSON pointer such as `#/players/0/id`) and what to mend. */
export interface InputFault {
  readonly pointer: string;
  readonly detail: string;
}

export interface AppErrorOptions {
  readonly cause?: unknown;
  readonly faults?: readonly InputFault[];
  /** Seconds after which to try again; sent as Retry-After. */
  readonly retryAfter?: number;
  /** The service that answered so, when the failure is another service's answer to our call. */
  readonly from?: string;
}

export class AppError extends Error {
  readonly kind: ErrorKind;
  /** Stable and snake_case, for programs: `allocation_differs`. */
  readonly code: string;
  readonly faults: readonly InputFault[];
  readonly retryAfter: number | undefined;
  readonly from: string | undefined;

  constructor(kind: ErrorKind, code: string, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.kind = kind;
    this.code = code;
    this.faults = options.faults ?? [];
    this.retryAfter = options.retryAfter;
    this.from = options.from;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.kind);
  }
}

/** The problem document of RFC 9457, with our extension members `code` and `faults`. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    faults: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
    requestId: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'A problem document (RFC 9457)' });
export type Problem = z.infer<typeof Problem>;

/** @param requestId correlates the answer with the server's log. */
export function problemOf(error: AppError, requestId?: string): Problem {
  return {
    type: 'about:blank',
    title: error.kind,
    status: STATUS_OF_KIND[error.kind],
    detail: error.message,
    code: error.code,
    ...(error.faults.length > 0 ? { faults: [...error.faults] } : {}),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

/** The way back: what an answer of `status` with this body means. Without a problem document the status alone speaks. */
export function errorOfResponse(from: string, status: number, body: unknown, retryAfter?: number): AppError {
  const parsed = Problem.safeParse(body);
  const kind = kindOfStatus(status);
  const options: AppErrorOptions = retryAfter === undefined ? { from } : { from, retryAfter };
  if (!parsed.success) return new AppError(kind, 'unexpected_answer', `${from} answered ${status} without a problem document`, options);
  return new AppError(kind, parsed.data.code, parsed.data.detail, { ...options, faults: parsed.data.faults ?? [] });
}

function kindOfStatus(status: number): ErrorKind {
  for (const [kind, known] of Object.entries(STATUS_OF_KIND)) if (known === status) return kind as ErrorKind;
  return status >= 400 && status < 500 ? 'invalid' : 'bad-gateway';
}

/** Faults of a zod parse as pointers into the input. `at` names the part: `body`, `query`, `params`, `headers`. */
export function faultsOf(error: z.ZodError, at: string): InputFault[] {
  return error.issues.map((issue) => ({ pointer: pointerOf(`#/${at}`, issue.path), detail: issue.message }));
}

/** A place in JSON as a pointer (RFC 6901). @param at pointer to where the path begins. */
export function pointerOf(at: string, path: readonly PropertyKey[]): string {
  return [at, ...path.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/');
}
