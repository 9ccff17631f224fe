/**
 * From what stands in the clusters to what is to be done next. Pure: the same look gives the same steps, so whoever repeats it, after
 * whatever end, goes on.
 *
 * A release and a rollback are one thing: a build is to be the current one of a fleet, in every cluster, and all others are to leave.
 */
import type { FleetOfBuild } from './fleet-of-build.ts';
import { fleetNameOf } from './fleet-name.ts';
import type { KeptAutoscaler, ObservedFleet, ReleaseNote } from './observed-fleet.ts';
import { inOrder, type Mark, type Step } from './step.ts';

export interface Wanted {
  readonly by: 'release' | 'rollback';
  /** Fleet, as requests call it → the build that is to be current. */
  readonly targets: ReadonlyMap<string, string>;
  /** Cluster → what the tree makes of the targets there. A rollback makes nothing. */
  readonly made: ReadonlyMap<string, readonly FleetOfBuild[]>;
  /** For so long the builds that leave stay open to those who still have them. */
  readonly overlapMs: number;
  /** For so long a closed and empty fleet is kept for a rollback. */
  readonly keepMs: number;
}

/** One fleet in one cluster. */
interface Place {
  readonly cluster: string;
  readonly fleet: string;
  readonly build: string;
  readonly target: ObservedFleet | undefined;
  readonly others: readonly ObservedFleet[];
  readonly made: FleetOfBuild | undefined;
  readonly number: number;
  readonly before: string | undefined;
}

/** @param now milliseconds since the epoch */
export function planRelease(observed: readonly ObservedFleet[], wanted: Wanted, now: number): Step[] {
  return inOrder(placesOf(observed, wanted).flatMap((place) => stepsAt(place, wanted, now)));
}

/** The latest that came or is current, of whichever cluster: what a rollback is about. */
export function latestOf(observed: readonly ObservedFleet[], fleet: string): ObservedFleet | undefined {
  return observed
    .filter((one) => one.fleet === fleet && one.state !== 'closed' && one.state !== 'leaving')
    .toSorted((a, b) => numberOf(b) - numberOf(a))[0];
}

function placesOf(observed: readonly ObservedFleet[], { by, targets, made }: Wanted): Place[] {
  return [...targets].flatMap(([fleet, build]) => {
    const all = observed.filter((one) => one.fleet === fleet);
    const latest = latestOf(observed, fleet);
    const isSame = latest?.note?.by === by && latest.build === build;
    const number = isSame ? numberOf(latest) : Math.max(0, ...all.map(numberOf)) + 1;
    const present = all.filter(({ state }) => state === 'current' || state === undefined).toSorted((a, b) => numberOf(b) - numberOf(a))[0];
    const before = by === 'rollback' ? undefined : isSame ? latest.note?.before : present?.build;
    const clusters = new Set(by === 'release' ? made.keys() : all.map(({ cluster }) => cluster));
    return [...clusters].flatMap((cluster) => {
      const here = all.filter((one) => one.cluster === cluster);
      const target = here.find(({ name }) => name === fleetNameOf(fleet, build)) ?? here.find((one) => one.build === build);
      const makes = made.get(cluster)?.find((one) => one.fleet === fleet);
      if (target === undefined && makes === undefined) return [];
      const others = here.filter((one) => one !== target);
      return { cluster, fleet, build, target, others, made: makes, number, before: before === build ? undefined : before };
    });
  });
}

function stepsAt(place: Place, wanted: Wanted, now: number): Step[] {
  const upward = place.target === undefined || ['coming', 'closed'].includes(place.target.state ?? '');
  return [
    ...(upward ? comingUp(place, wanted.by, now) : []),
    ...switching(place, wanted.by, now),
    ...place.others.flatMap((other) => leaving(place, other, wanted, now)),
  ];
}

function comingUp({ cluster, fleet, build, target, others, made, number, before }: Place, by: Wanted['by'], now: number): Step[] {
  const name = target?.name ?? fleetNameOf(fleet, build);
  const at = { cluster, fleet, name, build };
  const isUp = target?.state === 'coming' && numberOf(target) === number && (made === undefined || target.note?.digest === made.digest);
  if (isUp) return awaiting(target, target.replicas);
  const { allocated = 0, ready = 0 } = target ?? {};
  const free = Math.max(made?.free ?? 1, target?.note?.kept?.free ?? 1, ...others.map((other) => other.ready));
  const replicas = allocated + free;
  const note: ReleaseNote = {
    number,
    by,
    since: new Date(now).toISOString(),
    ...(before === undefined ? {} : { before }),
    ...digestOf(made?.digest ?? target?.note?.digest),
    kept: { free, ...autoscalerOf(wantedAutoscaler(made, target)) },
  };
  const mark: Mark = { name, state: 'coming', note };
  const first: Step = made === undefined ? { ...at, does: 'raise', replicas, mark } : { ...at, does: 'bring-up', replicas, made, mark };
  return [first, { ...at, does: 'await-ready', have: ready + allocated, wanted: replicas }];
}

