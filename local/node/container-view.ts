/** What can be seen of one container, and its form in a pod's status. Pure. */
import type { Resources } from './pod.ts';

export interface ContainerEnd {
  readonly exitCode: number;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly containerId: string;
}

export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly kind: 'running'; readonly startedAt: Date; readonly containerId: string }
  | ({ readonly kind: 'terminated' } & ContainerEnd);

export interface ContainerView {
  readonly name: string;
  readonly image: string;
  readonly state: ContainerState;
  /** The end before the present start. */
  readonly last: ContainerEnd | undefined;
  readonly restartCount: number;
  /** Running, and past its startup probe. */
  readonly started: boolean;
  readonly ready: boolean;
  /** What it was given. */
  readonly resources?: Resources;
}

export function containerStatus(view: ContainerView): Readonly<Record<string, unknown>> {
  const id = view.state.kind === 'waiting' ? view.last?.containerId : view.state.containerId;
  return {
    name: view.name,
    image: view.image,
    imageID: view.state.kind === 'waiting' && view.last === undefined ? '' : view.image,
    ...(id === undefined ? {} : { containerID: `process://${id}` }),
    restartCount: view.restartCount,
    started: view.started,
    ready: view.ready,
    state: stateOf(view.state),
    // Without them an API server takes no change of size: the node would not know how.
    ...(view.resources === undefined ? {} : { resources: view.resources }),
    lastState: view.last === undefined ? {} : { terminated: terminated(view.last) },
  };
}

function stateOf(state: ContainerState): Readonly<Record<string, unknown>> {
  switch (state.kind) {
    case 'waiting':
      return { waiting: { reason: state.reason, ...(state.message === undefined ? {} : { message: state.message }) } };
    case 'running':
      return { running: { startedAt: seconds(state.startedAt) } };
    case 'terminated':
      return { terminated: terminated(state) };
  }
}

function terminated(end: ContainerEnd): Readonly<Record<string, unknown>> {
  return {
    exitCode: end.exitCode,
    reason: end.exitCode === 0 ? 'Completed' : 'Error',
    startedAt: seconds(end.startedAt),
    finishedAt: seconds(end.finishedAt),
    containerID: `process://${end.containerId}`,
  };
}

/** Kubernetes writes times without fractions. */
export function seconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** A container that has not been started yet. */
export function waitingView(container: { readonly name: string; readonly image: string }, reason: string, message: string): ContainerView {
  const state = { kind: 'waiting' as const, reason, ...(message === '' ? {} : { message }) };
  return { name: container.name, image: container.image, state, last: undefined, restartCount: 0, started: false, ready: false };
}
