/** A provider's schema as the schema server reads it: what Terraform has to know to check a configuration. */

/** As Terraform writes types in JSON: `"string"`, `["list", "string"]`, `["object", { name: type }]`. */
export type AttributeType = string | readonly [string, AttributeType | { readonly [name: string]: AttributeType }];

export interface Attribute {
  /** Absent where the attribute is nested. */
  readonly type?: AttributeType;
  readonly nested?: NestedAttributes;
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  readonly sensitive?: boolean;
  readonly writeOnly?: boolean;
}

/** `attribute = { … }`, whose parts may be left out one by one; an object type's may not. */
export interface NestedAttributes {
  readonly nesting: 'list' | 'set' | 'single';
  readonly attributes: Record<string, Attribute>;
}

export interface NestedBlock extends Block {
  readonly nesting: 'list' | 'set' | 'single';
  /** At least one. */
  readonly required?: boolean;
  /** One at most. */
  readonly only?: boolean;
}

export interface Block {
  readonly attributes: Record<string, Attribute>;
  readonly blocks: Record<string, NestedBlock>;
}

export interface ProviderSchema {
  readonly provider: Block;
  readonly resources: Record<string, Block>;
  readonly data: Record<string, Block>;
  readonly ephemeral: Record<string, Block>;
}
