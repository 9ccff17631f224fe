/** Words for writing OpenAPI schemas of custom resources. */

export type Schema = Readonly<Record<string, unknown>>;

export const object = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: 'object',
  ...(required.length === 0 ? {} : { required }),
  properties,
});

export const arrayOf = (items: Schema, extra: Schema = {}): Schema => ({ type: 'array', items, ...extra });

export const mapOf = (value: Schema, extra: Schema = {}): Schema => ({
  type: 'object',
  additionalProperties: value,
  ...extra,
});

export const text = (extra: Schema = {}): Schema => ({ type: 'string', ...extra });

export const oneOf = (values: readonly string[], extra: Schema = {}): Schema => ({ type: 'string', enum: values, ...extra });

export const integer = (minimum?: number, maximum?: number, extra: Schema = {}): Schema => ({
  type: 'integer',
  ...(minimum === undefined ? {} : { minimum }),
  ...(maximum === undefined ? {} : { maximum }),
  ...extra,
});

export const flag: Schema = { type: 'boolean' };

export const texts: Schema = mapOf(text());

export const time = text({ format: 'date-time' });

export const intOrText: Schema = {
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  'x-kubernetes-int-or-string': true,
};

export const nullable = (schema: Schema): Schema => ({ ...schema, nullable: true });

/** Whatever its fields, they are kept. */
export const anything: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
}

export interface CustomResource {
  readonly group: string;
  readonly kind: string;
  readonly singular: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly schema: Schema;
  readonly columns?: readonly Column[];
  readonly subresources?: Schema;
  readonly selectableFields?: readonly string[];
}

/** The CustomResourceDefinition that serves a resource as version v1. */
export function definitionOf(resource: CustomResource): Schema {
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: resource.schema },
    ...(resource.columns === undefined ? {} : { additionalPrinterColumns: resource.columns }),
    ...(resource.subresources === undefined ? {} : { subresources: resource.subresources }),
    ...(resource.selectableFields === undefined ? {} : { selectableFields: resource.selectableFields.map((jsonPath) => ({ jsonPath })) }),
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource.plural}.${resource.group}` },
    spec: {
      group: resource.group,
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        singular: resource.singular,
        shortNames: resource.shortNames,
      },
      scope: 'Namespaced',
      versions: [version],
    },
  };
}
