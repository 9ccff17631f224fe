/** How a set gets to its wanted number of game servers (pure). */
import type { Priority } from '../resources/fleet.ts';
import type { GameServerState } from '../../../sdk-bridge/solo/sidecar/sidecar-game-server.ts';
import { isBeingDeleted, stateOf, type GameServer, type Scheduling } from '../resources/game-server.ts';

export interface SetPlan {
  readonly create: number;
  /** These are shut down; an Allocated or Reserved game server is never among them. */
  readonly shutDown: readonly GameServer[];
}

const BROKEN: ReadonlySet<string> = new Set<GameServerState>(['Error', 'Unhealthy']);
const KEPT: ReadonlySet<string> = new Set<GameServerState>(['Allocated', 'Reserved']);

export function planOf(
  gameServers: readonly GameServer[],
  wanted: number,
  scheduling: Scheduling,
  priorities: readonly Priority[] = [],
): SetPlan {
  const standing = gameServers.filter((gameServer) => !isBeingDeleted(gameServer));
  const broken = standing.filter((gameServer) => BROKEN.has(stateOf(gameServer)));
  const up = standing.filter((gameServer) => !BROKEN.has(stateOf(gameServer)));
  const surplus = up.length - wanted;
  if (surplus <= 0) return { create: -surplus, shutDown: broken };
  const free = up.filter((gameServer) => !KEPT.has(stateOf(gameServer)));
  const chosen = inOrderOfDeletion(free, scheduling, priorities, up);
  return { create: 0, shutDown: [...broken, ...chosen.slice(0, surplus)] };
}

/** @param standing what tells how full a node is: the game servers themselves, where nobody else stands there. */
export function inOrderOfDeletion(
  gameServers: readonly GameServer[],
  scheduling: Scheduling,
  priorities: readonly Priority[] = [],
  standing = gameServers,
): GameServer[] {
  const order = scheduling === 'Packed' ? emptyNodesFirst(standing) : () => 0;
  return gameServers.toSorted(
    (one, other) => readyLast(one, other) || byPriority(one, other, priorities) || order(one, other) || newestFirst(one, other),
  );
}

/** What is not Ready yet costs least to lose. */
const readyLast = (one: GameServer, other: GameServer): number => Number(isReady(one)) - Number(isReady(other));
const isReady = (gameServer: GameServer): boolean => stateOf(gameServer) === 'Ready' || KEPT.has(stateOf(gameServer));

/** Packed: a node with few servers is emptied first, so that the autoscaler can take it away. */
function emptyNodesFirst(gameServers: readonly GameServer[]): (one: GameServer, other: GameServer) => number {
  const onNode = new Map<string, number>();
  const nodeOf = (gameServer: GameServer): string => gameServer.status?.nodeName ?? '';
  for (const gameServer of gameServers) onNode.set(nodeOf(gameServer), (onNode.get(nodeOf(gameServer)) ?? 0) + 1);
  return (one, other) => (onNode.get(nodeOf(one)) ?? 0) - (onNode.get(nodeOf(other)) ?? 0) || nodeOf(one).localeCompare(nodeOf(other));
}

/** What an allocation would choose last goes first. */
function byPriority(one: GameServer, other: GameServer, priorities: readonly Priority[]): number {
  for (const { type, key = '', order } of priorities) {
    const difference = availableIn(one, type, key) - availableIn(other, type, key);
    if (difference !== 0) return order === 'Descending' ? difference : -difference;
  }
  return 0;
}

function availableIn({ status }: GameServer, type: string | undefined, key: string): number {
  if (type === 'List') {
    const list = status?.lists?.[key];
    return (list?.capacity ?? 0) - (list?.values?.length ?? 0);
  }
  const counter = status?.counters?.[key];
  return (counter?.capacity ?? 0) - (counter?.count ?? 0);
}

const newestFirst = (one: GameServer, other: GameServer): number =>
  (other.metadata.creationTimestamp ?? '').localeCompare(one.metadata.creationTimestamp ?? '');
