/** One container's life: start, probes, restarts with a growing pause, an end with grace. */
import { setTimeout as sleep } from 'node:timers/promises';
import { constants } from 'node:os';
import { endProcess } from '../processes/end-process.ts';
import type { KeptProcess, ProcessEnd } from '../processes/process-keeper.ts';
import type { ContainerEnd, ContainerState, ContainerView } from './container-view.ts';
import type { Container, Probe } from './pod.ts';
import { askOnce, runProbe } from './run-probe.ts';

export interface ContainerParts {
  readonly container: Container;
  readonly restartPolicy: 'Always' | 'OnFailure' | 'Never';
  /** Starts the program once; `start` counts from 0. */
  readonly launch: (start: number) => Promise<Launched>;
  /** The machine's port for a probe's port. */
  readonly portOf: (port: number | string) => number | undefined;
  /** Given to a container that a probe condemns. */
  readonly graceMs: number;
  readonly onChange: () => void;
  readonly now: () => Date;
}

/** Either it runs, or it cannot: then this is why, and it is tried again. */
export type Launched = { readonly process: KeptProcess } | { readonly reason: string; readonly message: string };

export interface RunningContainer {
  view(): ContainerView;
  /** Running and past its startup probe, or ended for good: whichever comes first. */
  readonly startedOrOver: Promise<void>;
  /** Ended for good; the exit code. */
  readonly over: Promise<number>;
  /** No further start; SIGTERM, and SIGKILL when the grace is over. May be called again with less grace. */
  stop(graceMs: number): Promise<void>;
}

/** As a kubelet: the first restart at once, then 10 s doubled up to 5 min, but at most a minute here: nobody waits longer at a laptop. */
const BACK_OFF_MS = [0, 10_000, 20_000, 40_000, 60_000] as const;
/** A container that ran for so long is not in a crash loop. */
const STEADY_MS = 600_000;
/** A kubelet tries again to pull an image, or to find a missing ConfigMap. */
const RETRY_LAUNCH_MS = 2_000;

export function runContainer(parts: ContainerParts): RunningContainer {
  const { container, now } = parts;
  let state: ContainerState = { kind: 'waiting', reason: 'ContainerCreating' };
  let last: ContainerEnd | undefined;
  let restartCount = 0;
  let started = false;
  let ready = false;
  let current: KeptProcess | undefined;
  const stopping = new AbortController();
  const { promise: startedOrOver, resolve: markStarted } = Promise.withResolvers<void>();

  const change = (next: ContainerState): void => {
    state = next;
    parts.onChange();
  };
  const markUp = (): void => {
    started = true;
    ready = container.readinessProbe === undefined;
    markStarted();
    parts.onChange();
  };

  const launchUntilRunning = async (start: number): Promise<KeptProcess | undefined> => {
    while (!stopping.signal.aborted) {
      const launched = await parts.launch(start);
      if ('process' in launched) return launched.process;
      change({ kind: 'waiting', ...launched });
      await pause(RETRY_LAUNCH_MS, stopping.signal);
    }
    return undefined;
  };

  const runOnce = async (start: number): Promise<ContainerEnd | undefined> => {
    const kept = await launchUntilRunning(start);
    if (kept === undefined) return undefined;
    current = kept;
    const startedAt = now();
    const containerId = `${kept.pid}-${kept.startTime}`;
    change({ kind: 'running', startedAt, containerId });
    const running = new AbortController();
    // Stopped while it was being started: the stop has not seen this process.
    if (stopping.signal.aborted) void endProcess(kept, 0);
    void probe(container, parts, running.signal, {
      up: markUp,
      ready: (healthy) => {
        if (ready === healthy) return;
        ready = healthy;
        parts.onChange();
      },
      condemn: () => void endProcess(kept, parts.graceMs),
    });
    const exitCode = exitCodeOf(await kept.ended);
    running.abort();
    current = undefined;
    started = false;
    ready = false;
    const end = { exitCode, startedAt, finishedAt: now(), containerId };
    change({ kind: 'terminated', ...end });
    return end;
  };

  const live = async (): Promise<number> => {
    let failures = 0;
    for (let start = 0; ; start += 1) {
      const end = await runOnce(start);
      if (end === undefined) {
        change({ kind: 'terminated', exitCode: 137, startedAt: now(), finishedAt: now(), containerId: '' });
        return 137;
      }
      const again = parts.restartPolicy === 'Always' || (parts.restartPolicy === 'OnFailure' && end.exitCode !== 0);
      if (!again || stopping.signal.aborted) return end.exitCode;
      failures = end.finishedAt.getTime() - end.startedAt.getTime() > STEADY_MS ? 0 : failures + 1;
      last = end;
      restartCount += 1;
      const backOff = BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length) - 1] ?? 0;
      if (backOff > 0) {
        change({ kind: 'waiting', reason: 'CrashLoopBackOff', message: `back-off ${backOff / 1_000}s restarting failed container` });
        if (!(await pause(backOff, stopping.signal))) {
          change({ kind: 'terminated', ...end });
          return end.exitCode;
        }
      }
    }
  };

  const over = live().finally(markStarted);
  return {
    view: () => ({ name: container.name, image: container.image, state, last, restartCount, started, ready }),
    startedOrOver,
    over,
    async stop(graceMs) {
      stopping.abort();
      if (current !== undefined) {
        const kept = current;
        const deadline = performance.now() + graceMs;
        await preStop(container, parts, graceMs);
        await endProcess(kept, Math.max(0, deadline - performance.now()));
      }
      await over;
    },
  };
}

