/** A service within this process in place of one behind HTTPS: what its endpoint table says, answered by its handlers. */
import { AppError, problemOf, STATUS_OF_KIND } from '../../contracts/app-error.ts';
import type { IncomingAnswer, OutgoingRequest } from '../../contracts/client.ts';
import { jsonText } from '../../contracts/json-text.ts';
import type { Api, Endpoints, EndpointSpec } from '../../contracts/endpoint.ts';
import { normaliseError } from '../../runtime/normalise-error.ts';
import type { Handlers } from '../../runtime/serve-api.ts';

/** Those that a bridge has no use for may be left out: they answer that there is nothing. */
export type SomeHandlers<E extends Endpoints> = Partial<Handlers<E>>;

/** The exchange that a `Send` makes with this service. Never rejects: a failure is a problem document. */
export function answerByTable<E extends Endpoints>(
  api: Api<E>,
  handlers: SomeHandlers<E>,
): (request: OutgoingRequest) => Promise<IncomingAnswer> {
  const routes = Object.entries(api.endpoints).map(([name, spec]) => ({ name, spec, pattern: patternOf(spec) }));
  return async ({ method, url, headers, body, signal }) => {
    try {
      const { pathname, searchParams } = new URL(url);
      const route = routes.find(({ spec, pattern }) => spec.method === method && pattern.test(pathname));
      const handler = route === undefined ? undefined : (handlers[route.name] as AnyHandler | undefined);
      if (route === undefined || handler === undefined)
        throw new AppError('not-found', 'not_here', `a solo bridge has no ${method} ${pathname}`);
      const { spec, pattern } = route;
      const request = requestOf(spec, pattern.exec(pathname)?.groups ?? {}, searchParams, headers, body);
      const reply = await handler(request, { signal: signal ?? new AbortController().signal });
      return { status: reply.status, headers: {}, body: jsonText(reply.body) };
    } catch (cause) {
      const error = normaliseError(cause);
      return { status: STATUS_OF_KIND[error.kind], headers: {}, body: JSON.stringify(problemOf(error)) };
    }
  };
}

function requestOf(
  spec: EndpointSpec,
  groups: Record<string, string>,
  query: URLSearchParams,
  headers: unknown,
  body: string | undefined,
): unknown {
  const params = Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]));
  try {
    return {
      params: spec.params?.parse(params),
      query: spec.query?.parse(Object.fromEntries(query)),
      headers: spec.headers?.parse(headers),
      body: spec.body?.parse(body === undefined ? undefined : JSON.parse(body)),
    };
  } catch (cause) {
    throw new AppError('invalid', 'input_invalid', cause instanceof Error ? cause.message : 'the request cannot be read', { cause });
  }
}

type AnyHandler = (request: unknown, context: { signal: AbortSignal }) => Promise<{ status: number; body: unknown }>;

function patternOf({ path }: EndpointSpec): RegExp {
  return new RegExp(`^${path.replaceAll(/[.:]/g, String.raw`\$&`).replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
}
