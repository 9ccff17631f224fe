/**
 * Which builds take players, as the clusters' fleets say. Nobody is turned away by a watch alone, which may be behind or dead: where it says
 * that a build is closed, the clusters themselves are asked, and one that does not answer leaves it unknown.
 */
import type { ClosedBuild } from '../../contracts/build-closed.ts';
import type { FleetBuild } from '../../contracts/allocator-api/builds.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import type { ClosedBuilds } from '../store/closed-builds.ts';
import { buildStateOf, concerns, havingIt, openBuildsBeside, type AboutBuild, type SeenCluster } from './build-state.ts';
import { createFleetsLook } from './look-at-fleets.ts';

export interface OpenBuilds {
  /** What waits for it waits in vain: undefined unless that is certain. At once, without a question, where no watch says so. */
  closedNow(about: AboutBuild): Promise<ClosedInClusters | undefined>;
  /** Whether it is worth asking about anything of this build. */
  mayBeClosed(build: string): boolean;
  /** @param most builds; those that a cluster has come first, then those that were closed last */
  list(filter: { readonly fleet?: string | undefined; readonly build?: string | undefined }, most: number): Promise<BuildList>;
}

export interface ClosedInClusters extends ClosedBuild {
  /** That have it, closed; none once its fleets are gone. */
  readonly clusters: ReadonlySet<string>;
}

export interface BuildList {
  /** In the order of their names. */
  readonly builds: FleetBuild[];
  readonly more: boolean;
  readonly inDoubt: { readonly cluster: string; readonly region: string }[];
}

export interface OpenBuildsParts {
  /** By name. */
  readonly clusters: ReadonlyMap<string, AgonesCluster>;
  readonly past: Pick<ClosedBuilds, 'has' | 'hasBuild' | 'values'>;
}

export function createOpenBuilds({ clusters, past }: OpenBuildsParts): OpenBuilds {
  const look = createFleetsLook();
  const mayBeClosed = (build: string) => past.hasBuild(build) || clusters.values().some(({ fleets }) => fleets.hasClosed(build));
  const watched = () => Array.from(clusters.values(), (cluster) => seen(cluster, cluster.fleets.values(), isCertain(cluster)));
  /** @param about only those that could serve it, where it is given */
  const asked = (about?: AboutBuild) =>
    Promise.all(
      Array.from(clusters.values(), async (cluster) => {
        const { region, fleets: allowed } = cluster.config;
        const isAsked = isCertain(cluster) && (about === undefined || concerns({ region, allowed }, about));
        const fleets = isAsked ? await look.fleetsOf(cluster) : undefined;
        // The cluster may have been lost while it was asked.
        return seen(cluster, fleets ?? cluster.fleets.values(), fleets !== undefined && isCertain(cluster));
      }),
    );
  const stateIn = (seenClusters: readonly SeenCluster[], about: AboutBuild) =>
    buildStateOf(seenClusters, about, about.fleet !== undefined && past.has(about.fleet, about.build));

  return {
    mayBeClosed,
    closedNow: async (about) => {
      if (!mayBeClosed(about.build) || stateIn(watched(), about) !== 'closed') return undefined;
      const now = await asked(about);
      // Both: what has been opened since the look is known by the watch.
      if (stateIn(now, about) !== 'closed' || stateIn(watched(), about) !== 'closed') return undefined;
      return { build: about.build, fleet: about.fleet, open: openBuildsBeside(now, about), clusters: havingIt(now, about) };
    },
    list: async ({ fleet, build }, most) => {
      const isAsked = (one: { fleet: string; build: string }) =>
        one.build !== '' && (fleet ?? one.fleet) === one.fleet && (build ?? one.build) === one.build;
      const byWatch = watched();
      const all = [...byWatch.flatMap((cluster) => cluster.fleets), ...past.values()].filter(isAsked);
      const every = new Map(all.map((one) => [`${one.fleet}/${one.build}`, { fleet: one.fleet, build: one.build }]));
      const known = [...every.values()].slice(0, most);
      const isAnyClosed = known.some((one) => stateIn(byWatch, { ...one, regions: [] }) === 'closed');
      const now = isAnyClosed ? await asked() : byWatch;
      const regions = [...new Set(now.map(({ region }) => region))].toSorted();
      const builds = known.map((one): FleetBuild => ({
        ...one,
        state: stateIn(now, { ...one, regions: [] }),
        regions: regions
          .map((region) => ({ region, state: buildStateOf(now, { ...one, regions: [region] }) }))
          .filter(({ region, state }) => state !== 'unknown' || now.some((cluster) => cluster.region === region && !cluster.certain)),
      }));
      return {
        builds: builds.toSorted((a, b) => compare(a.fleet, b.fleet) || compare(a.build, b.build)),
        more: every.size > known.length,
        inDoubt: now.filter(({ certain }) => !certain).map(({ name, region }) => ({ cluster: name, region })),
      };
    },
  };
}

/** As far as it is known without a question. */
function isCertain({ healthy, fleets }: AgonesCluster): boolean {
  return healthy && fleets.synced;
}

function seen({ config }: AgonesCluster, fleets: SeenCluster['fleets'], certain: boolean): SeenCluster {
  return { name: config.name, region: config.region, allowed: config.fleets, certain, fleets };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
