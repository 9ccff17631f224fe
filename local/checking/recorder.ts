/**
 * Watches the game servers and fleets of all clusters at their API servers, from before the first request, and keeps who carried what.
 * It asks no service of ours.
 */
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import { KubeClient } from '../agones/kube/kube-client.ts';
import { readKubeConnection } from '../agones/kube/kube-connection.ts';
import { WatchCache } from '../agones/kube/watch-cache.ts';
import type { Log } from '../agones/log.ts';
import { FLEET_LABEL, isBeingDeleted, stateOf, type GameServer } from '../agones/resources/game-server.ts';
import { GAME_SERVERS } from '../agones/resources/resource.ts';
import { GameServerHistory, type Carried, type Sighting } from './game-server-history.ts';

export interface Recorder {
  readonly history: GameServerHistory;
  find(cluster: string, namespace: string, name: string): GameServer | undefined;
  /** The build of the fleets. */
  build(): string | undefined;
  /** How many servers each fleet has in each state. */
  fleets(): FleetStates[];
}

export interface FleetStates {
  readonly cluster: string;
  readonly fleet: string;
  readonly states: Readonly<Record<string, number>>;
}

export interface Recorded {
  readonly clusters: readonly { readonly name: string; readonly kubeconfig: string }[];
  /** Only servers with this owner label count; all owners' by default. */
  readonly owner?: string;
}

/** @param signal ends the watches. */
export async function startRecorder({ clusters, owner }: Recorded, log: Log, now: () => number, signal: AbortSignal): Promise<Recorder> {
  const history = new GameServerHistory();
  const caches = new Map<string, WatchCache<GameServer>>();
  for (const { name, kubeconfig } of clusters) {
    const client = new KubeClient(await readKubeConnection(kubeconfig));
    signal.addEventListener('abort', () => client.close(), { once: true });
    const cache = new WatchCache(client, GAME_SERVERS, log);
    cache.onChange((before, after) => {
      const server = after ?? before;
      if (server === undefined) return;
      // Another server of the same name: the one before is gone.
      if (before !== undefined && after !== undefined && before.metadata.uid !== after.metadata.uid)
        history.see(sightingOf(name, before, undefined, owner, now()));
      history.see(sightingOf(name, server, after, owner, now()));
    });
    await cache.start(signal);
    caches.set(name, cache);
  }
  return {
    history,
    find: (cluster, namespace, name) => caches.get(cluster)?.get(`${namespace}/${name}`),
    build: () =>
      [...caches.values()]
        .flatMap((cache) => [...cache.values()])
        .map((server) => server.metadata.labels?.[GAME_SERVER_MARKS.build])
        .find((build) => build !== undefined),
    fleets: () => [...caches].flatMap(([cluster, cache]) => fleetsOf(cluster, [...cache.values()])),
  };
}

function sightingOf(cluster: string, server: GameServer, present: GameServer | undefined, owner: string | undefined, at: number): Sighting {
  const carries = present === undefined ? undefined : carriedBy(present, owner);
  return { at, cluster, gameServer: server.metadata.name, serverUid: server.metadata.uid, ...(carries === undefined ? {} : { carries }) };
}

function carriedBy(server: GameServer, owner: string | undefined): Carried | undefined {
  const labels = server.metadata.labels ?? {};
  const uid = labels[GAME_SERVER_MARKS.uid];
  const owned = labels[GAME_SERVER_MARKS.owner];
  if (uid === undefined || owned === undefined || (owner !== undefined && owned !== owner)) return undefined;
  if (stateOf(server) !== 'Allocated' || isBeingDeleted(server)) return undefined;
  return { uid, attempt: Number(labels[GAME_SERVER_MARKS.attempt]) };
}

function fleetsOf(cluster: string, servers: readonly GameServer[]): FleetStates[] {
  const byFleet = Map.groupBy(servers, (server) => server.metadata.labels?.[FLEET_LABEL] ?? '');
  return [...byFleet]
    .map(([fleet, members]) => ({ cluster, fleet, states: countOf(members.map(shownState)) }))
    .toSorted((a, b) => a.fleet.localeCompare(b.fleet));
}

function shownState(server: GameServer): string {
  return isBeingDeleted(server) ? 'Shutdown' : stateOf(server);
}

function countOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
