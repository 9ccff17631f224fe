/** The OpenAPI 3.1 document of a service, made from its endpoint table. */
import { z } from 'zod';
import { Problem, STATUS_OF_KIND, type ErrorKind } from './app-error.ts';
import { commonErrors, type Api, type EndpointSpec, type ResponseSpec } from './endpoint.ts';
import { createComponents, type Json, type ToSchema } from './openapi-components.ts';

export function openApiOf(api: Api): Json {
  const components = createComponents();
  const paths: Record<string, Json> = {};
  for (const [name, spec] of Object.entries(api.endpoints)) {
    paths[spec.path] = { ...paths[spec.path], [spec.method.toLowerCase()]: operation(name, spec, components.schema) };
  }
  components.schema(Problem, 'output');
  return components.settle({
    openapi: '3.1.0',
    info: { title: api.title, version: api.version, description: api.description },
    servers: [{ url: '/' }],
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
  });
}

function operation(name: string, spec: EndpointSpec, schema: ToSchema): Json {
  return {
    operationId: name,
    summary: spec.summary,
    ...(spec.description === undefined ? {} : { description: spec.description }),
    parameters: [
      ...parameters(spec.params, 'path', schema),
      ...parameters(spec.query, 'query', schema),
      ...parameters(spec.headers, 'header', schema),
    ],
    ...(spec.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schema(spec.body, 'input') } } } }),
    responses: {
      ...Object.fromEntries(Object.entries(spec.responses).map(([status, response]) => [status, answer(response, schema)])),
      ...problems(spec),
    },
    security: spec.access === 'public' ? [] : [{ bearer: [] }],
    'x-roles': spec.access === 'public' ? [] : spec.access,
    'x-limits': spec.limits,
    'x-idempotency': spec.idempotency,
  };
}

function answer(response: ResponseSpec, schema: ToSchema): Json {
  const content =
    (response.body && { 'application/json': { schema: schema(response.body, 'output') } }) ??
    (response.stream && { 'text/event-stream': { schema: schema(response.stream, 'output') } });
  return { description: response.description, ...(content === undefined ? {} : { content }) };
}

function problems(spec: EndpointSpec): Json {
  const byStatus = new Map<number, ErrorKind[]>();
  for (const kind of new Set([...commonErrors(spec), ...spec.errors])) {
    const status = STATUS_OF_KIND[kind];
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind]);
  }
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/output:Problem' } } };
  return Object.fromEntries([...byStatus].map(([status, kinds]) => [status, { description: kinds.join(' or '), content }]));
}

function parameters(part: z.ZodObject | undefined, place: 'path' | 'query' | 'header', schema: ToSchema): Json[] {
  if (part === undefined) return [];
  return Object.entries(part.shape).map(([name, type]) => ({
    name,
    in: place,
    required: place === 'path' || !z.safeParse(type as z.ZodType, undefined).success,
    schema: schema(type as z.ZodType, 'input'),
  }));
}
