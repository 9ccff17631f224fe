/**
 * A contract served: routing, access, limits, validation and errors all come from the endpoint table.
 *
 *   request ─▶ route ─▶ token, role ─▶ rate ─▶ body size, JSON ─▶ parse ─▶ handler (deadline) ─▶ shape of the answer
 *                 └──────────────────────── any failure: a problem document ◀──────────────────────────────┘
 */
import { randomBytes, randomUUID } from 'node:crypto';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { z } from 'zod';
import { AppError, faultsOf, problemOf, STATUS_OF_KIND, type InputFault } from '../contracts/app-error.ts';
import {
  commonErrors,
  type Api,
  type Endpoints,
  type EndpointSpec,
  type ReplyOf,
  type RequestOf,
  type StreamedEvent,
  type StreamMark,
} from '../contracts/endpoint.ts';
import { jsonText } from '../contracts/json-text.ts';
import { openApiOf } from '../contracts/openapi.ts';
import { sendEvents } from './event-stream.ts';
import { jsonBody, type JsonBody } from './json-body.ts';
import type { Log } from './log.ts';
import type { HttpMetrics } from './metrics.ts';
import { normaliseError, REFUSED_BY_SERVICE } from './normalise-error.ts';
import { openRequestSignal } from './request-signal.ts';
import type { Principal, TokenCheck } from './token-check.ts';
import { continueTrace, type TraceContext } from './trace-context.ts';

export interface Context {
  /** Absent at public endpoints. */
  readonly principal: Principal | undefined;
  /** Aborted at the endpoint's deadline, when the caller goes away, and when the process ends. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** Continues the caller's trace, or begins one; goes with whatever follows from this request. */
  readonly trace: TraceContext;
  readonly log: Log;
}

/** One function per endpoint of the table; the types leave none out. */
export type Handlers<E extends Endpoints> = {
  readonly [N in keyof E]: (request: RequestOf<E[N]>, context: Context) => Promise<ReplyOf<E[N]>>;
};

export interface ServeParts {
  readonly log: Log;
  readonly metrics: HttpMetrics;
  /** Left out only where every endpoint is public. */
  readonly tokenCheck?: TokenCheck;
  /** Aborted when the process ends: long polls are answered at once. */
  readonly stopping: AbortSignal;
}

export function serveApi<E extends Endpoints>(api: Api<E>, handlers: Handlers<E>, parts: ServeParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use(stamp);
  // Made when it is first asked for: beside a game server nobody does, and it takes megabytes.
  let document: unknown;
  app.get('/openapi.json', (_request, response) => void response.json((document ??= openApiOf(api))));
  const methods = new Map<string, string[]>();
  for (const [name, spec] of Object.entries(api.endpoints)) {
    const route = routeOf(spec.path);
    methods.set(route, [...(methods.get(route) ?? []), spec.method]);
    const handler = handlers[name] as unknown as AnyHandler;
    app[spec.method.toLowerCase() as 'get'](route, ...pipeline(name, spec, handler, parts));
  }
  for (const [route, allowed] of methods) app.all(route, wrongMethod(allowed));
  app.use((request, _response, next) =>
    next(new AppError('not-found', 'path_unknown', `there is nothing at ${request.path}; see /openapi.json`)),
  );
  app.use(answerError(parts.log));
  return app;
}

type AnyHandler = (request: unknown, context: Context) => Promise<{ status: number; body: unknown; headers?: Record<string, string> }>;

/** What the steps of one request hand on. */
interface Locals {
  requestId: string;
  trace: TraceContext;
  spec?: EndpointSpec;
  principal?: Principal;
}

function localsOf(response: Response): Locals {
  return response.locals as Locals;
}

