/** The generated classes of a provider's `@cdktf` package, cut into what the schema is read from. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** One resource, data source or the provider itself, with everything nested in it. */
export interface GeneratedCode {
  /** Name of a class → what it extends, and its body. */
  readonly classes: ReadonlyMap<string, { readonly base: string; readonly body: string }>;
  /** `xToHclTerraform` → its body, by `x`. */
  readonly mappers: ReadonlyMap<string, string>;
  /** Interface, in lower case (a mapper's name differs from it in its first letter) → the properties that may not be left out. */
  readonly required: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What an entry of a mapper says of one argument. */
export interface Argument {
  readonly name: string;
  /** As the interface has it. */
  readonly property: string;
  readonly isBlock: boolean;
  readonly kind: string;
  readonly storage: string;
  /** The nested mapper, where there is one. */
  readonly mapper: string | undefined;
  readonly isMany: boolean;
}

/** What a getter or a field says of one attribute. */
export interface Output {
  readonly name: string;
  /** `String`, `NumberList`, …, or the class of what is nested. */
  readonly type: string;
  readonly isSet: boolean;
}

const CLASS = /^class (\w+) extends ([\w.]+) \{([\s\S]*?)^\}/gm;
const MAPPER = /^function (\w+)ToHclTerraform\(struct\) \{([\s\S]*?)^\}/gm;
const INTERFACE = /^export interface (\w+)[^{]*\{([\s\S]*?)^\}/gm;
const PROPERTY = /^ {4}readonly (\w+)(\?)?:/gm;
const ARGUMENT = /^ +(\w+): \{\s+value: ([\s\S]*?),\s+isBlock: (true|false),\s+type: "(\w+)",\s+storageClassType: "(\w+)"/gm;
const GETTER = /^ {4}get (\w+)\(\) \{\s+return (cdktf\.Fn\.tolist\()?this\.get(\w*?)Attribute\(['"](\w+)['"]\)/gm;
const FIELD = /^ {8}this\._\w+ = new ([\w.]+)\(this, "(\w+)"(?:, (true|false))?/gm;
const STATIC_TYPE = /^\w+\.tfResourceType = "([\w-]+)"/gm;

export function readGeneratedCode(folder: string): GeneratedCode {
  const code = textOf(folder, '.js');
  const types = textOf(folder, '.d.ts');
  return {
    classes: new Map(
      [...code.matchAll(CLASS)].map(([, name = '', base = '', body = '']) => [name, { base: base.replace('cdktf.', ''), body }]),
    ),
    mappers: new Map([...code.matchAll(MAPPER)].map(([, name = '', body = '']) => [name, body])),
    required: new Map([...types.matchAll(INTERFACE)].map(([, name = '', body = '']) => [name.toLowerCase(), requiredOf(body)])),
  };
}

/** The types that a folder's classes stand for: `google_storage_bucket`. */
export function terraformTypes(folder: string): string[] {
  return [...readFileSync(path.join(folder, 'index.js'), 'utf8').matchAll(STATIC_TYPE)].map(([, name = '']) => name);
}

export function argumentsIn(body: string): Argument[] {
  return [...body.matchAll(ARGUMENT)].map(([, name = '', value = '', isBlock, kind = '', storage = '']) => ({
    name,
    property: /(?:struct\.|this\._)(\w+)/.exec(value)?.[1] ?? name,
    isBlock: isBlock === 'true',
    kind,
    storage,
    mapper: [...value.matchAll(/(?<!cdktf\.)\b(\w+)ToHclTerraform\b/g)].at(-1)?.[1],
    isMany: /(list|hash)Mapper/i.test(value),
  }));
}

export function outputsIn(body: string): Output[] {
  return [
    ...[...body.matchAll(GETTER)].map(([, , isSet, type = '', name = '']) => ({ name, type, isSet: isSet !== undefined })),
    ...[...body.matchAll(FIELD)].map(([, type = '', name = '', isSet]) => ({
      name,
      type: type.replace(/^structs\w*\./, ''),
      isSet: isSet === 'true',
    })),
  ];
}

function requiredOf(body: string): Set<string> {
  return new Set([...body.matchAll(PROPERTY)].flatMap(([, name = '', optional]) => (optional === undefined ? [name] : [])));
}

/** Large resources are spread over files of their own. */
function textOf(folder: string, ending: '.js' | '.d.ts'): string {
  const structs = path.join(folder, 'index-structs');
  const others = existsSync(structs) ? readdirSync(structs).filter((file) => file.endsWith(ending)) : [];
  return [path.join(folder, `index${ending}`), ...others.map((file) => path.join(structs, file))]
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
}
