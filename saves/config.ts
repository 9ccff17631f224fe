import { z } from 'zod';
import { listenEnv, logEnv, mongoEnv, readConfig, tlsEnv, trustEnv } from '../runtime/config.ts';

const Env = z.object({ ...logEnv, ...listenEnv, ...tlsEnv, ...trustEnv, ...mongoEnv });

export type SavesConfig = z.output<typeof Env>;

/** @throws ConfigError with every fault. */
export function readSavesConfig(env: NodeJS.ProcessEnv): SavesConfig {
  return readConfig(Env, env);
}
