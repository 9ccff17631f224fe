/** How far a journal has come, and what one endpoint of the bridge has in common with all others. */
import { z } from 'zod';
import { ORDINARY } from '../endpoint.ts';
import { EntryRefusal } from '../saves.ts';

export const RefusedEntry = EntryRefusal.extend({ seq: z.int() }).meta({ id: 'RefusedEntry' });
export type RefusedEntry = z.infer<typeof RefusedEntry>;

export const Acks = z
  .object({
    accepted: z.int().describe("On this pod's disk"),
    durable: z.int().describe('Stored in saves: only this is promised'),
    readOnly: z.boolean(),
    refused: z
      .array(RefusedEntry)
      .optional()
      .describe('Accepted, and never taken by saves: `durable` passes their places, and nothing of them is kept. Undo them'),
  })
  .meta({ id: 'Acks' });
export type Acks = z.infer<typeof Acks>;

/** Every endpoint of the bridge: reached over loopback only, and safe to send again. */
export const LOCAL = { access: 'public', idempotency: 'repeatable', limits: { ...ORDINARY, perMinute: 1_000_000 } } as const;
/** For a call that waits up to 30 s. */
export const LONG = { ...LOCAL.limits, timeoutMs: 40_000 } as const;
export const DONE = { 200: { description: 'Done', body: z.object({}) } } as const;
