/**
 * The named schemas of an OpenAPI document. What is sent and what is answered differ (a default may be left out in a request
 * and is always there in an answer), so a named schema whose two sides differ appears twice: `Session` and `SessionAnswer`.
 */
import { z } from 'zod';

export type Json = { [key: string]: unknown };
type Side = 'input' | 'output';
export type ToSchema = (type: z.ZodType, side: Side) => Json;

export interface Components {
  /** The schema, with every named part (`.meta({ id })`) moved to the components. */
  readonly schema: ToSchema;
  /** The document with the components in it, and every reference under its final name. */
  settle(document: Json): Json;
}

const PLACE = '#/components/schemas/';
const REFERENCE = /"#\/components\/schemas\/((?:input|output):(\w+))"/g;

export function createComponents(): Components {
  const sides: Record<Side, Map<string, Json>> = { input: new Map(), output: new Map() };
  const schema: ToSchema = (type, side) => {
    const made = z.toJSONSchema(type, { io: side, unrepresentable: 'any', target: 'draft-2020-12', override: open });
    const text = JSON.stringify(made).replaceAll('"#/$defs/', `"${PLACE}${side}:`);
    const { $defs = {}, $schema: _dialect, id: _id, ...own } = JSON.parse(text) as { $defs?: Record<string, Json> } & Json;
    for (const [id, { id: _own, ...part }] of Object.entries($defs)) sides[side].set(id, part);
    const id = z.globalRegistry.get(type)?.id;
    if (id === undefined) return own;
    // A type that is named by its own meta comes as a reference into its own $defs.
    if (own['$ref'] === undefined) sides[side].set(id, own);
    return { $ref: `${PLACE}${side}:${id}` };
  };
  return { schema, settle: (document) => settled(document, sides) };
}

/** Answers may grow: a reader must not refuse a field that it does not know. */
function open({ jsonSchema }: { jsonSchema: { additionalProperties?: unknown } }): void {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
}

function settled(document: Json, { input, output }: Record<Side, Map<string, Json>>): Json {
  const differing = idsThatDiffer(input, output);
  const nameOf = (side: string, id: string) => (side === 'output' && differing.has(id) ? `${id}Answer` : id);
  const rename = (value: Json): Json => {
    const text = JSON.stringify(value).replaceAll(
      REFERENCE,
      (_, sided: string, id: string) => `"${PLACE}${nameOf(sided.split(':')[0] ?? '', id)}"`,
    );
    return JSON.parse(text) as Json;
  };
  const schemas: Json = {};
  for (const [side, parts] of Object.entries({ input, output })) {
    for (const [id, part] of parts) schemas[nameOf(side, id)] = rename(part);
  }
  const renamed = rename(document);
  return { ...renamed, components: { ...(document['components'] as Json), schemas } };
}

/** Those on both sides that are not the same on both, by themselves or by what they refer to. */
function idsThatDiffer(input: ReadonlyMap<string, Json>, output: ReadonlyMap<string, Json>): Set<string> {
  const bare = (part: Json | undefined) => JSON.stringify(part).replaceAll(/"#\/components\/schemas\/\w+:/g, '"');
  const both = [...input.keys()].filter((id) => output.has(id));
  const differing = new Set(both.filter((id) => bare(input.get(id)) !== bare(output.get(id))));
  let before: number;
  do {
    before = differing.size;
    for (const id of both) {
      const refersTo = [...JSON.stringify(output.get(id)).matchAll(REFERENCE)].map((match) => match[2] ?? '');
      if (refersTo.some((other) => differing.has(other))) differing.add(id);
    }
  } while (differing.size > before);
  return differing;
}
