/** Which images of a tag the registry has. There a tag never moves: what is under it is what was built from that commit. Pure. */
import { z } from 'zod';
import { DEPLOYED } from '../images/image-table.ts';

/** Those that every deployment runs. */
export const DEPLOYED_IMAGES: readonly string[] = DEPLOYED.map(({ name }) => name);

const Listed = z.array(
  z.object({
    package: z.string(),
    version: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'is no digest'),
    tags: z.array(z.string()).default([]),
  }),
);

/** @param text of `gcloud artifacts docker images list --include-tags --format=json`. @returns name → digest. */
export function imagesUnder(tag: string, registry: string, names: readonly string[], text: string): Record<string, string> {
  const ofTag = Listed.parse(JSON.parse(text.trim() || '[]')).filter(({ tags }) => tags.includes(tag));
  return Object.fromEntries(
    names.flatMap((name) => {
      const image = ofTag.find((one) => one.package === `${registry}/${name}`);
      return image === undefined ? [] : [[name, image.version]];
    }),
  );
}