function awaiting(target: ObservedFleet, wanted: number): Step[] {
  const { cluster, fleet, name, build, ready, allocated } = target;
  const have = ready + allocated;
  return have >= wanted ? [] : [{ cluster, fleet, name, build, does: 'await-ready', have, wanted }];
}

/** The fleet gets its autoscaler before it is current, and is current before the others leave: there is always one that grows. */
function switching({ cluster, fleet, build, target, others, made, number, before }: Place, by: Wanted['by'], now: number): Step[] {
  const name = target?.name ?? fleetNameOf(fleet, build);
  const autoscaler = target?.autoscaler === undefined ? wantedAutoscaler(made, target) : undefined;
  const leave = others.filter(({ state }) => state === 'current' || state === undefined);
  // Written also where nothing else changes: the next rollback is then this one once more, and not one further back.
  const isTold = target?.state === 'current' && (by === 'release' || numberOf(target) === number);
  if (isTold && autoscaler === undefined && leave.length === 0) return [];
  const since = new Date(now).toISOString();
  const { digest, kept } = target?.note ?? {};
  const note: ReleaseNote = {
    number,
    by,
    since,
    ...(before === undefined ? {} : { before }),
    ...digestOf(made?.digest ?? digest),
    ...(kept === undefined ? {} : { kept }),
  };
  const leaves = leave.map((other): Mark => {
    const mine = other.note ?? { number: 0, by: 'release' };
    return { name: other.name, state: 'leaving', note: { ...mine, since } };
  });
  const mark: Mark | undefined = isTold ? undefined : { name, state: 'current', note };
  return [{ cluster, fleet, name, build, does: 'switch', autoscaler, mark, leaving: leaves }];
}

function leaving(place: Place, other: ObservedFleet, { overlapMs, keepMs }: Wanted, now: number): Step[] {
  const { name, build, state, note, allocated: sessions, autoscaler } = other;
  const at = { cluster: place.cluster, fleet: place.fleet, name, build };
  const since = note === undefined ? now : Date.parse(note.since);
  if (state === 'closed' && other.replicas === 0 && autoscaler === undefined) {
    // One that the tree has under the fleet's own name would be made anew with the next deployment.
    const isDue = other.servers === 0 && name !== place.fleet && since + keepMs <= now;
    return isDue ? [{ ...at, does: 'delete' }] : [];
  }
  const close: Step = { ...at, does: 'close', autoscaler: autoscaler?.name, mark: closedMark(other, now), sessions };
  if (state === 'coming' || state === 'closed') return [close];
  const until = state === 'leaving' ? since + overlapMs : undefined;
  const isOpen = until === undefined ? overlapMs > 0 : until > now;
  return isOpen ? [{ ...at, does: 'await-cut-off', until, sessions }, close] : [close];
}

/** What was kept stays, should it have been written by one who was killed before he had closed it. */
function closedMark({ name, note, ready, autoscaler, state }: ObservedFleet, now: number): Mark {
  const mine = note ?? { number: 0, by: 'release' };
  const free = state === 'leaving' || state === undefined ? Math.max(1, ready) : Math.max(1, note?.kept?.free ?? ready);
  const since = state === 'closed' && note !== undefined ? note.since : new Date(now).toISOString();
  return { name, state: 'closed', note: { ...mine, since, kept: { free, ...autoscalerOf(autoscaler ?? note?.kept?.autoscaler) } } };
}

function numberOf({ note }: ObservedFleet): number {
  return note?.number ?? 0;
}

function digestOf(digest: string | undefined): Pick<ReleaseNote, 'digest'> {
  return digest === undefined ? {} : { digest };
}

function wantedAutoscaler(made: FleetOfBuild | undefined, target: ObservedFleet | undefined): KeptAutoscaler | undefined {
  if (made?.autoscaler === undefined) return target?.note?.kept?.autoscaler;
  const { metadata, spec } = made.autoscaler;
  return { name: metadata.name, spec };
}

function autoscalerOf(autoscaler: KeptAutoscaler | undefined): Pick<NonNullable<ReleaseNote['kept']>, 'autoscaler'> {
  return autoscaler === undefined ? {} : { autoscaler };
}
