/** Looks, plans, does what comes first, and looks again, until nothing is left to do. Nothing is remembered between two looks. */
import { pause } from '../../runtime/deadline.ts';
import type { ObservedFleet } from './observed-fleet.ts';
import type { ReleaseCluster } from './release-cluster.ts';
import { doingLine, sessionsOf } from './say-steps.ts';
import { continued, faultIn, NEW_STORY, type StartStory } from './start-story.ts';
import { firstOf, type Step } from './step.ts';

export interface CarryOutParts {
  /** By name. */
  readonly clusters: ReadonlyMap<string, ReleaseCluster>;
  readonly plan: (observed: readonly ObservedFleet[]) => Step[];
  /** A server may fail to start for the same reason for so long. */
  readonly patienceMs: number;
  /** All that come up may take so long. */
  readonly readyMs: number;
  readonly now: () => number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The new servers do not come up. Nothing has been switched. */
export class StartFailed extends Error {}

/** Agones tells of what it does by its status alone. */
const LOOK_MS = 1_000;
const SAY_MS = 10_000;

interface Start {
  readonly since: number;
  story: StartStory;
}

export async function observeAll(clusters: Iterable<ReleaseCluster>): Promise<ObservedFleet[]> {
  return (await Promise.all(Array.from(clusters, (cluster) => cluster.observe()))).flat();
}

/** @returns how it stands at the end. @throws StartFailed when waiting any longer is of no use. */
export async function carryOut(parts: CarryOutParts): Promise<ObservedFleet[]> {
  const { clusters, plan, now, say, signal } = parts;
  const starts = new Map<string, Start>();
  /** Could not be deleted now: the next release tries again. */
  const left = new Set<string>();
  let saidAt = Number.NEGATIVE_INFINITY;
  let said = '';
  const tell = (line: string) => {
    if (line === said || now() - saidAt < SAY_MS) return;
    [saidAt, said] = [now(), line];
    say(line);
  };
  for (;;) {
    signal.throwIfAborted();
    const observed = await observeAll(clusters.values());
    const steps = firstOf(plan(observed).filter(({ does, cluster, name }) => does !== 'delete' || !left.has(`${cluster}/${name}`)));
    const first = steps[0];
    if (first === undefined) return observed;
    if (first.does === 'await-ready') {
      for (const step of steps) await lookAt(parts, observed, step, starts);
      tell(steps.map((step) => doingLine(step, now())).join('\n'));
      await pause(LOOK_MS, signal);
    } else if (first.does === 'await-cut-off') {
      tell(steps.map((step) => doingLine(step, now())).join('\n'));
      await pause(LOOK_MS, signal);
    } else {
      for (const step of steps) {
        say(doingLine(step, now()));
        const isDone = await clusterOf(parts, step).carryOut(step);
        if (!isDone) left.add(`${step.cluster}/${step.name}`);
      }
    }
  }
}

/** @throws StartFailed when there is no hope for it. */
async function lookAt(parts: CarryOutParts, observed: readonly ObservedFleet[], step: Step, starts: Map<string, Start>): Promise<void> {
  const { now, patienceMs, readyMs } = parts;
  const fleet = observed.find(({ cluster, name }) => cluster === step.cluster && name === step.name);
  if (fleet === undefined) return;
  const cluster = clusterOf(parts, step);
  const key = `${step.cluster}/${step.name}`;
  const start = starts.get(key) ?? { since: now(), story: NEW_STORY };
  starts.set(key, start);
  const look = await cluster.lookAtStart(fleet);
  start.story = continued(start.story, look, now());
  const fault = faultIn(start.story, look, now(), patienceMs);
  const isLate = now() - start.since > readyMs;
  if (fault === undefined && !isLate) return;
  const warning = fault === undefined ? undefined : await cluster.lastWarning(fault.server).catch(() => undefined);
  const some = fault?.server ?? [...look.servers.values()].find(({ state }) => state !== 'Ready')?.name ?? 'SERVER';
  const why =
    fault === undefined
      ? `after ${Math.round(readyMs / 60_000)} minutes ${fleet.ready} of ${fleet.replicas} servers are Ready, ${sessionsOf(fleet.allocated)}`
      : `${fault.why}${warning === undefined ? '' : ` (${warning})`}`;
  throw new StartFailed(
    [
      `${step.cluster}: ${step.name} does not come up: ${why}`,
      'Look here:',
      `  ${cluster.kubectl} get gameservers -l agones.dev/fleet=${step.name}`,
      `  ${cluster.kubectl} describe pod ${some}`,
      `  ${cluster.kubectl} logs ${some} --all-containers`,
      `Nothing was switched: everybody plays on as before. Mend it and run the same again, or take ${step.name} away: make rollback`,
    ].join('\n'),
  );
}

function clusterOf({ clusters }: CarryOutParts, step: Step): ReleaseCluster {
  const cluster = clusters.get(step.cluster);
  if (cluster === undefined) throw new Error(`there is no cluster ${step.cluster}`);
  return cluster;
}
