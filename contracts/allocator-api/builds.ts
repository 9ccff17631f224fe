/** Builds of the game: which of them are open to players, and where. */
import { z } from 'zod';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { Build, KubeName } from '../words.ts';
import { CLIENTS } from './callers.ts';

export const BuildState = z.enum(['coming', 'open', 'closing', 'closed', 'unknown']).meta({
  id: 'BuildState',
  description:
    'coming: its first servers start. open: players are to have it. closing: open for a while to those who still have it. ' +
    'closed: nobody new is placed on it. unknown: it cannot be told now, or no cluster has it',
});
export type BuildState = z.infer<typeof BuildState>;

export const FleetBuild = z
  .object({
    fleet: z.string().describe('As requests call it'),
    build: z.string(),
    state: BuildState.describe('Over all regions: open where it is open in any, closed only where it is closed in each'),
    regions: z
      .array(z.object({ region: KubeName, state: BuildState }))
      .describe('Those where it is known, or where it cannot be told whether it is'),
  })
  .meta({ id: 'FleetBuild', description: 'A build of a fleet' });
export type FleetBuild = z.infer<typeof FleetBuild>;

export const buildEndpoints = defineEndpoints({
  listBuilds: {
    method: 'GET',
    path: '/v1/builds',
    summary: 'Builds of the game, and whether they are open',
    description:
      "From the release state on the clusters' fleets; what is said to be closed was asked of the clusters within the last seconds. " +
      'A build that is open anywhere is not closed.',
    access: CLIENTS,
    query: z.object({ fleet: KubeName.optional(), build: Build.optional() }),
    responses: {
      200: {
        description: 'At most 500, by fleet and build: those that a cluster has, then those that were closed last',
        body: z.object({
          builds: z.array(FleetBuild),
          more: z.boolean().describe('There are others: name a fleet or a build'),
          inDoubt: z
            .array(z.object({ cluster: KubeName, region: KubeName }))
            .describe('Clusters whose fleets are not known now; at most 100'),
        }),
      },
    },
    errors: [],
    limits: ORDINARY,
    idempotency: 'safe',
  },
});
