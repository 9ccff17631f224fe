/** What the person asks for, from the environment that `make` passes on. */
import { z } from 'zod';
import { ConfigError } from '../../runtime/config.ts';

export const ENVIRONMENTS = ['dev', 'staging', 'prod'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

const isSet = z
  .string()
  .default('')
  .refine((text) => ['', '0', '1'].includes(text), 'is 1 or not set')
  .transform((text) => text === '1');

const Asked = z.object({
  ENV: z.enum(ENVIRONMENTS, { error: 'is one of dev, staging, prod: say which, as in ENV=dev' }),
  PLAN: isSet.describe('1 shows what would be done and does nothing'),
  YES: isSet.describe('1 asks nothing, for a machine that runs it'),
  CONFIRM: z.string().default('').describe('the environment’s name, to destroy prod without a terminal'),
  TAG: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, 'is an image tag')
    .optional()
    .describe('tag of the images; the short git commit by default'),
  REGIONS: z
    .string()
    .regex(/^[a-z0-9-]+(,[a-z0-9-]+)*$/, 'is a list of regions with commas between')
    .optional()
    .describe('the only regions in which clusters are touched'),
});

export interface Request {
  readonly environment: Environment;
  readonly planOnly: boolean;
  readonly yes: boolean;
  readonly confirmed: string;
  readonly tag: string | undefined;
  readonly only: readonly string[] | undefined;
}

/** @throws ConfigError with every fault. */
export function readRequest(env: Readonly<Record<string, string | undefined>>): Request {
  // A plan alone can do no harm: without a name it is that of the smallest environment.
  const named = env['ENV'] || env['PLAN'] !== '1' ? env : { ...env, ENV: 'dev' };
  const given = Object.fromEntries(Object.keys(Asked.shape).flatMap((name) => (named[name] ? [[name, named[name]]] : [])));
  const parsed = Asked.safeParse(given);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
  const { ENV, PLAN, YES, CONFIRM, TAG, REGIONS } = parsed.data;
  return { environment: ENV, planOnly: PLAN, yes: YES, confirmed: CONFIRM, tag: TAG, only: REGIONS?.split(',') };
}
