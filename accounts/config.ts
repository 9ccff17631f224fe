/** The accounts service's configuration, from the environment. */
import { z } from 'zod';
import { mongoEnv, readConfig, serviceEnv } from '../runtime/config.ts';

const Env = z.object({
  ...serviceEnv,
  ...mongoEnv,
  ACCOUNTS_ISSUER: z.url().describe('our public https URL; `iss` of access tokens'),
  ACCOUNTS_SECRET: z.string().min(32).describe('at least 32 random characters; encrypts the signing keys at rest'),
});

export type AccountsConfig = z.infer<typeof Env>;

export function readAccountsConfig(env: NodeJS.ProcessEnv): AccountsConfig {
  return readConfig(Env, env);
}
