/**
 * Reads a provider's schema out of its `@cdktf/provider-…` package, which is generated from that schema:
 *
 *   interface XConfig, interface X           `?` ─▶ optional
 *   synthesizeHclAttributes, xToHclTerraform ─▶ arguments: attribute or block; list, set or map
 *   getters of X and XOutputReference        ─▶ what else can be read: computed
 *
 * What the packages do not tell: which optional attributes are computed as well (taken: all but those that are only written), which are
 * sensitive, and how the provider checks values.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import {
  argumentsIn,
  outputsIn,
  readGeneratedCode,
  terraformTypes,
  type Argument,
  type GeneratedCode,
  type Output,
} from './generated-code.ts';
import type { Attribute, AttributeType, Block, NestedBlock, ProviderSchema } from './provider-schema.ts';

/** How what is nested is written: `block { … }`, or `attribute = { … }` as providers on the newer plugin framework may have it. */
export type NestedAs = 'blocks' | 'attributes';

export interface HowNested {
  readonly nestedAs: NestedAs;
  /** Types that write it as attributes where the others write blocks. */
  readonly attributesIn?: readonly string[];
}

/** Terraform's own in every resource; nested, the provider may have an argument of such a name. */
const META = new Set(['count', 'for_each', 'provider', 'connection', 'provisioners', 'lifecycle', 'depends_on', 'alias']);
const ROOTS: Readonly<Record<string, keyof ProviderSchema>> = {
  TerraformProvider: 'provider',
  TerraformDataSource: 'data',
  TerraformResource: 'resources',
};

/** @param lib the package's `lib` folder. */
export function extractSchema(lib: string, { nestedAs: usual, attributesIn = [] }: HowNested): ProviderSchema {
  const schema = { provider: { attributes: {}, blocks: {} }, resources: {}, data: {}, ephemeral: {} };
  const folders = readdirSync(lib).map((name) => path.join(lib, name));
  for (const folder of folders.filter((each) => existsSync(path.join(each, 'index.js')))) {
    const code = readGeneratedCode(folder);
    for (const type of terraformTypes(folder)) {
      const root = [...code.classes].find(([, { base }]) => ROOTS[base] !== undefined);
      if (root === undefined) throw new Error(`${folder} has no class for ${type}`);
      const [name, { base, body }] = root;
      const nestedAs = attributesIn.includes(type) ? 'attributes' : usual;
      const args = argumentsIn(body.slice(body.indexOf('synthesizeHclAttributes'))).filter((arg) => !META.has(arg.name));
      const block = blockOf(code, nestedAs, args, `${name}Config`, body);
      if (base === 'TerraformProvider') schema.provider = block;
      else Object.assign(base === 'TerraformDataSource' ? schema.data : schema.resources, { [type]: block });
    }
  }
  return schema;
}

function blockOf(code: GeneratedCode, nestedAs: NestedAs, args: readonly Argument[], shape: string, body: string): Block {
  const attributes: Record<string, Attribute> = {};
  const blocks: Record<string, NestedBlock> = {};
  const required = code.required.get(shape.toLowerCase()) ?? new Set();
  for (const arg of args) {
    const isRequired = required.has(arg.property);
    if (!arg.isBlock) attributes[arg.name] = { type: attributeType(arg), ...settable(isRequired, arg.name) };
    else if (nestedAs === 'attributes' && arg.name !== 'timeouts') {
      const { nesting, only, ...inner } = nestedBlock(code, nestedAs, arg, isRequired);
      const nested = { nesting: only === true && nesting === 'list' ? ('single' as const) : nesting, attributes: inner.attributes };
      attributes[arg.name] = { nested, ...settable(isRequired, arg.name) };
    } else blocks[arg.name] = nestedBlock(code, nestedAs, arg, isRequired);
  }
  const known = new Set([...Object.keys(attributes), ...Object.keys(blocks)]);
  for (const output of outputsIn(body).filter(({ name }) => !known.has(name))) {
    attributes[output.name] = { type: outputType(code, output), computed: true };
  }
  return { attributes, blocks };
}

function nestedBlock(code: GeneratedCode, nestedAs: NestedAs, arg: Argument, required: boolean): NestedBlock {
  const shape = arg.mapper ?? '';
  const className = `${shape.charAt(0).toUpperCase()}${shape.slice(1)}OutputReference`;
  const block = blockOf(code, nestedAs, argumentsIn(code.mappers.get(shape) ?? ''), shape, code.classes.get(className)?.body ?? '');
  if (arg.name === 'timeouts') return { nesting: 'single', ...block };
  return { nesting: arg.kind === 'set' ? 'set' : 'list', required, only: !arg.isMany, ...block };
}

function settable(required: boolean, name: string): Omit<Attribute, 'type'> {
  const writeOnly = name.endsWith('_wo');
  return { required, optional: !required, computed: !required && !writeOnly, writeOnly };
}

/** `string`, `stringList`, `numberMap`, `stringListMap`: the outermost comes last, and is a set where the kind says so. */
function attributeType({ storage, kind }: Argument): AttributeType {
  const [, element = 'string', around = ''] = /^(string|number|boolean|any)(\w*)$/.exec(storage) ?? [];
  const layers = around.match(/List|Set|Map/g) ?? [];
  const inner: AttributeType = element === 'boolean' ? 'bool' : element === 'any' ? 'dynamic' : element;
  return layers.reduce<AttributeType>(
    (type, layer, index) => [index === layers.length - 1 && kind === 'set' ? 'set' : layer.toLowerCase(), type],
    inner,
  );
}

function outputType(code: GeneratedCode, { type, isSet }: Output): AttributeType {
  const simple = /^(?:cdktf\.)?(String|Number|Boolean|Any)?(Map)?(List)?$/.exec(type);
  if (simple !== null) {
    const [, element = 'String', map, list] = simple;
    const inner: AttributeType = element === 'Boolean' ? 'bool' : element.toLowerCase();
    const mapped: AttributeType = map === undefined ? inner : ['map', inner];
    return list === undefined ? mapped : [isSet ? 'set' : 'list', mapped];
  }
  const className = type.replace(/(List|Map)$/, 'OutputReference');
  const outputs = outputsIn(code.classes.get(className)?.body ?? '');
  const object: AttributeType = ['object', Object.fromEntries(outputs.map((each) => [each.name, outputType(code, each)]))];
  if (type.endsWith('Map')) return ['map', object];
  return type.endsWith('List') ? [isSet ? 'set' : 'list', object] : object;
}
