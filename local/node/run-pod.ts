/**
 * One pod's life, as a kubelet leads it:
 *
 *   volumes, ports ─▶ init containers in order (a sidecar has to have started, a plain one has to have completed)
 *                  ─▶ main containers ─▶ all ended ─▶ sidecars end, last one first ─▶ Succeeded | Failed
 *   deletion: main containers (SIGTERM, grace, SIGKILL) ─▶ sidecars, last one first ─▶ the object is removed
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../agones/log.ts';
import { coalesced } from './coalesced.ts';
import { launchContainer } from './launch-container.ts';
import type { LaunchParts, PodSetting } from './launch-container.ts';
import { waitingView } from './container-view.ts';
import type { ContainerView } from './container-view.ts';
import { isSidecar } from './pod.ts';
import type { Container, Pod, Resources } from './pod.ts';
import { finalPhase, podStatus } from './pod-status.ts';
import type { PodPhase } from './pod-status.ts';
import { planPorts, portsWithoutHostPort, probePort } from './port-plan.ts';
import { makeVolumes } from './pod-volumes.ts';
import { runContainer } from './run-container.ts';
import type { RunningContainer } from './run-container.ts';

export interface PodParts extends LaunchParts {
  /** The pod's own; removed with it. */
  readonly folder: string;
  readonly freePort: () => Promise<number>;
  readonly writeStatus: (status: Readonly<Record<string, unknown>>) => Promise<void>;
  /** Takes the object out of the API, at once and only this very one. */
  readonly remove: () => Promise<void>;
  readonly log: Log;
}

export interface RunningPod {
  /** The pod has been asked to go; a second call may shorten the grace. */
  delete(graceSeconds: number): void;
  /** The object has changed: whatever its containers ask for now, this machine gives. */
  update(pod: Pod): void;
  /** The object is gone already: its processes have no right to live. */
  kill(): void;
  /** No process and no folder of it is left. */
  readonly gone: Promise<void>;
}

/** Sidecars get at least this much after the main containers have used up the grace, as with a kubelet. */
const LEAST_SIDECAR_GRACE_MS = 2_000;
const RETRY_SETUP_MS = 2_000;

