/**
 * What the fleets of the clusters say of a build. Pure.
 *
 * Open wherever it is open; closed only where a cluster that answers says so, none says anything else, and none that may serve it is in doubt.
 * Whatever is in doubt is unknown: nobody may be turned away by it.
 */
import type { BuildState } from '../../contracts/allocator-api/builds.ts';
import type { MarkedBuild } from '../clusters/fleet-book.ts';

/** A cluster, as far as its fleets are known. */
export interface SeenCluster {
  readonly name: string;
  readonly region: string;
  /**
   * now: it answers, and these are its fleets. before: nobody is placed there until it answers again, and these it had when it last did.
   * doubt: it may have others.
   */
  readonly known: 'now' | 'before' | 'doubt';
  /** The only fleets that its operator allows, as requests call them; all where undefined. */
  readonly allowed: readonly string[] | undefined;
  readonly fleets: readonly MarkedBuild[];
}

/** The servers that a request would be placed on, as far as a release changes it. */
export interface AboutBuild {
  /** As requests call it; undefined: whatever fleet has the build. */
  readonly fleet?: string | undefined;
  readonly build: string;
  /** Allowed regions; empty means any. */
  readonly regions: readonly string[];
}

/** Nothing that is further down matters once somebody says this. */
const RANK = ['open', 'closing', 'coming', 'closed'] as const satisfies readonly BuildState[];
type Said = (typeof RANK)[number];

/** @param closedIn the fleets in which such a build was closed once; they may have been taken away since */
export function buildStateOf(clusters: readonly SeenCluster[], about: AboutBuild, closedIn: readonly string[] = []): BuildState {
  const concerned = clusters.filter((cluster) => concerns(cluster, about));
  const said = new Set(concerned.flatMap((cluster) => ownFleets(cluster, about)).map(saidBy));
  const first = RANK.find((one) => said.has(one));
  if (first !== undefined && first !== 'closed') return first;
  if (concerned.some(({ known }) => known === 'doubt')) return 'unknown';
  // A release or a rollback changes all clusters at once: one that answers tells of those that do not.
  if (concerned.some((one) => one.known === 'now' && ownFleets(one, about).length > 0)) return 'closed';
  // Nothing is left of it: gone for good where something else is played by now, else perhaps not there yet.
  return closedIn.length > 0 && openBuildsBeside(concerned, about, closedIn).length > 0 ? 'closed' : 'unknown';
}

/** The builds that players can move on to now, in the order of their names. @param closedIn as above */
export function openBuildsBeside(clusters: readonly SeenCluster[], about: AboutBuild, closedIn: readonly string[] = []): string[] {
  const concerned = clusters.filter((cluster) => cluster.known === 'now' && concerns(cluster, about));
  const having = concerned.flatMap((cluster) => ownFleets(cluster, about)).map((one) => one.fleet);
  const fleets = new Set(about.fleet === undefined ? [...having, ...closedIn] : [about.fleet]);
  const open = concerned.flatMap((cluster) => cluster.fleets.filter((one) => fleets.has(one.fleet) && saidBy(one) === 'open'));
  return [...new Set(open.map(({ build }) => build))].filter((build) => build !== '' && build !== about.build).toSorted();
}

/** The clusters that have it. */
export function havingIt(clusters: readonly SeenCluster[], about: AboutBuild): Set<string> {
  return new Set(clusters.filter((one) => concerns(one, about) && ownFleets(one, about).length > 0).map(({ name }) => name));
}

/** Whether the cluster could serve it. */
export function concerns({ region, allowed }: Pick<SeenCluster, 'region' | 'allowed'>, { fleet, regions }: AboutBuild): boolean {
  if (regions.length > 0 && !regions.includes(region)) return false;
  return fleet === undefined || allowed?.includes(fleet) !== false;
}

function ownFleets({ fleets, allowed }: SeenCluster, { fleet, build }: AboutBuild): MarkedBuild[] {
  return fleets.filter((one) => one.build === build && (fleet ?? one.fleet) === one.fleet && allowed?.includes(one.fleet) !== false);
}

function saidBy({ state }: MarkedBuild): Said {
  switch (state) {
    case 'leaving':
      return 'closing';
    case 'coming':
    case 'closed':
      return state;
    // One that no release has touched is as open as the current one.
    case 'current':
    case undefined:
      return 'open';
  }
}
