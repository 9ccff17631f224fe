/** The allocator's configuration, from the environment and the clusters file. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { KubeName } from '../contracts/words.ts';
import { ConfigError, mongoEnv, readConfig, redisEnv, serviceEnv, serviceTokenEnv } from '../runtime/config.ts';

const Env = z.object({
  ...serviceEnv,
  ...mongoEnv,
  ...redisEnv,
  ...serviceTokenEnv,
  ALLOCATOR_ISSUER: z.url().describe('our public https URL; `iss` of join tickets and session grants'),
  ALLOCATOR_OWNER: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .default('lifeverse')
    .describe('label value on every game server that is ours'),
  CLUSTERS_FILE: z.string().describe('YAML or JSON list of {name, region, kubeconfig, context?, namespace, weight?}'),
  SAVES_URL: z.url().describe('the saves service, for world leases'),
  ACCEPT_SECONDS: z.coerce.number().min(1).max(600).default(60).describe('a bound server must be joinable within this'),
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
  ASK_TIMEOUT_MS: z.coerce.number().int().min(100).max(30_000).default(2_000).describe('a cluster must answer an ask within this'),
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
  WORKERS: z.coerce.number().int().min(1).max(256).default(32).describe('placements at once in this process'),
});

export const ClusterConfig = z.object({
  name: KubeName,
  region: KubeName,
  kubeconfig: z.string().describe('path of a kubeconfig file'),
  context: z.string().optional().describe('its current context by default'),
  namespace: KubeName,
  weight: z.number().positive().default(1),
});
export type ClusterConfig = z.infer<typeof ClusterConfig>;

export type AllocatorConfig = z.infer<typeof Env>;

export function readAllocatorConfig(env: NodeJS.ProcessEnv): AllocatorConfig {
  return readConfig(Env, env);
}

/** @throws ConfigError when the file cannot be read, is malformed, or names a cluster twice. */
export function readClusters(file: string): ClusterConfig[] {
  const parsed = z
    .array(ClusterConfig)
    .min(1)
    .safeParse(parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => `${file}: ${issue.path.join('.')}: ${issue.message}`));
  const names = parsed.data.map((cluster) => cluster.name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new ConfigError([`${file}: the cluster ${twice} is listed twice`]);
  return parsed.data;
}
