/** What builds images here: the first that works. */
import type { Workshop } from '../../tools/command.ts';
import type { Builder } from './builder.ts';
import { buildahBuilder } from './buildah.ts';
import { buildxBuilder } from './buildx.ts';

const BUILDERS: readonly Builder[] = [buildxBuilder, buildahBuilder('podman'), buildahBuilder('buildah')];

/** @param wanted only this one will do. @returns it, or why none works. */
export async function findBuilder(shop: Workshop, wanted: Builder['name'] | undefined): Promise<Builder | { readonly fault: string }> {
  const faults: string[] = [];
  for (const candidate of BUILDERS.filter(({ name }) => wanted === undefined || name === wanted)) {
    const fault = await candidate.check(shop);
    if (fault === undefined) return candidate;
    faults.push(`${candidate.name}: ${fault}`);
  }
  return { fault: faults.join('; ') };
}
