/**
 * Which builds take players, as the clusters' fleets say. Nobody is turned away by a watch alone, which may be behind or dead: where it says
 * that a build is closed, the clusters themselves are asked, and one that could serve it and does not answer leaves it unknown. Of one that
 * could serve nobody, since it is away, what it last had counts, beside the word of another that answers.
 */
import type { ClosedBuild } from '../../contracts/build-closed.ts';
import type { FleetBuild } from '../../contracts/allocator-api/builds.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import type { SeenFleet } from '../clusters/fleet-book.ts';
import type { FleetsLook } from '../clusters/look-at-fleets.ts';
import type { ClosedBuilds } from '../store/closed-builds.ts';
import type { KnownFleets } from '../store/known-fleets.ts';
import { buildStateOf, concerns, havingIt, openBuildsBeside, type AboutBuild, type SeenCluster } from './build-state.ts';

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
  readonly look: Pick<FleetsLook, 'fleetsOf'>;
  readonly past: Pick<ClosedBuilds, 'fleetsOf' | 'values'>;
  readonly known: Pick<KnownFleets, 'of'>;
}

export function createOpenBuilds({ clusters, look, past, known }: OpenBuildsParts): OpenBuilds {
  const mayBeClosed = (build: string) => past.fleetsOf(build).length > 0 || clusters.values().some(({ fleets }) => fleets.hasClosed(build));
  const watched = () => Array.from(clusters.values(), (cluster) => seen(cluster, wordOf(cluster), answers(cluster) ? 'now' : 'doubt'));
  /** @param about only those that could serve it, where it is given */
  const asked = (about?: AboutBuild) =>
    Promise.all(
      Array.from(clusters.values(), async (cluster) => {
        const { region, fleets: allowed } = cluster.config;
        return about === undefined || concerns({ region, allowed }, about) ? ask(cluster) : seen(cluster, [], 'doubt');
      }),
    );
  const ask = async (cluster: AgonesCluster): Promise<SeenCluster> => {
    const fleets = answers(cluster) ? await look.fleetsOf(cluster) : undefined;
    // The cluster may have been lost while it was asked.
    if (fleets !== undefined && answers(cluster)) return seen(cluster, fleets, 'now');
    const word = wordOf(cluster);
    if (cluster.draining) return seen(cluster, word, 'before');
    const last = cluster.healthy ? undefined : await known.of(cluster.config.name).catch(() => undefined);
    // Both: another process may have seen later ones than this, or not yet written them.
    // It may be back meanwhile: then it has to be asked.
    return last === undefined || cluster.healthy ? seen(cluster, word, 'doubt') : seen(cluster, [...word, ...last], 'before');
  };
  const closedIn = ({ fleet, build }: AboutBuild) => past.fleetsOf(build).filter((one) => (fleet ?? one) === one);
  const stateIn = (seenClusters: readonly SeenCluster[], about: AboutBuild) => buildStateOf(seenClusters, about, closedIn(about));
  /** Nobody says otherwise, as far as it is known without a question. */
  const isSaidClosed = (about: AboutBuild) =>
    stateIn(
      watched().map((one): SeenCluster => ({ ...one, known: 'now' })),
      about,
    ) === 'closed';

  return {
    mayBeClosed,
    closedNow: async (about) => {
      if (!mayBeClosed(about.build) || !isSaidClosed(about)) return undefined;
      const now = await asked(about);
      // Both: what has been opened since the look is known by the watch.
      if (stateIn(now, about) !== 'closed' || !isSaidClosed(about)) return undefined;
      const open = openBuildsBeside(now, about, closedIn(about));
      return { build: about.build, fleet: about.fleet, open, clusters: havingIt(now, about) };
    },
    list: async ({ fleet, build }, most) => {
      const isAsked = (one: { fleet: string; build: string }) =>
        one.build !== '' && (fleet ?? one.fleet) === one.fleet && (build ?? one.build) === one.build;
      const byWatch = watched();
      const all = [...byWatch.flatMap((cluster) => cluster.fleets), ...past.values()].filter(isAsked);
      const every = new Map(all.map((one) => [`${one.fleet}/${one.build}`, { fleet: one.fleet, build: one.build }]));
      const listed = [...every.values()].slice(0, most);
      const now = listed.some((one) => isSaidClosed({ ...one, regions: [] })) ? await asked() : byWatch;
      const regions = [...new Set(now.map(({ region }) => region))].toSorted();
      const builds = listed.map((one): FleetBuild => ({
        ...one,
        state: stateIn(now, { ...one, regions: [] }),
        regions: regions
          .map((region) => ({ region, state: buildStateOf(now, { ...one, regions: [region] }) }))
          .filter(
            ({ region, state }) => state !== 'unknown' || now.some((cluster) => cluster.region === region && cluster.known !== 'now'),
          ),
      }));
      return {
        builds: builds.toSorted((a, b) => compare(a.fleet, b.fleet) || compare(a.build, b.build)),
        more: every.size > listed.length,
        inDoubt: now.filter((one) => one.known !== 'now').map(({ name, region }) => ({ cluster: name, region })),
      };
    },
  };
}

/** What the watch has told of a cluster; nothing of one that is drained and away, as it will take nobody when it comes back. */
export function wordOf(cluster: AgonesCluster): readonly SeenFleet[] {
  return cluster.draining && !answers(cluster) ? [] : cluster.fleets.values();
}

/** As far as it is known without a question. */
export function answers({ healthy, fleets }: AgonesCluster): boolean {
  return healthy && fleets.synced;
}

function seen({ config }: AgonesCluster, fleets: SeenCluster['fleets'], known: SeenCluster['known']): SeenCluster {
  return { name: config.name, region: config.region, allowed: config.fleets, known, fleets };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
