/**
 * What is true of a provider and its package does not tell: values that Terraform has to hide, and arguments that are newer than the
 * package. A newer argument stands here with why it is right, and in docs/terraform.md.
 */
import type { Attribute, Block, ProviderSchema } from './provider-schema.ts';

export interface Addition {
  /** `resources.TYPE.block.argument`. */
  readonly path: string;
  readonly attribute: Attribute;
  /** It is known, and has become another. */
  readonly replaces?: boolean;
  readonly why: string;
}

/** By provider. */
export const ADDITIONS: Readonly<Record<string, readonly Addition[]>> = {
  mongodbatlas: [
    {
      path: 'resources.mongodbatlas_privatelink_endpoint.port_mapping_enabled',
      attribute: { type: 'bool', optional: true, computed: true },
      why: 'since 2.x; the provider’s example gcp-port-mapped has it, and Atlas ends endpoints without it on 30 April 2027',
    },
    {
      path: 'resources.mongodbatlas_database_user.password_wo',
      attribute: { type: 'string', optional: true, writeOnly: true },
      why: 'since 2.17; the provider’s page on the resource advises it instead of password',
    },
    {
      path: 'resources.mongodbatlas_database_user.password_wo_version',
      attribute: { type: 'number', optional: true },
      why: 'since 2.17, beside password_wo: a new number has it written',
    },
    {
      path: 'resources.mongodbatlas_advanced_cluster.use_effective_fields',
      attribute: { type: 'bool', optional: true },
      why: 'since 2.x; the provider’s page on auto-scaling names it as what keeps a scaled size from being planned away',
    },
    {
      path: 'resources.mongodbatlas_advanced_cluster.tags',
      replaces: true,
      attribute: { type: ['map', 'string'], optional: true },
      why: 'a map since 2.0, a set of blocks before: the provider’s page on the resource writes it so',
    },
    ...['resources', 'data'].map((kind) => ({
      path: `${kind}.mongodbatlas_advanced_cluster.connection_strings`,
      replaces: true,
      attribute: {
        type: [
          'object',
          {
            private: 'string',
            private_srv: 'string',
            standard: 'string',
            standard_srv: 'string',
            private_endpoint: [
              'list',
              [
                'object',
                {
                  connection_string: 'string',
                  srv_connection_string: 'string',
                  srv_shard_optimized_connection_string: 'string',
                  type: 'string',
                  endpoints: ['list', ['object', { endpoint_id: 'string', provider_name: 'string', region: 'string' }]],
                },
              ],
            ],
          },
        ] as const,
        computed: true,
      },
      why: 'one object since 2.0, a list of one before: the provider’s example gcp-port-mapped reads it so',
    })),
  ],
};

/** No package tells of ephemeral resources. By provider; each stands in docs/terraform.md as well. */
export const EPHEMERAL: Readonly<Record<string, ProviderSchema['ephemeral']>> = {
  // Since 3.7: the arguments of the resource of this name, without `keepers`, `id`.
  random: {
    random_password: {
      attributes: {
        length: { type: 'number', required: true },
        ...Object.fromEntries(
          ['lower', 'numeric', 'special', 'upper'].map((name) => [name, { type: 'bool', optional: true, computed: true }]),
        ),
        ...Object.fromEntries(
          ['min_lower', 'min_numeric', 'min_special', 'min_upper'].map((name) => [
            name,
            { type: 'number', optional: true, computed: true },
          ]),
        ),
        override_special: { type: 'string', optional: true },
        bcrypt_hash: { type: 'string', computed: true, sensitive: true },
        result: { type: 'string', computed: true, sensitive: true },
      },
      blocks: {},
    },
  },
};

/** Secret in the real provider: an output that gives one without saying so is an error. */
export const SENSITIVE: Readonly<Record<string, readonly string[]>> = {
  random: ['resources.random_password.result', 'resources.random_password.bcrypt_hash'],
  mongodbatlas: ['resources.mongodbatlas_database_user.password', 'resources.mongodbatlas_database_user.password_wo'],
  google: ['resources.google_secret_manager_secret_version.secret_data', 'resources.google_container_cluster.master_auth.client_key'],
};

/** @throws for a path that leads nowhere: the package has moved on, and the line is to go. */
export function addTo(schema: ProviderSchema, provider: string): ProviderSchema {
  const grown = structuredClone(schema);
  for (const { path, attribute, replaces = false } of ADDITIONS[provider] ?? []) {
    const { block, name } = placeOf(grown, path);
    if ((block.attributes[name] !== undefined) !== replaces)
      throw new Error(`${path} is ${replaces ? 'not known' : 'known by now'}: mend the additions`);
    block.attributes[name] = attribute;
  }
  for (const path of SENSITIVE[provider] ?? []) {
    const { block, name } = placeOf(grown, path);
    const attribute = block.attributes[name];
    if (attribute === undefined) throw new Error(`${path} is in no schema`);
    // No provider makes up a secret that may be given.
    block.attributes[name] = {
      ...attribute,
      sensitive: true,
      computed: attribute.optional === true ? false : (attribute.computed ?? false),
    };
  }
  return { ...grown, ephemeral: { ...grown.ephemeral, ...EPHEMERAL[provider] } };
}

function placeOf(schema: ProviderSchema, path: string): { block: Block; name: string } {
  const [kind = '', type = '', ...rest] = path.split('.');
  const groups: Readonly<Record<string, Readonly<Record<string, Block>>>> = { resources: schema.resources, data: schema.data };
  let block = groups[kind]?.[type];
  for (const step of rest.slice(0, -1)) block = block?.blocks[step];
  if (block === undefined) throw new Error(`${path} leads nowhere`);
  return { block, name: rest.at(-1) ?? '' };
}
