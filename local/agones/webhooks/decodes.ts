/**
 * Whether an object has the types that its schema names. Agones leaves an object that it cannot decode to the API
 * server, whose schema check then says what is wrong with it.
 */
import type { Schema } from '../crds/schema.ts';

export function decodes(schema: Schema, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (schema['x-kubernetes-int-or-string'] === true) return typeof value === 'number' || typeof value === 'string';
  switch (schema['type']) {
    case 'string':
      return typeof value === 'string';
    case 'integer':
      return Number.isInteger(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'array':
      return Array.isArray(value) && value.every((item) => decodes(partOf(schema, 'items'), item));
    case 'object':
      return typeof value === 'object' && !Array.isArray(value) && fieldsDecode(schema, value);
    default:
      return true;
  }
}

function fieldsDecode(schema: Schema, value: object): boolean {
  const properties = partOf(schema, 'properties');
  const others = partOf(schema, 'additionalProperties');
  return Object.entries(value).every(([name, field]) => {
    const known = name in properties ? partOf(properties, name) : others;
    return decodes(known, field);
  });
}

function partOf(schema: Schema, name: string): Schema {
  const part = schema[name];
  return typeof part === 'object' && part !== null ? { ...part } : {};
}
