/** How much of a region's quotas an environment may come to use, with every node pool at its largest. */
import type { Environment } from './request.ts';

/** By Google's names of regional quotas. */
type Need = Readonly<Record<string, number>>;

/** Game servers, Agones, metrics. */
const GAME_SERVERS: Readonly<Record<Environment, Need>> = {
  dev: { CPUS: 24, IN_USE_ADDRESSES: 8, SSD_TOTAL_GB: 500 },
  staging: { CPUS: 64, IN_USE_ADDRESSES: 16, SSD_TOTAL_GB: 1_000 },
  prod: { CPUS: 400, IN_USE_ADDRESSES: 64, SSD_TOTAL_GB: 5_000 },
};
/** Where accounts, allocator, matchmaker and saves run, so much is added. */
const SERVICES: Readonly<Record<Environment, Need>> = {
  dev: { CPUS: 8, IN_USE_ADDRESSES: 2, SSD_TOTAL_GB: 100 },
  staging: { CPUS: 16, IN_USE_ADDRESSES: 2, SSD_TOTAL_GB: 200 },
  prod: { CPUS: 48, IN_USE_ADDRESSES: 2, SSD_TOTAL_GB: 400 },
};

export function regionNeed(environment: Environment, services: boolean): Need {
  const need = GAME_SERVERS[environment];
  if (!services) return need;
  return Object.fromEntries(Object.entries(need).map(([metric, wanted]) => [metric, wanted + (SERVICES[environment][metric] ?? 0)]));
}
