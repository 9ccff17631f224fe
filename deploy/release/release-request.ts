/** What the person asks for, from the environment that `make` passes on. */
import { z } from 'zod';
import { readConfig } from '../../runtime/config.ts';
import { Build, KubeName } from '../../contracts/words.ts';

const isSet = z
  .enum(['0', '1'], { error: 'is 1 or not set' })
  .default('0')
  .transform((text) => text === '1');
const amount = (unit: string, initial: number, about: string) =>
  z.coerce
    .number({ error: `is a number of ${unit}` })
    .min(0)
    .default(initial)
    .describe(about);

const Common = z.object({
  ENV: KubeName.default('dev').describe('the environment, whose clusters .deploy/ENV knows'),
  CONTEXTS: z
    .string()
    .regex(/^[^,=]+(=[^,=]+)?(,[^,=]+(=[^,=]+)?)*$/, 'is a list with commas between: CONTEXT or REGION=CONTEXT')
    .optional()
    .describe('the clusters, by their contexts in KUBECONFIG; by default those that .deploy/ENV knows'),
  FLEETS: z
    .string()
    .regex(/^[a-z0-9-]+(,[a-z0-9-]+)*$/, 'is a list of fleets with commas between')
    .optional()
    .describe('the only fleets; all by default'),
  NAMESPACE: KubeName.default('lifeverse').describe('where the game servers are'),
  OVERLAP: amount('minutes', 15, 'minutes for which the build that leaves stays open to those who still have it'),
  KEEP: amount('hours', 48, 'hours for which a closed and empty fleet is kept for a rollback'),
  PATIENCE: amount('seconds', 20, 'seconds for which a server may fail to start for the same reason'),
  READY_MINUTES: amount('minutes', 15, 'minutes that the new servers may take to be Ready'),
  PLAN: isSet.describe('1 shows what would be done and does nothing'),
  YES: isSet.describe('1 asks nothing'),
});

const Release = z.object({
  BUILD: Build.describe('the build that is to be current, as in BUILD=1.4.2'),
  IMAGE: z
    .string()
    .regex(/^[\w.:/@-]+$/, 'is the name of an image')
    .optional()
    .describe("the game server's image; by default the one that the manifests name"),
  MANIFESTS: z.string().optional().describe('folder to take the fleets from, in every cluster; by default .deploy/ENV/REGION/game-servers'),
  ...Common.shape,
});

const MINUTE_MS = 60_000;

/** A cluster as the person named it. */
export interface AskedCluster {
  readonly region: string;
  readonly context: string;
}

/** @throws ConfigError with every fault. */
export function readRollback(env: NodeJS.ProcessEnv) {
  return commonOf(readConfig(Common, env));
}
export type RollbackRequest = ReturnType<typeof readRollback>;

/** @throws ConfigError with every fault. */
export function readRelease(env: NodeJS.ProcessEnv) {
  const { BUILD, IMAGE, MANIFESTS, ...common } = readConfig(Release, env);
  return { ...commonOf(common), build: BUILD, image: IMAGE, manifests: MANIFESTS };
}
export type ReleaseRequest = ReturnType<typeof readRelease>;

function commonOf(common: z.output<typeof Common>) {
  return {
    environment: common.ENV,
    clusters: common.CONTEXTS?.split(',').map(askedCluster),
    fleets: common.FLEETS?.split(','),
    namespace: common.NAMESPACE,
    overlapMs: common.OVERLAP * MINUTE_MS,
    keepMs: common.KEEP * 60 * MINUTE_MS,
    patienceMs: common.PATIENCE * 1_000,
    readyMs: common.READY_MINUTES * MINUTE_MS,
    planOnly: common.PLAN,
    yes: common.YES,
  };
}

function askedCluster(text: string): AskedCluster {
  const [first = '', second] = text.split('=');
  return { region: first, context: second ?? first };
}