export function runPod(pod: Pod, parts: PodParts): RunningPod {
  const { log, now } = parts;
  const startedAt = now();
  const inits: (RunningContainer | undefined)[] = pod.spec.initContainers.map(() => undefined);
  const mains: (RunningContainer | undefined)[] = pod.spec.containers.map(() => undefined);
  let phase: PodPhase = 'Pending';
  let initialized = false;
  let waiting = { reason: 'ContainerCreating', message: '' };
  let deadline = Number.POSITIVE_INFINITY;
  const leaving = new AbortController();
  let given = resourcesOf(pod);

  const views = (containers: readonly Container[], running: readonly (RunningContainer | undefined)[], reason: string): ContainerView[] =>
    containers.map((container, index) => {
      const view = running[index]?.view() ?? waitingView(container, reason, waiting.message);
      const resources = view.state.kind === 'running' ? given.get(container.name) : undefined;
      return resources === undefined ? view : { ...view, resources };
    });
  const report = coalesced(async () => {
    const initContainers = views(pod.spec.initContainers, inits, waiting.reason);
    const containers = views(pod.spec.containers, mains, initialized ? waiting.reason : 'PodInitializing');
    await parts.writeStatus(podStatus({ phase, ip: parts.place.podIp, startedAt, initialized, initContainers, containers }, now()));
  }, log);

  const start = (container: Container, setting: PodSetting): RunningContainer =>
    runContainer({
      container,
      restartPolicy: isSidecar(container)
        ? 'Always'
        : pod.spec.initContainers.includes(container)
          ? initPolicy(pod)
          : pod.spec.restartPolicy,
      launch: (count) => launchContainer(container, count, pod, setting, parts),
      portOf: (port) => probePort(port, container, setting.ports),
      graceMs: pod.spec.terminationGracePeriodSeconds * 1_000,
      onChange: report,
      now,
    });

  const setUp = async (): Promise<PodSetting | undefined> => {
    const containers = [...pod.spec.initContainers, ...pod.spec.containers];
    const free = await Promise.all(portsWithoutHostPort(containers).map(() => parts.freePort()));
    while (!leaving.signal.aborted) {
      try {
        await mkdir(parts.folder, { recursive: true });
        const volumes = await makeVolumes(
          { pod, place: parts.place, folder: path.join(parts.folder, 'volumes'), cluster: parts.cluster, now },
          leaving.signal,
        );
        void volumes.renew(leaving.signal, (error) => log.warn('a pod token could not be renewed', { pod: pod.metadata.name, error }));
        return { ports: planPorts(containers, free), folders: volumes.folders, folder: parts.folder };
      } catch (error) {
        if (leaving.signal.aborted) return undefined;
        waiting = { reason: 'ContainerCreating', message: error instanceof Error ? error.message : String(error) };
        report();
        log.warn('a pod cannot be set up yet', { pod: pod.metadata.name, error });
        // What is missing (a ConfigMap, a service account) may appear; a kubelet asks again too.
        await sleep(RETRY_SETUP_MS, undefined, { signal: leaving.signal }).catch(() => undefined);
      }
    }
    return undefined;
  };

  /** @returns whether the main containers may start. */
  const initialize = async (setting: PodSetting): Promise<boolean> => {
    for (const [index, container] of pod.spec.initContainers.entries()) {
      if (leaving.signal.aborted) return false;
      const running = start(container, setting);
      inits[index] = running;
      if (isSidecar(container)) await running.startedOrOver;
      else if ((await running.over) !== 0) return false;
    }
    return !leaving.signal.aborted;
  };

  const stopSidecars = async (): Promise<void> => {
    for (const running of inits.toReversed()) {
      if (running !== undefined) await running.stop(Math.max(LEAST_SIDECAR_GRACE_MS, Math.min(deadline - performance.now(), graceOf(pod))));
    }
  };

  const live = async (): Promise<void> => {
    report();
    const setting = await setUp();
    if (setting === undefined) return;
    // Asked again: the pod may have been deleted while the last answer was on its way.
    if ((await initialize(setting)) && !leaving.signal.aborted) {
      initialized = true;
      phase = 'Running';
      for (const [index, container] of pod.spec.containers.entries()) mains[index] = start(container, setting);
      report();
      await Promise.all(mains.flatMap((running) => running?.over ?? []));
    }
    if (leaving.signal.aborted) return;
    await stopSidecars();
    phase = initialized ? finalPhase(mains.flatMap((running) => running?.view() ?? [])) : 'Failed';
    report();
  };

  const leave = async (): Promise<void> => {
    await untilAborted(leaving.signal);
    await Promise.all(mains.flatMap((running) => running?.stop(Math.max(0, deadline - performance.now())) ?? []));
    await stopSidecars();
    await lived;
    await report.settled();
    await parts.remove();
    await rm(parts.folder, { recursive: true, force: true });
  };

  const leaveWithin = (ms: number): void => {
    const before = deadline;
    deadline = Math.min(deadline, performance.now() + ms);
    // Those that are already being stopped with a longer grace are told of the shorter one.
    if (leaving.signal.aborted && deadline < before) for (const running of mains) void running?.stop(Math.max(0, ms));
    leaving.abort();
  };

  const lived = live().catch((error: unknown) => log.error('a pod’s life broke off', { pod: pod.metadata.name, error }));
  return {
    delete: (graceSeconds) => leaveWithin(graceSeconds * 1_000),
    update: (present) => {
      const before = given;
      given = resourcesOf(present);
      if (!isDeepStrictEqual(before, given)) report();
    },
    kill: () => leaveWithin(0),
    gone: leave().catch((error: unknown) => log.error('a pod could not be taken down', { pod: pod.metadata.name, error })),
  };
}

function resourcesOf({ spec }: Pod): ReadonlyMap<string, Resources> {
  return new Map([...spec.initContainers, ...spec.containers].map(({ name, resources }) => [name, resources]));
}

/** Plain init containers are repeated until they succeed, unless the pod is never restarted. */
function initPolicy(pod: Pod): 'OnFailure' | 'Never' {
  return pod.spec.restartPolicy === 'Never' ? 'Never' : 'OnFailure';
}

function graceOf(pod: Pod): number {
  return pod.spec.terminationGracePeriodSeconds * 1_000;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
