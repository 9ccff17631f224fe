/** The definition of GKE's ServiceExport, made again from the type that others made of it: there is nothing to set, it says all by its name. */
import { arrayOf, definitionOf, flag, object, text, type Schema } from '../../local/agones/crds/schema.ts';

/** Descriptions are no part of it. */
const COMMENT = /\/\*\*[\s\S]*?\*\//g;
const FIELD = /^"(?<name>\w+)"(?<optional>\??): (?<type>.+?);?$/;

export function serviceExportDefinition(declaration: string): Schema {
  const [, body] = /export interface IServiceExport \{\n([\s\S]*?)^\}/m.exec(declaration) ?? [];
  if (body === undefined) throw new Error('it declares no ServiceExport');
  const lines = body
    .replaceAll(COMMENT, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const schema = objectOf(lines);
  if (lines.length > 0) throw new Error(`it was not understood from here on: ${lines[0]}`);
  return definitionOf({
    group: 'net.gke.io',
    kind: 'ServiceExport',
    singular: 'serviceexport',
    plural: 'serviceexports',
    shortNames: [],
    schema,
    subresources: { status: {} },
  });
}

/** Takes the lines of one object off, its closing brace included. */
function objectOf(lines: string[]): Schema {
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (let line = lines.shift(); line !== undefined && !line.startsWith('}'); line = lines.shift()) {
    const { name, optional, type } = FIELD.exec(line)?.groups ?? {};
    if (name === undefined || type === undefined) throw new Error(`it was not understood: ${line}`);
    if (optional === '') required.push(name);
    properties[name] = ofType(type, lines);
  }
  return object(properties, required);
}

function ofType(type: string, lines: string[]): Schema {
  if (type === '{') return objectOf(lines);
  if (type === 'Array<{') return arrayOf(objectOf(lines));
  if (type === 'string' || type.startsWith('"')) return text();
  if (type === 'boolean') return flag;
  if (type === 'IObjectMeta') return { type: 'object' };
  throw new Error(`there is no schema of the type ${type}`);
}
