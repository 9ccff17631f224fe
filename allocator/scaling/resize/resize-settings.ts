/** How the allocator resizes game servers, from the environment. */
import { z } from 'zod';

export const resizeEnv = {
  RESIZE: z
    .enum(['auto', 'off'])
    .default('auto')
    .describe('auto: game servers of fleets with a resize profile are resized in place, where their cluster can'),
  RESIZE_AT_ONCE: z.coerce.number().int().min(1).max(64).default(4).describe('pods of a cluster that are resized at the same time'),
  RESIZE_PER_SECOND: z.coerce.number().min(0.1).max(200).default(20).describe('pods of a cluster that are begun with in a second'),
  RESIZE_LOOK_MS: z.coerce
    .number()
    .int()
    .min(100)
    .default(15_000)
    .describe('whether pods can be resized in place, and whether we may, is looked at so often'),
};
