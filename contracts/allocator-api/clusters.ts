/** What there is to place on: clusters and their fleets. */
import { z } from 'zod';
import { defineEndpoints, ORDINARY } from '../endpoint.ts';
import { CLIENTS } from './callers.ts';

export const clusterEndpoints = defineEndpoints({
  listClusters: {
    method: 'GET',
    path: '/v1/clusters',
    summary: 'Clusters with their fleets and health',
    access: CLIENTS,
    responses: {
      200: {
        description: 'Every known cluster',
        body: z.object({
          clusters: z.array(
            z.object({
              name: z.string(),
              region: z.string(),
              healthy: z.boolean(),
              fleets: z.array(z.object({ name: z.string(), ready: z.int(), allocated: z.int(), total: z.int() })),
            }),
          ),
        }),
      },
    },
    errors: [],
    limits: ORDINARY,
    idempotency: 'safe',
  },
});