interface Verdicts {
  readonly up: () => void;
  readonly ready: (healthy: boolean) => void;
  readonly condemn: () => void;
}

/** The startup probe goes first and alone; liveness and readiness begin when it has succeeded. */
async function probe(container: Container, parts: ContainerParts, signal: AbortSignal, verdicts: Verdicts): Promise<void> {
  const run = (wanted: Probe, tell: (healthy: boolean) => void, until: AbortSignal): Promise<void> => {
    const port = parts.portOf(wanted.httpGet?.port ?? wanted.tcpSocket?.port ?? 0);
    return port === undefined ? Promise.resolve() : runProbe(wanted, port, tell, until);
  };
  if (container.startupProbe !== undefined) {
    const startup = new AbortController();
    await run(
      container.startupProbe,
      (healthy) => {
        if (!healthy) verdicts.condemn();
        startup.abort();
      },
      AbortSignal.any([signal, startup.signal]),
    );
  }
  if (signal.aborted) return;
  verdicts.up();
  const { livenessProbe, readinessProbe } = container;
  let condemned = false;
  const onLiveness = (healthy: boolean): void => {
    if (healthy || condemned) return;
    condemned = true;
    verdicts.condemn();
  };
  await Promise.all([
    livenessProbe === undefined ? undefined : run(livenessProbe, onLiveness, signal),
    readinessProbe === undefined ? undefined : run(readinessProbe, verdicts.ready, signal),
  ]);
}

async function preStop(container: Container, parts: ContainerParts, graceMs: number): Promise<void> {
  const httpGet = container.lifecycle?.preStop?.httpGet;
  const port = httpGet === undefined ? undefined : parts.portOf(httpGet.port);
  if (httpGet === undefined || port === undefined || graceMs <= 0) return;
  const asked = {
    httpGet,
    initialDelaySeconds: 0,
    periodSeconds: 1,
    timeoutSeconds: graceMs / 1_000,
    successThreshold: 1,
    failureThreshold: 1,
  };
  await askOnce(asked, port);
}

/** 128 + the signal's number, as a container runtime reports it. */
function exitCodeOf(end: ProcessEnd): number {
  return end.signal === null ? (end.code ?? 1) : 128 + constants.signals[end.signal];
}

/** @returns false when the signal ended it. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
