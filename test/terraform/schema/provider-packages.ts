/** The providers that terraform/ uses, and the npm packages that their schemas are read from. */
import type { NestedAs } from './extract-schema.ts';

export interface ProviderPackage {
  /** As it is called in a configuration. */
  readonly name: string;
  /** As Terraform finds it at its registry. */
  readonly source: string;
  /** Of the provider, which the package's own version tells nothing of. */
  readonly version: string;
  /** As what it is served, where `additions.ts` makes a newer one of it. */
  readonly servedAs?: string;
  readonly npm: string;
  readonly nestedAs: NestedAs;
  /** Types of a package of blocks whose nested things have become attributes since. */
  readonly attributesIn?: readonly string[];
}

export const PROVIDER_PACKAGES: readonly ProviderPackage[] = [
  { name: 'google', source: 'hashicorp/google', version: '6.50.0', npm: '@cdktf/provider-google@16.12.1', nestedAs: 'blocks' },
  {
    name: 'google-beta',
    source: 'hashicorp/google-beta',
    version: '6.50.0',
    npm: '@cdktf/provider-google-beta@16.12.1',
    nestedAs: 'blocks',
  },
  {
    name: 'mongodbatlas',
    source: 'mongodb/mongodbatlas',
    version: '1.41.1',
    // Private endpoints by port mapping, the only ones that Atlas keeps, and write-only passwords came with 2.x, of which there is no package.
    servedAs: '2.17.0',
    npm: '@cdktf/provider-mongodbatlas@8.6.2',
    nestedAs: 'blocks',
    attributesIn: ['mongodbatlas_advanced_cluster'],
  },
  // The newer plugin framework: `set = [{ … }]`, `kubernetes = { … }`.
  { name: 'helm', source: 'hashicorp/helm', version: '3.1.1', npm: '@cdktf/provider-helm@12.1.2', nestedAs: 'attributes' },
  { name: 'random', source: 'hashicorp/random', version: '3.7.2', npm: '@cdktf/provider-random@12.0.1', nestedAs: 'blocks' },
];
