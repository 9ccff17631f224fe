/** A pod's status from what its containers do. Pure. */
import { containerStatus, seconds } from './container-view.ts';
import type { ContainerView } from './container-view.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export interface PodView {
  readonly phase: PodPhase;
  readonly ip: string;
  readonly startedAt: Date;
  /** All plain init containers have completed and all sidecars have started. */
  readonly initialized: boolean;
  readonly initContainers: readonly ContainerView[];
  readonly containers: readonly ContainerView[];
  readonly reason?: string;
  readonly message?: string;
}

export function podStatus(view: PodView, now: Date): Readonly<Record<string, unknown>> {
  const ready = view.phase === 'Running' && view.containers.every((container) => container.ready);
  return {
    phase: view.phase,
    ...(view.reason === undefined ? {} : { reason: view.reason }),
    ...(view.message === undefined ? {} : { message: view.message }),
    hostIP: view.ip,
    hostIPs: [{ ip: view.ip }],
    podIP: view.ip,
    podIPs: [{ ip: view.ip }],
    startTime: seconds(view.startedAt),
    conditions: [
      condition('PodScheduled', true, view.startedAt),
      condition('Initialized', view.initialized, now),
      condition('ContainersReady', ready, now),
      condition('Ready', ready, now),
    ],
    initContainerStatuses: view.initContainers.map(containerStatus),
    containerStatuses: view.containers.map(containerStatus),
  };
}

function condition(type: string, holds: boolean, since: Date): Readonly<Record<string, unknown>> {
  return { type, status: holds ? 'True' : 'False', lastTransitionTime: seconds(since) };
}

/** How a pod whose main containers have all ended has ended. */
export function finalPhase(containers: readonly ContainerView[]): 'Succeeded' | 'Failed' {
  return containers.every(({ state }) => state.kind === 'terminated' && state.exitCode === 0) ? 'Succeeded' : 'Failed';
}
