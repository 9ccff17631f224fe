/** What `make images` wrote down of what it built. */
import { z } from 'zod';
import type { BuiltImages } from './known.ts';

const Images = z.object({
  registry: z.string().min(1),
  tag: z.string().min(1),
  pushed: z.boolean().default(true),
  images: z.record(z.string(), z.string().regex(/^sha256:[0-9a-f]{64}$/, 'is no digest')),
});

/** @throws where it is of another shape. */
export function parseBuiltImages(text: string): BuiltImages {
  return Images.parse(JSON.parse(text));
}
