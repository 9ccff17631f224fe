/** The allocator's configuration, from the environment. */
import { z } from 'zod';
import { googleEnv, mongoEnv, readConfig, redisEnv, redisFits, serviceEnv, serviceTokenEnv } from '../runtime/config.ts';
import { clusterEnv } from './clusters/cluster-settings.ts';
import { resizeEnv } from './scaling/resize/resize-settings.ts';

const Env = z.object({
  ...serviceEnv,
  ...mongoEnv,
  ...redisEnv,
  ...googleEnv,
  ...serviceTokenEnv,
  ...clusterEnv,
  ...resizeEnv,
  ALLOCATOR_ISSUER: z.url().describe('our public https URL; `iss` of join tickets and session grants'),
  ALLOCATOR_OWNER: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .default('lifeverse')
    .describe('label value on every game server that is ours'),
  SAVES_URL: z.url().describe('the saves service, for world leases'),
  ACCEPT_SECONDS: z.coerce.number().min(1).max(600).default(60).describe('a bound server must be joinable within this'),
  ASK_TIMEOUT_MS: z.coerce.number().int().min(100).max(30_000).default(2_000).describe('a cluster must answer an ask within this'),
  WEBHOOK_PRIVATE_ADDRESSES: z
    .enum(['allow', 'refuse'])
    .default('refuse')
    .describe('allow: webhooks may go to private addresses and by http, as on a laptop or inside a cluster'),
  WEBHOOK_GIVE_UP_SECONDS: z.coerce
    .number()
    .min(1)
    .max(7 * 86_400)
    .default(86_400)
    .describe('a webhook has so long to take an event'),
  ADOPT_AFTER_SECONDS: z.coerce
    .number()
    .min(0)
    .max(3_600)
    .default(30)
    .describe('a game server that knows more than the database, as after a restore, is adopted after this'),
  RELEASE_BRAKE_PERCENT: z.coerce
    .number()
    .min(0)
    .max(100)
    .default(5)
    .describe('per cent of the Allocated game servers that may be released in a minute without the database vouching for it'),
  RELEASE_BRAKE_LEAST: z.coerce.number().int().min(0).max(10_000).default(20).describe('so many may be in any case'),
  RELEASE_BRAKE_QUIET_SECONDS: z.coerce
    .number()
    .min(1)
    .max(86_400)
    .default(600)
    .describe('the brake lets go by itself when nothing was held back for so long'),
  TICKET_KEY_DAYS: z.coerce
    .number()
    .positive()
    .max(365)
    .default(30)
    .describe('how long a key signs join tickets and session grants, in days'),
  TICKET_KEY_LEAD_SECONDS: z.coerce
    .number()
    .min(1)
    .default(3_600)
    .describe('how long such a key is published before it signs: longer than anybody keeps a key set'),
  ALLOCATOR_KEY_SECRET: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((one) => (one.trim() === '' ? [] : [Buffer.from(one.trim(), 'base64')])))
    .refine((secrets) => secrets.every((secret) => secret.length === 32), 'is 32 bytes in base64 (openssl rand -base64 32)')
    .describe('seals signing keys at rest; several, newest first, are separated by commas'),
  LINE_BACKSTOP_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(600_000)
    .default(2_000)
    .describe('those who wait are looked at so often, whatever wakes them besides, also for builds that were closed'),
  WORKERS: z.coerce.number().int().min(1).max(256).default(32).describe('placements at once in this process'),
});

export type AllocatorConfig = z.infer<typeof Env>;

export function readAllocatorConfig(env: NodeJS.ProcessEnv): AllocatorConfig {
  return readConfig(Env.check(redisFits), env);
}
