/** A plan in words: what will be done, in what order, and how it is undone. Pure. */
import type { ObservedFleet } from './observed-fleet.ts';
import type { Step } from './step.ts';

/** One line a step, those that are the same in several clusters together. */
export function stepLines(steps: readonly Step[], now: number): string[] {
  const grouped = Map.groupBy(steps, (step) => wordsOf(step, now));
  return [...grouped].map(
    ([words, same], index) => `${String(index + 1).padStart(3)}. ${words}  [${same.map(({ cluster }) => cluster).join(', ')}]`,
  );
}

/** What is done at this moment. */
export function doingLine(step: Step, now: number): string {
  return `${step.cluster}: ${wordsOf(step, now)}`;
}

function wordsOf(step: Step, now: number): string {
  const { name } = step;
  switch (step.does) {
    case 'bring-up':
      return `bring up ${name} with ${step.replicas} servers of ${step.made.image}`;
    case 'raise':
      return `bring ${name} back up, to ${step.replicas} servers`;
    case 'await-ready':
      return `wait until ${step.wanted} servers of ${name} are up (${step.have} are)`;
    case 'switch': {
      const leaves = step.leaving.map((one) => one.name).join(', ');
      const scaled = step.autoscaler === undefined ? '' : ', scaled by its demand from now on';
      return `make ${name} the current one of ${step.fleet}${scaled}${leaves === '' ? '' : `; ${leaves} begins to leave`}`;
    }
    case 'await-cut-off': {
      const left = step.until === undefined ? '' : ` for ${minutes(step.until - now)} more`;
      return `leave ${name} open to those who still have ${step.build}${left} (${sessionsOf(step.sessions)})`;
    }
    case 'close':
      return `close ${name}: its free servers go, who plays on it plays on to the end (${sessionsOf(step.sessions)})`;
    case 'delete':
      return `delete ${name}, which is empty and was kept long enough`;
  }
}

/** How it stands, fleet by fleet. */
export function standLines(observed: readonly ObservedFleet[], fleets: ReadonlySet<string>): string[] {
  return observed
    .filter(({ fleet }) => fleets.has(fleet))
    .toSorted((a, b) => a.fleet.localeCompare(b.fleet) || a.cluster.localeCompare(b.cluster) || a.name.localeCompare(b.name))
    .map(
      ({ cluster, fleet, name, build, state, ready, allocated }) =>
        `  ${fleet}  ${cluster}  ${build}  ${state ?? 'never released'}  ${name}: ${ready} Ready, ${sessionsOf(allocated)}`,
    );
}

export function sessionsOf(count: number): string {
  return count === 1 ? '1 session' : `${count} sessions`;
}

function minutes(ms: number): string {
  const whole = Math.ceil(ms / 60_000);
  return whole === 1 ? 'a minute' : `${whole} minutes`;
}
