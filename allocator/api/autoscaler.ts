/** Agones' FleetAutoscalers ask here. Whatever fails on our side leaves the fleet as it is. */
import { AppError } from '../../contracts/app-error.ts';
import type { autoscalerEndpoints } from '../../contracts/allocator-api/autoscaler.ts';
import { within } from '../../runtime/deadline.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import type { ScaledFleet } from '../scaling/read-demand.ts';
import type { Present } from '../scaling/scaler.ts';
import type { ScalingMetrics } from '../scaling/scaling-metrics.ts';
import { settingsOf } from '../scaling/settings.ts';
import type { ScalingSettings } from '../scaling/wanted-replicas.ts';

/** Only handed on, but for its namespace. */
interface Asking {
  readonly config: { readonly namespace: string };
}

export interface AutoscalerApiParts<C extends Asking> {
  readonly clusters: ReadonlyMap<string, C>;
  readonly fleets: { exists(cluster: C, fleet: string): Promise<boolean> };
  readonly scaler: { replicasOf(cluster: C, fleet: ScaledFleet, present: Present, settings: ScalingSettings): Promise<number> };
  readonly metrics: ScalingMetrics;
}

/** Agones gives up after 15 s, and this endpoint after 10. */
const ANSWER_MS = 5_000;

export function autoscalerHandlers<C extends Asking>({
  clusters,
  fleets,
  scaler,
  metrics,
}: AutoscalerApiParts<C>): Handlers<typeof autoscalerEndpoints> {
  return {
    scaleFleet: async ({ params, body }, { log }) => {
      const { uid, name, namespace, status, labels, annotations } = body.request;
      const cluster = clusters.get(params.cluster);
      if (cluster === undefined) throw new AppError('not-found', 'cluster_unknown', `there is no cluster ${params.cluster}`);
      if (name !== params.fleet || namespace !== cluster.config.namespace)
        throw new AppError(
          'invalid',
          'fleet_differs',
          `this address is that of ${params.fleet} in ${cluster.config.namespace}, the question is about ${name} in ${namespace}: mend the FleetAutoscaler's URL`,
        );
      if (!(await fleets.exists(cluster, name)))
        throw new AppError('not-found', 'fleet_unknown', `there is no fleet ${name} in ${params.cluster}`);
      try {
        const settings = settingsOf(annotations ?? {});
        const { allocatedReplicas: allocated, reservedReplicas: reserved } = status;
        const fleet = { name, called: labels?.[GAME_SERVER_MARKS.fleet] ?? name, build: labels?.[GAME_SERVER_MARKS.build] };
        const asked = scaler.replicasOf(cluster, fleet, { allocated, reserved }, settings);
        const replicas = await within(ANSWER_MS, 'the look at who waits', asked);
        metrics.answered(params.cluster, name, replicas);
        if (replicas !== status.replicas) log.debug('a fleet is to be scaled', { cluster: params.cluster, fleet: name, replicas });
        return { status: 200, body: { response: { uid, scale: true, replicas } } };
      } catch (cause) {
        metrics.leftAlone(params.cluster);
        log.warn('a fleet cannot be scaled now: it stays as it is', { cluster: params.cluster, fleet: name, cause });
        if (cause instanceof AppError && cause.kind === 'invalid') throw cause;
        return { status: 200, body: { response: { uid, scale: false, replicas: status.replicas } } };
      }
    },
  };
}
