/** What every controller works with: the caches of one cluster, the writer, and the means to tell what happened. */
import type { KubeClient } from '../kube/kube-client.ts';
import { ObjectStore } from '../kube/object-store.ts';
import { WatchCache } from '../kube/watch-cache.ts';
import type { Log } from '../log.ts';
import type { Fleet, FleetAutoscaler, GameServerSet } from '../resources/fleet.ts';
import type { GameServer } from '../resources/game-server.ts';
import type { Node, Pod } from '../resources/pod.ts';
import { FLEETS, FLEET_AUTOSCALERS, GAME_SERVERS, GAME_SERVER_SETS, NODES, PODS } from '../resources/resource.ts';
import { EventRecorder, type EventSource } from './event-recorder.ts';

export interface ClusterView {
  readonly store: ObjectStore;
  readonly log: Log;
  readonly now: () => Date;
  readonly fleets: WatchCache<Fleet>;
  readonly sets: WatchCache<GameServerSet>;
  readonly gameServers: WatchCache<GameServer>;
  readonly pods: WatchCache<Pod>;
  readonly nodes: WatchCache<Node>;
  readonly autoscalers: WatchCache<FleetAutoscaler>;
  recorder(source: EventSource): EventRecorder;
}

export interface Chance {
  readonly now: () => Date;
  readonly newSuffix: () => string;
}

/** Caches that are still empty; `startCaches` fills them once every controller listens. */
export function clusterView(client: KubeClient, log: Log, chance: Chance, watchLagMs: () => number): ClusterView {
  return {
    store: new ObjectStore(client),
    log,
    now: chance.now,
    fleets: new WatchCache(client, FLEETS, log, watchLagMs),
    sets: new WatchCache(client, GAME_SERVER_SETS, log, watchLagMs),
    gameServers: new WatchCache(client, GAME_SERVERS, log, watchLagMs),
    pods: new WatchCache(client, PODS, log, watchLagMs),
    nodes: new WatchCache(client, NODES, log),
    autoscalers: new WatchCache(client, FLEET_AUTOSCALERS, log, watchLagMs),
    recorder: (source) => new EventRecorder(client, source, log, chance.now, chance.newSuffix),
  };
}

/** Owners last: by then the caches of what they own are full, and nothing is made twice after a restart. */
export async function startCaches(view: ClusterView, signal: AbortSignal): Promise<void> {
  await view.nodes.start(signal);
  await view.pods.start(signal);
  await view.gameServers.start(signal);
  await view.sets.start(signal);
  await view.fleets.start(signal);
  await view.autoscalers.start(signal);
}
