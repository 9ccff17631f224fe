/** How the process of a game server came to its end, as the bridge beside it found. */
import { z } from 'zod';

/** Most that is told of a log: the whole tail stays with the bridge. */
export const CRASH_LINES = 20;
export const CRASH_LINE_LENGTH = 300;

export const Crash = z
  .object({
    exitCode: z.int().min(0).max(255).optional().describe('Of the process, where something was there to see it'),
    signal: z.string().max(16).optional().describe('What ended it, such as SIGSEGV'),
    lastLines: z
      .array(z.string().max(CRASH_LINE_LENGTH))
      .max(CRASH_LINES)
      .default([])
      .describe('The end of its log, shortened, without what looks like a secret'),
    dump: z
      .object({ name: z.string().max(256), bytes: z.int().min(0) })
      .optional()
      .describe('The newest dump that it left'),
  })
  .meta({ id: 'Crash' });
export type Crash = z.infer<typeof Crash>;
