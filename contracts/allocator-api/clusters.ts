/** What there is to place on: clusters and their fleets. */
import { z } from 'zod';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { Address, Instant, KubeName } from '../words.ts';
import { CLIENTS } from './callers.ts';

export const ClusterView = z
  .object({
    name: KubeName,
    region: KubeName,
    namespace: KubeName,
    weight: z.number(),
    draining: z.boolean().describe('No new sessions go there; those that are there go on'),
    allowedFleets: z.array(KubeName).optional().describe('The only fleets to place on; all where absent'),
    udpEdge: Address.optional().describe('Where players of new sessions send; to their game server where absent'),
    healthy: z.boolean().describe('It may be asked: its breaker is closed and its game servers are known'),
    state: z.enum(['healthy', 'unhealthy', 'unknown']).describe('`unknown` until its game servers were listed for the first time'),
    since: Instant.describe('Since when it is in this state'),
    lastError: z.object({ at: Instant, message: z.string() }).optional().describe('Of the present outage, else of the last one'),
    breaker: z.enum(['closed', 'open', 'half-open']).describe('While it is not closed, only probes go there'),
    watchAgeSeconds: z.number().optional().describe('Since the watch on its game servers said something'),
    asksInFlight: z.int().describe('Allocations that it has not answered yet, of the process that answers this'),
    fleets: z.array(z.object({ name: z.string(), ready: z.int(), allocated: z.int(), total: z.int() })),
  })
  .meta({ id: 'Cluster', description: 'A cluster as the answering process sees it' });
export type ClusterView = z.infer<typeof ClusterView>;

export const clusterEndpoints = defineEndpoints({
  listClusters: {
    method: 'GET',
    path: '/v1/clusters',
    summary: 'Clusters with their fleets and health',
    access: CLIENTS,
    responses: { 200: { description: 'Every listed cluster', body: z.object({ clusters: z.array(ClusterView) }) } },
    errors: [],
    limits: ORDINARY,
    idempotency: 'safe',
  },
});
