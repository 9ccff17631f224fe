/** `make release` and `make rollback`: look, say, ask, do. */
import { ConfigError } from '../../runtime/config.ts';
import type { Workshop } from '../tools/command.ts';
import { carryOut, observeAll } from './carry-out.ts';
import { releaseTargets, rollbackTargets } from './choose-targets.ts';
import { findClusters, type FoundCluster } from './find-clusters.ts';
import { fleetOfBuild, fleetsIn, type FleetOfBuild } from './fleet-of-build.ts';
import type { ObservedFleet } from './observed-fleet.ts';
import { planRelease, type Wanted } from './plan-release.ts';
import { manifestsFolder, readManifests } from './read-manifests.ts';
import { openReleaseCluster, type ReleaseCluster } from './release-cluster.ts';
import { takeLease, type Holder, type ReleaseLease } from './release-lease.ts';
import type { ReleaseRequest, RollbackRequest } from './release-request.ts';
import { sessionsOf, standLines, stepLines } from './say-steps.ts';
import type { Step } from './step.ts';

export interface RunParts extends Workshop {
  readonly tree: string;
  readonly holder: Holder;
  readonly isAlive: (pid: number) => boolean;
  readonly now: () => number;
  /** Whether the person wants it. */
  readonly confirm: (question: string) => Promise<boolean>;
}

/** A registry that does not exist: nothing can be pulled from there. */
const NO_REGISTRY = 'lifeverse.invalid/';

/** @throws ConfigError, StartFailed, LeaseHeld and CommandFailure, whose messages are for the person. */
export async function runRelease(parts: RunParts, request: ReleaseRequest): Promise<void> {
  const found = findClusters(parts.tree, request.environment, request.clusters);
  const made = new Map<string, readonly FleetOfBuild[]>();
  for (const { name } of found) made.set(name, await fleetsFor(parts, request, name));
  for (const image of new Set([...made.values()].flat().map((one) => one.image)))
    if (image.startsWith(NO_REGISTRY))
      parts.say(`Note: ${image} can be pulled from nowhere but the local stack: name one that can, IMAGE=…`);
  await run(parts, request, found, {
    by: 'release',
    made,
    targetsOf: (observed) => releaseTargets(observed, made, request.build),
    head: (targets) =>
      `Release of build ${request.build}: ${[...targets.keys()].join(', ')} in ${found.map(({ name }) => name).join(', ')}`,
    undo: 'Undo, now or later: make rollback',
  });
}

export async function runRollback(parts: RunParts, request: RollbackRequest): Promise<void> {
  const found = findClusters(parts.tree, request.environment, request.clusters);
  await run(parts, request, found, {
    by: 'rollback',
    made: new Map(),
    targetsOf: (observed) => rollbackTargets(observed, request.fleets),
    head: (targets) => `Rollback: ${[...targets].map(([fleet, build]) => `${fleet} to ${build}`).join(', ')}`,
    undo: 'Undo: make release BUILD=… of the build that leaves; while it is kept it comes back with what it was',
  });
}

async function fleetsFor(parts: RunParts, request: ReleaseRequest, region: string): Promise<FleetOfBuild[]> {
  const { build, image, environment, fleets } = request;
  const manifests = await readManifests(parts, request.manifests ?? manifestsFolder(parts.tree, environment, region));
  const known = fleetsIn(manifests);
  const unknown = (fleets ?? []).filter((name) => !known.includes(name));
  if (known.length === 0) throw new ConfigError([`${region}: the manifests hold no Fleet`]);
  if (unknown.length > 0)
    throw new ConfigError(unknown.map((name) => `FLEETS: ${region} has no fleet ${name}; there are ${known.join(', ')}`));
  return (fleets ?? known).map((fleet) => fleetOfBuild(manifests, fleet, build, image));
}

interface Doing extends Pick<Wanted, 'by' | 'made'> {
  readonly targetsOf: (observed: readonly ObservedFleet[]) => ReadonlyMap<string, string>;
  readonly head: (targets: ReadonlyMap<string, string>) => string;
  readonly undo: string;
}

async function run(parts: RunParts, request: RollbackRequest, found: readonly FoundCluster[], doing: Doing): Promise<void> {
  const { say, now } = parts;
  const { namespace, overlapMs, keepMs, planOnly, yes } = request;
  const leases: ReleaseLease[] = [];
  const check = () => leases.forEach((lease) => lease.check());
  const clusters = new Map(found.map((one): [string, ReleaseCluster] => [one.name, openReleaseCluster(one, namespace, check)]));
  const planFor = (targets: ReadonlyMap<string, string>) => (observed: readonly ObservedFleet[]) =>
    planRelease(observed, { by: doing.by, made: doing.made, targets, overlapMs, keepMs }, now());

  const seen = await observeAll(clusters.values());
  const targets = doing.targetsOf(seen);
  const steps = planFor(targets)(seen);
  for (const line of introduction(doing, targets, seen, steps, now())) say(line);
  if (planOnly || steps.length === 0) return;
  if (!yes && !(await parts.confirm('Go on?'))) return say('Nothing was done.');
  try {
    for (const { name, config } of found) leases.push(await takeLease({ ...parts, name, config, namespace }));
    // Of what stands now: somebody else may have been faster than the answer.
    const still = doing.targetsOf(await observeAll(clusters.values()));
    const { patienceMs, readyMs } = request;
    const stands = await carryOut({ clusters, plan: planFor(still), patienceMs, readyMs, now, say, signal: parts.signal });
    for (const line of conclusion(stands, still, doing.undo)) say(line);
  } finally {
    for (const lease of leases.toReversed()) await lease.giveBack();
  }
}

function introduction(
  { head, undo }: Doing,
  targets: ReadonlyMap<string, string>,
  seen: readonly ObservedFleet[],
  steps: readonly Step[],
  now: number,
): string[] {
  const stands = ['As it stands:', ...standLines(seen, new Set(targets.keys()))];
  if (steps.length === 0) return [head(targets), ...stands, 'Nothing is left to do.'];
  return [
    head(targets),
    ...stands,
    'What will be done; each step can be repeated, no match is ended:',
    ...stepLines(steps, now),
    undo,
    'Stopped in between, by whatever: run the same again, and it goes on.',
  ];
}

function conclusion(stands: readonly ObservedFleet[], targets: ReadonlyMap<string, string>, undo: string): string[] {
  const playing = stands.filter(({ fleet, state, allocated }) => targets.has(fleet) && state === 'closed' && allocated > 0);
  const rest = playing.reduce((sum, { allocated }) => sum + allocated, 0);
  return [
    'Done. As it stands:',
    ...standLines(stands, new Set(targets.keys())),
    ...(rest === 0
      ? []
      : [`On closed builds ${sessionsOf(rest)} left to play to the end: each server goes with its session, nobody has to wait for that.`]),
    undo,
  ];
}
