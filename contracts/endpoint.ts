/**
 * What an HTTP endpoint is. One table of these per service is the single source from which come the server's routing,
 * validation, access checks, limits and errors (`runtime/serve-api.ts`), the typed client (`client.ts`) and the OpenAPI
 * document (`openapi.ts`).
 */
import type { z } from 'zod';
import type { ErrorKind } from './app-error.ts';
import type { Role } from './roles.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ResponseSpec {
  readonly description: string;
  /** Absent: no body. */
  readonly body?: z.ZodType;
  /** Instead of a body: server-sent events, each with data of this shape, until `limits.timeoutMs`; then the caller comes again. */
  readonly stream?: z.ZodType;
}

/** One server-sent event; a caller who comes again sends the last `id` that it saw as `Last-Event-ID`. */
export interface StreamedEvent<D> {
  readonly id: string;
  readonly event: string;
  readonly data: D;
}

/** Tells a reader its place where there is nothing for it to see: the `id` to come again with, and no event. */
export interface StreamMark {
  readonly id: string;
}

export interface EndpointSpec {
  readonly method: Method;
  /** Parameters in braces: `/v1/allocations/{id}`. */
  readonly path: `/${string}`;
  readonly summary: string;
  readonly description?: string;
  /** `public`: no token is asked for. Otherwise any one of these roles opens the door. */
  readonly access: 'public' | readonly [Role, ...Role[]];
  /** Objects of string parsers; what they give is what the handler sees. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Only the headers that the endpoint reads, in lower case. */
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly responses: Readonly<Record<number, ResponseSpec>>;
  /** Failures that are this endpoint's own, beside those that any endpoint may have (see `commonErrors`). */
  readonly errors: readonly ErrorKind[];
  readonly limits: Limits;
  /** `safe`: changes nothing. `repeatable`: the same request again has the same effect as once. `once`: not so. */
  readonly idempotency: 'safe' | 'repeatable' | 'once';
}

export interface Limits {
  /** Largest body taken, in bytes. */
  readonly bodyBytes: number;
  /** Requests per caller and minute, on one process. */
  readonly perMinute: number;
  /** The handler's deadline in milliseconds; a caller that holds the line (`wait`) gets this much more. */
  readonly timeoutMs: number;
}

/** Limits of an ordinary call; a table spreads them and changes what differs. */
export const ORDINARY: Limits = { bodyBytes: 64 * 1024, perMinute: 6_000, timeoutMs: 10_000 };

export type Endpoints = Readonly<Record<string, EndpointSpec>>;

export interface Api<E extends Endpoints = Endpoints> {
  /** The service's name, also its audience label in logs: `allocator`. */
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly endpoints: E;
}

/** A part of a table, in a file of its own. */
export function defineEndpoints<const E extends Endpoints>(endpoints: E): E {
  return endpoints;
}

export function defineApi<const E extends Endpoints>(api: Api<E>): Api<E> {
  return api;
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;
type Given<S> = S extends z.ZodType ? z.input<S> : undefined;
type Part<E, K extends string> = E extends Record<K, infer S> ? S : undefined;

/** What a handler is given, parsed. */
export interface RequestOf<E extends EndpointSpec> {
  readonly params: Parsed<Part<E, 'params'>>;
  readonly query: Parsed<Part<E, 'query'>>;
  readonly headers: Parsed<Part<E, 'headers'>>;
  readonly body: Parsed<Part<E, 'body'>>;
}

type PartGiven<E, K extends string> =
  Part<E, K> extends z.ZodType
    ? Record<string, never> extends Given<Part<E, K>>
      ? { readonly [P in K]?: Given<Part<E, K>> }
      : { readonly [P in K]: Given<Part<E, K>> }
    : { readonly [P in K]?: undefined };

/** What a client gives: parts that may be empty may be left out. */
export type CallOf<E extends EndpointSpec> = PartGiven<E, 'params'> &
  PartGiven<E, 'query'> &
  PartGiven<E, 'headers'> &
  PartGiven<E, 'body'>;

/** What a handler returns and a client receives: one member per documented status. */
export type ReplyOf<E extends EndpointSpec> = {
  [S in keyof E['responses'] & number]: {
    readonly status: S;
    readonly body: BodyOf<E['responses'][S]>;
    readonly headers?: Readonly<Record<string, string>>;
  };
}[keyof E['responses'] & number];

type BodyOf<R> = R extends { body: infer B extends z.ZodType }
  ? z.output<B>
  : R extends { stream: infer D extends z.ZodType }
    ? AsyncIterable<StreamedEvent<z.output<D>> | StreamMark>
    : undefined;

/** Failures that every endpoint of this kind may answer with, beside its own; OpenAPI lists them. */
export function commonErrors(spec: EndpointSpec): readonly ErrorKind[] {
  const kinds: ErrorKind[] = ['rate-limited', 'internal', 'bad-gateway', 'unavailable', 'timeout'];
  if (spec.params ?? spec.query ?? spec.headers ?? spec.body) kinds.push('invalid');
  if (spec.body) kinds.push('too-large', 'unsupported-media-type');
  if (spec.access !== 'public') kinds.push('unauthenticated', 'forbidden');
  return kinds;
}

/** The names in braces, in order. */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
}