function pipeline(name: string, spec: EndpointSpec, handler: AnyHandler, parts: ServeParts) {
  const limiter = new RateLimiterMemory({ points: spec.limits.perMinute, duration: 60 });
  return [
    parts.metrics.measure(name),
    (_request: Request, response: Response, next: NextFunction) => {
      localsOf(response).spec = spec;
      next();
    },
    admit(spec, parts.tokenCheck),
    limitRate(limiter),
    ...(spec.body === undefined ? [] : jsonBody(spec.limits.bodyBytes)),
    (request: Request, response: Response, next: NextFunction) => {
      handle(spec, handler, parts, request, response).catch(next);
    },
  ];
}

function stamp(request: Request, response: Response, next: NextFunction): void {
  const given = request.get('x-request-id');
  const requestId = given !== undefined && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
  localsOf(response).requestId = requestId;
  localsOf(response).trace = continueTrace(request.get('traceparent'), (bytes) => randomBytes(bytes).toString('hex'));
  response.set({ 'x-request-id': requestId, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  next();
}

function admit(spec: EndpointSpec, tokenCheck: TokenCheck | undefined) {
  const { access } = spec;
  return (request: Request, response: Response, next: NextFunction) => {
    if (access === 'public') return next();
    identify(request, tokenCheck)
      .then((principal) => {
        if (!principal.roles.some((role) => access.includes(role)))
          throw new AppError(
            'forbidden',
            'role_missing',
            `this call needs one of the roles ${access.join(', ')}; the token has ${principal.roles.join(', ') || 'none'}`,
          );
        localsOf(response).principal = principal;
        next();
      })
      .catch(next);
  };
}

async function identify(request: Request, tokenCheck: TokenCheck | undefined): Promise<Principal> {
  const [scheme, token] = (request.get('authorization') ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined || token === '')
    throw new AppError('unauthenticated', 'token_missing', 'send a token: Authorization: Bearer …');
  if (tokenCheck === undefined) throw new AppError('internal', 'token_check_missing', 'this service has no token check');
  return tokenCheck(token);
}

function limitRate(limiter: RateLimiterMemory) {
  return (request: Request, response: Response, next: NextFunction) => {
    const caller = callerOf(localsOf(response).principal) ?? request.socket.remoteAddress ?? 'unknown';
    limiter.consume(caller).then(
      () => next(),
      (spent: { msBeforeNext: number }) =>
        next(
          new AppError('rate-limited', 'rate_limited', 'too many requests of this kind', {
            retryAfter: Math.ceil(spent.msBeforeNext / 1_000),
          }),
        ),
    );
  };
}

/** All pods of a fleet share one service account: each counts for itself. */
function callerOf(principal: Principal | undefined): string | undefined {
  return principal?.pod === undefined ? principal?.subject : `${principal.subject}/${principal.pod.uid}`;
}

async function handle(spec: EndpointSpec, handler: AnyHandler, parts: ServeParts, request: Request, response: Response): Promise<void> {
  const { requestId, principal, trace } = localsOf(response);
  const parsed = parseRequest(spec, request);
  const end = openRequestSignal(spec.limits.timeoutMs, parts.stopping);
  response.once('close', end.gone);
  const log = parts.log.with({ requestId, traceId: trace.traceId });
  const context: Context = { principal, signal: end.signal, requestId, trace, log };
  try {
    const reply = await Promise.race([handler(parsed, context), end.deadline]);
    if (end.over() !== 'gone') await answer(spec, reply, response, end.signal);
  } catch (cause) {
    if (end.over() === 'gone') return parts.log.debug('the caller was gone before its answer', { requestId, cause });
    const isOwn = cause instanceof AppError && cause.kind !== 'internal';
    throw end.over() === 'stopping' && !isOwn ? end.signal.reason : cause;
  } finally {
    response.off('close', end.gone);
    end.release();
  }
}

function parseRequest(spec: EndpointSpec, request: Request): Record<'params' | 'query' | 'headers' | 'body', unknown> {
  const faults: InputFault[] = [];
  const part = (type: z.ZodType | undefined, at: string, value: unknown) => {
    if (type === undefined) return undefined;
    const parsed = type.safeParse(value);
    if (parsed.success) return parsed.data;
    faults.push(...faultsOf(parsed.error, at));
    return undefined;
  };
  const soundBody = (type: z.ZodType, { json, faults: unsound }: JsonBody) => {
    faults.push(...unsound);
    return unsound.length === 0 ? part(type, 'body', json) : undefined;
  };
  const parsed = {
    params: part(spec.params, 'params', request.params),
    query: part(spec.query, 'query', filledQuery(spec, request.query, faults)),
    headers: part(spec.headers, 'headers', request.headers),
    body: spec.body === undefined ? undefined : soundBody(spec.body, request.body as JsonBody),
  };
  if (faults.length === 0) return parsed;
  const all = faults.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; ');
  throw new AppError('invalid', 'input_invalid', `the request has ${faults.length} fault(s): ${all}`.slice(0, 2_000), { faults });
}

/** A parameter that is there and empty means nothing, but would count as the number 0. */
function filledQuery(spec: EndpointSpec, query: Request['query'], faults: InputFault[]): unknown {
  for (const name of Object.keys(spec.query?.shape ?? {}))
    if (query[name] === '') faults.push({ pointer: `#/query/${name}`, detail: 'is empty: give it a value, or leave it out' });
  return query;
}

/** Only documented answers leave, and only their documented fields. */
async function answer(
  spec: EndpointSpec,
  reply: { status: number; body: unknown; headers?: Record<string, string> },
  response: Response,
  signal: AbortSignal,
): Promise<void> {
  const documented = spec.responses[reply.status];
  if (documented === undefined) throw new AppError('internal', 'answer_undocumented', `${spec.path} answered ${reply.status}`);
  if (documented.stream !== undefined) {
    response.status(reply.status).set(reply.headers ?? {});
    return sendEvents(response, documented.stream, reply.body as AsyncIterable<StreamedEvent<unknown> | StreamMark>, signal);
  }
  const shaped = documented.body?.safeParse(reply.body);
  if (shaped?.success !== false) response.status(reply.status).set(reply.headers ?? {});
  if (shaped === undefined) return void response.end();
  if (!shaped.success)
    throw new AppError('internal', 'answer_malformed', `${spec.path} answered another shape than documented`, { cause: shaped.error });
  response.type('json').send(jsonText(shaped.data));
}

function wrongMethod(methods: readonly string[]) {
  const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  return (request: Request, response: Response, next: NextFunction) => {
    response.set('allow', allowed);
    if (request.method === 'OPTIONS') return void response.status(204).end();
    next(new AppError('method-not-allowed', 'method_not_allowed', `${request.method} is not possible here; possible: ${allowed}`));
  };
}

function answerError(log: Log) {
  return (cause: unknown, request: Request, response: Response, _next: NextFunction) => {
    const error = normaliseError(cause);
    const { requestId, spec, trace } = localsOf(response);
    const about = { requestId, traceId: trace.traceId, method: request.method, path: request.path, kind: error.kind, cause: error };
    if (error.kind === 'internal' || error.code === REFUSED_BY_SERVICE) log.error('a request failed', about);
    else if (spec !== undefined && !spec.errors.includes(error.kind) && !commonErrors(spec).includes(error.kind))
      log.error('a request failed in a way that its contract does not name', about);
    if (response.headersSent) return void response.destroy();
    if (error.retryAfter !== undefined) response.set('retry-after', String(error.retryAfter));
    const detail =
      error.kind === 'internal'
        ? new AppError('internal', error.code, 'something went wrong here; it is logged under the request id')
        : error;
    response
      .status(STATUS_OF_KIND[error.kind])
      .type('application/problem+json')
      .send(JSON.stringify(problemOf(detail, requestId)));
  };
}

/** `{id}` → Express 5's `:id`; a colon of our own in a path is escaped. */
function routeOf(path: string): string {
  return path.replaceAll(':', '\\:').replaceAll(/\{(\w+)\}/g, ':$1');
}
