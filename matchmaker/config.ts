import { z } from 'zod';
import { jsonVariable, mongoEnv, readConfig, serviceEnv, serviceTokenEnv } from '../runtime/config.ts';
import { Modes } from './mode.ts';

const Env = z.object({
  ...serviceEnv,
  ...mongoEnv,
  ...serviceTokenEnv,
  ALLOCATOR_URL: z.url({ protocol: /^https?$/ }).describe('https origin of the allocator'),
  MATCH_MODES: jsonVariable(Modes, 'JSON object mode → {fleet, map, players, …}, or file:PATH'),
});

export type MatchmakerConfig = z.output<typeof Env>;

/** @throws ConfigError with every fault. */
export function readMatchmakerConfig(env: NodeJS.ProcessEnv): MatchmakerConfig {
  return readConfig(Env, env);
}
