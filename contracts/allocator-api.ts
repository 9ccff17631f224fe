/** The allocator's API: what a matchmaker asks, what the bridge of a placed server reports, what an operator looks at. */
import { allocationEndpoints } from './allocator-api/allocations.ts';
import { attemptEndpoints } from './allocator-api/attempts.ts';
import { autoscalerEndpoints } from './allocator-api/autoscaler.ts';
import { buildEndpoints } from './allocator-api/builds.ts';
import { clusterEndpoints } from './allocator-api/clusters.ts';
import { eventEndpoints } from './allocator-api/events.ts';
import { fleetEndpoints } from './allocator-api/fleets.ts';
import { listEndpoints } from './allocator-api/lists.ts';
import { maintenanceEndpoints } from './allocator-api/maintenance-windows.ts';
import { reconcileEndpoints } from './allocator-api/reconcile.ts';
import { seatEndpoints } from './allocator-api/seats.ts';
import { webhookEndpoints } from './allocator-api/webhooks.ts';
import { defineApi } from './endpoint.ts';

export const allocatorApi = defineApi({
  name: 'allocator',
  title: 'LifeVerse allocator',
  version: '1.0.0',
  description: 'Places sessions on game servers, exactly once.',
  endpoints: {
    ...allocationEndpoints,
    ...listEndpoints,
    ...eventEndpoints,
    ...seatEndpoints,
    ...attemptEndpoints,
    ...clusterEndpoints,
    ...reconcileEndpoints,
    ...maintenanceEndpoints,
    ...fleetEndpoints,
    ...buildEndpoints,
    ...autoscalerEndpoints,
    ...webhookEndpoints,
  },
});
