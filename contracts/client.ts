/** The typed client of a service, made from its endpoint table. */
import { z } from 'zod';
import { AppError, errorOfResponse } from './app-error.ts';
import { jsonText } from './json-text.ts';
import type { Api, CallOf, Endpoints, EndpointSpec, ReplyOf } from './endpoint.ts';

/** One HTTP exchange as the client needs it. Rejects with an `AppError` (`unavailable`, `timeout`) when there is no answer. */
export type Send = (request: OutgoingRequest) => Promise<IncomingAnswer>;

export interface OutgoingRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Milliseconds until the exchange is given up. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface IncomingAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ClientOptions {
  /** Origin of the service, without a trailing slash. */
  readonly baseUrl: string;
  readonly send: Send;
  /** A bearer token for each call; `undefined` sends none. */
  readonly token?: () => string | undefined | Promise<string | undefined>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; the endpoint's own limit by default. */
  readonly timeoutMs?: number;
  /** Sent beside the endpoint's own, e.g. `traceparent`. */
  readonly headers?: Readonly<Record<string, string>>;
}

export type Client<E extends Endpoints> = {
  readonly [N in keyof E]: ClientCall<E[N]>;
};

/** Only who sends an entity tag can be told that nothing has changed (304). */
type ClientCall<S extends EndpointSpec> = S['responses'] extends { readonly 304: unknown }
  ? {
      (call: CallOf<S> & { readonly headers: { readonly 'if-none-match': string } }, options?: CallOptions): Promise<ReplyOf<S>>;
      (call: CallOf<S>, options?: CallOptions): Promise<Exclude<ReplyOf<S>, { readonly status: 304 }>>;
    }
  : (call: CallOf<S>, options?: CallOptions) => Promise<ReplyOf<S>>;

/** Time beyond the server's own deadline, so that its answer, also a 504, wins over our giving up. */
const GRACE_MS = 2_000;

/** @throws AppError what the service answered, or `bad-gateway` when its answer is not what the table says. */
export function createClient<E extends Endpoints>(api: Api<E>, options: ClientOptions): Client<E> {
  const calls = Object.entries(api.endpoints).map(([name, spec]) => [
    name,
    (call: AnyCall, callOptions?: CallOptions) => exchange(api.name, spec, options, call, callOptions ?? {}),
  ]);
  return Object.fromEntries(calls) as Client<E>;
}

interface AnyCall {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
}

async function exchange(service: string, spec: EndpointSpec, options: ClientOptions, call: AnyCall, extra: CallOptions) {
  if (Object.values(spec.responses).some((response) => response.stream !== undefined))
    throw new AppError('invalid', 'stream_unsupported', `${spec.path} is a stream of events: read it with an EventSource`);
  const token = await options.token?.();
  const answer = await options.send({
    method: spec.method,
    url: options.baseUrl + pathOf(spec, call.params) + queryOf(call.query),
    headers: {
      accept: 'application/json',
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...stringsOf(call.headers),
      ...extra.headers,
    },
    body: call.body === undefined ? undefined : jsonText(call.body),
    timeoutMs: extra.timeoutMs ?? spec.limits.timeoutMs + GRACE_MS,
    signal: extra.signal,
  });
  const response = spec.responses[answer.status];
  if (response === undefined) {
    const retryAfter = Number(answer.headers['retry-after']);
    throw errorOfResponse(service, answer.status, jsonOf(answer.body), Number.isFinite(retryAfter) ? retryAfter : undefined);
  }
  if (response.body === undefined) return { status: answer.status, body: undefined, headers: answer.headers };
  const parsed = response.body.safeParse(jsonOf(answer.body));
  if (!parsed.success) {
    throw new AppError(
      'bad-gateway',
      'unexpected_answer',
      `${service} answered ${answer.status} with a body of another shape: ${z.prettifyError(parsed.error)}`,
    );
  }
  return { status: answer.status, body: parsed.data, headers: answer.headers };
}

function pathOf(spec: EndpointSpec, params: unknown): string {
  const values = stringsOf(params);
  return spec.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    // A dot alone, or nothing, would make another path of it.
    if (value === undefined || /^\.{0,2}$/.test(value))
      throw new AppError('invalid', 'parameter_missing', `${spec.path} needs the parameter ${name}`);
    return encodeURIComponent(value);
  });
}

function queryOf(query: unknown): string {
  const text = new URLSearchParams(stringsOf(query)).toString();
  return text === '' ? '' : `?${text}`;
}

function stringsOf(part: unknown): Record<string, string> {
  if (part === undefined || part === null) return {};
  const given = Object.entries(part).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
