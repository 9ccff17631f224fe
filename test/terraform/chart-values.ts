/** Judges values as a chart's own schema does, and stricter: helm would pass over a misspelt one. */
import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { chartSchemasPart } from '../../local/parts/chart-schemas-part.ts';
import { obtainParts } from '../../local/parts/obtain-parts.ts';
import { testStack } from '../../local/testing.ts';

const Schemas = z.record(z.string(), z.record(z.string(), z.unknown()));

/** @returns what the schema has against the values of one of its charts, a line each. */
export async function openChartJudge(): Promise<(chart: string, values: unknown) => string[]> {
  const [file = ''] = await obtainParts([chartSchemasPart], (await testStack()).around);
  const schemas = Schemas.parse(JSON.parse(await readFile(file, 'utf8')));
  return (chart, values) => {
    const schema = schemas[chart];
    if (schema === undefined) throw new Error(`there is no schema of ${chart}`);
    const validate = new Ajv2020({ allErrors: true, strict: false, validateSchema: false }).compile(closed(schema));
    if (validate(values)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath}: ${message} ${Object.values(params).join(', ')}`,
    );
  };
}

/** The schema, with every object that tells its fields taking no others. */
function closed<T>(schema: T): T;
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((each: unknown) => closed(each));
  if (typeof schema !== 'object' || schema === null) return schema;
  const within = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isOpen = 'properties' in schema && typeof schema.properties === 'object' && !('additionalProperties' in schema);
  return isOpen ? { ...within, additionalProperties: false } : within;
}
