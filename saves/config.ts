import { z } from 'zod';
import { mongoEnv, readConfig, serviceEnv } from '../runtime/config.ts';

const Env = z.object({ ...serviceEnv, ...mongoEnv });

export type SavesConfig = z.output<typeof Env>;

/** @throws ConfigError with every fault. */
export function readSavesConfig(env: NodeJS.ProcessEnv): SavesConfig {
  return readConfig(Env, env);
}
