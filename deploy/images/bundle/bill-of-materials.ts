/** What is in an image beside its base, as CycloneDX: npm's own words about each package, for those alone that are really in the bundle. Pure. */
import { z } from 'zod';

const Component = z.looseObject({ 'bom-ref': z.string(), name: z.string(), version: z.string().optional() });
/** What `npm sbom --sbom-format=cyclonedx` prints. */
export const NpmBill = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string(),
  metadata: z.looseObject({ component: Component }),
  components: z.array(Component),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).default([]) })),
});
export type NpmBill = z.infer<typeof NpmBill>;

export interface Delivered {
  /** Of the image, and of what is started in it. */
  readonly name: string;
  /** As name and version, such as `express@5.3.0`. */
  readonly packages: readonly string[];
  /** Without its `v`. */
  readonly node: string;
}

/** @throws for a package that npm's bill does not name: then bundle and lock file do not belong together. */
export function billOf(npm: NpmBill, { name, packages, node }: Delivered): object {
  const known = new Map(npm.components.map((component) => [`${component.name}@${component.version}`, component]));
  const missing = packages.filter((each) => !known.has(each));
  if (missing.length > 0) throw new Error(`not in package-lock.json: ${missing.join(', ')}`);
  const components = packages.flatMap((each) => known.get(each) ?? []);
  const own = { ...npm.metadata.component, type: 'application', name };
  const runtime = {
    'bom-ref': `node@${node}`,
    type: 'platform',
    name: 'node',
    version: node,
    purl: `pkg:generic/node@${node}`,
    licenses: [{ license: { id: 'MIT' } }],
  };
  const refs = new Set([own['bom-ref'], ...components.map((component) => component['bom-ref'])]);
  const kept = npm.dependencies.filter(({ ref }) => refs.has(ref));
  return {
    bomFormat: npm.bomFormat,
    specVersion: npm.specVersion,
    version: 1,
    // Without a time or a number of its own: the same packages give the same bytes.
    metadata: { lifecycles: [{ phase: 'build' }], component: own },
    components: [runtime, ...components],
    dependencies: kept.map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) })),
  };
}
