/** The OpenAPI 3.1 document of a service, made from its endpoint table. */
import { z } from 'zod';
import { Problem, STATUS_OF_KIND, type ErrorKind } from './app-error.ts';
import { commonErrors, type Api, type EndpointSpec, type ResponseSpec } from './endpoint.ts';

type Json = { [key: string]: unknown };

export function openApiOf(api: Api): Json {
  const components: Record<string, unknown> = {};
  const schema = (type: z.ZodType, io: 'input' | 'output') => lift(type, io, components);
  const paths: Record<string, Json> = {};
  for (const [name, spec] of Object.entries(api.endpoints)) {
    paths[spec.path] = { ...paths[spec.path], [spec.method.toLowerCase()]: operation(name, spec, schema) };
  }
  schema(Problem, 'output');
  return {
    openapi: '3.1.0',
    info: { title: api.title, version: api.version, description: api.description },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: components,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

type ToSchema = (type: z.ZodType, io: 'input' | 'output') => Json;

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
  const content = response.body && { 'application/json': { schema: schema(response.body, 'output') } };
  return { description: response.description, ...(content === undefined ? {} : { content }) };
}

function problems(spec: EndpointSpec): Json {
  const byStatus = new Map<number, ErrorKind[]>();
  for (const kind of new Set([...commonErrors(spec), ...spec.errors])) {
    const status = STATUS_OF_KIND[kind];
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind]);
  }
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
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

/** A schema with every named part (`.meta({ id })`) moved to `components`. */
function lift(type: z.ZodType, io: 'input' | 'output', components: Record<string, unknown>): Json {
  const made = z.toJSONSchema(type, { io, unrepresentable: 'any', target: 'draft-2020-12' }) as Json;
  const text = JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/');
  const { $defs = {}, $schema: _dialect, ...own } = JSON.parse(text) as { $defs?: Json; $schema?: string } & Json;
  for (const [id, part] of Object.entries($defs)) components[id] ??= part;
  const id = z.globalRegistry.get(type)?.id;
  if (id === undefined) return own;
  components[id] ??= own;
  return { $ref: `#/components/schemas/${id}` };
}
