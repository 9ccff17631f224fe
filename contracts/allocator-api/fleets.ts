/** Fleets over all clusters: what they have, who waits for them, and which windows touch them. */
import { z } from 'zod';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { ClientId, Instant, KubeName } from '../words.ts';
import { CLIENTS } from './callers.ts';
import { MaintenancePhase, MaintenanceScope } from './maintenance-windows.ts';

const Counts = z.object({
  ready: z.int(),
  allocated: z.int(),
  reserved: z.int(),
  starting: z.int().describe('On their way to Ready'),
  total: z.int().describe('All that are not on their way out'),
});

const Waiting = z
  .object({
    count: z.int(),
    oldestSeconds: z.number().optional().describe('Since the longest waiting one was asked for'),
    byPriority: z.record(z.string(), z.int()),
  })
  .meta({ id: 'Waiting', description: 'Allocations that have no game server yet' });

export const Fleet = z
  .object({
    name: z.string(),
    ...Counts.shape,
    clusters: z.array(
      z.object({
        cluster: KubeName,
        region: KubeName,
        healthy: z.boolean(),
        draining: z.boolean(),
        ...Counts.shape,
        builds: z.array(z.object({ build: z.string(), ...Counts.shape })),
        readySeconds: z.number().optional().describe('From the first sight of a server to Ready, the median of the last ones'),
        wantedReplicas: z.int().optional().describe("What the fleet's autoscaler was last told; the sum, where each build has its own"),
      }),
    ),
    waiting: Waiting,
    windows: z.array(z.object({ id: ClientId, phase: MaintenancePhase, scope: MaintenanceScope, startsAt: Instant, endsAt: Instant })),
  })
  .meta({ id: 'Fleet', description: 'A fleet, as the answering process sees it; at most a second old' });
export type Fleet = z.infer<typeof Fleet>;

export const fleetEndpoints = defineEndpoints({
  listFleets: {
    method: 'GET',
    path: '/v1/fleets',
    summary: 'Fleets with their capacity, and who waits for them',
    description: 'Also a fleet that somebody waits for and no cluster has.',
    access: CLIENTS,
    responses: {
      200: {
        description: 'Every fleet',
        body: z.object({ fleets: z.array(Fleet), waitingBySelectors: Waiting.describe('Those who name no fleet') }),
      },
    },
    errors: [],
    limits: ORDINARY,
    idempotency: 'safe',
  },
});
