/** Which game server an allocation gets (pure): the order of the candidates, and the first that fits. */
import { stateOf, type GameServer, type Scheduling } from '../resources/game-server.ts';
import type { AllocationPriority, CounterSelector, LabelRequirement, ListSelector, Selector } from './allocation.ts';

/**
 * The candidates in the order in which they are tried.
 *
 * Packed fills nodes: Allocated servers first, then those on the node with most Allocated, then most Ready servers.
 * Distributed takes any: `shuffled` brings the chance. Priorities decide within that.
 */
export function inOrder(
  gameServers: readonly GameServer[],
  scheduling: Scheduling,
  priorities: readonly AllocationPriority[],
  shuffled: <Item>(items: readonly Item[]) => Item[],
): GameServer[] {
  if (scheduling === 'Distributed') {
    return shuffled(gameServers).toSorted((one, other) => byPriorities(one, other, priorities));
  }
  const onNode = countsByNode(gameServers);
  const countsOf = (gameServer: GameServer): NodeCounts => onNode.get(nodeOf(gameServer)) ?? NO_COUNTS;
  return gameServers.toSorted(
    (one, other) =>
      Number(stateOf(other) === 'Allocated') - Number(stateOf(one) === 'Allocated') ||
      byNode(one, other, countsOf) ||
      byPriorities(one, other, priorities) ||
      compareText(one.metadata.name, other.metadata.name),
  );
}

/** The place in `candidates` of the best game server for these ordered selectors: an earlier selector wins. */
export function findGameServer(candidates: readonly GameServer[], namespace: string, selectors: readonly Selector[]): number | undefined {
  const found: (number | undefined)[] = selectors.map(() => undefined);
  for (const [place, gameServer] of candidates.entries()) {
    if (gameServer.metadata.namespace !== namespace) continue;
    for (const [index, selector] of selectors.entries()) {
      if (found[index] === undefined && matches(gameServer, selector)) found[index] = place;
    }
    if (found[0] !== undefined) break;
  }
  return found.find((place) => place !== undefined);
}

function matches(gameServer: GameServer, selector: Selector): boolean {
  const labels = gameServer.metadata.labels ?? {};
  return (
    gameServer.metadata.deletionTimestamp === undefined &&
    stateOf(gameServer) === selector.gameServerState &&
    Object.entries(selector.matchLabels ?? {}).every(([name, value]) => labels[name] === value) &&
    (selector.matchExpressions ?? []).every((requirement) => meets(labels, requirement)) &&
    Object.entries(selector.counters ?? {}).every(([key, wanted]) => counterFits(gameServer, key, wanted)) &&
    Object.entries(selector.lists ?? {}).every(([key, wanted]) => listFits(gameServer, key, wanted))
  );
}

function meets(labels: Readonly<Record<string, string>>, { key, operator, values = [] }: LabelRequirement): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined;
  }
}

function counterFits({ status }: GameServer, key: string, wanted: CounterSelector): boolean {
  const counter = status?.counters?.[key];
  if (counter === undefined) return false;
  const count = counter.count ?? 0;
  const available = (counter.capacity ?? 0) - count;
  return within(count, wanted.minCount, wanted.maxCount) && within(available, wanted.minAvailable, wanted.maxAvailable);
}

function listFits({ status }: GameServer, key: string, wanted: ListSelector): boolean {
  const list = status?.lists?.[key];
  if (list === undefined) return false;
  const values = list.values ?? [];
  const available = (list.capacity ?? 0) - values.length;
  const contains = wanted.containsValue ?? '';
  return within(available, wanted.minAvailable, wanted.maxAvailable) && (contains === '' || values.includes(contains));
}

/** A greatest of zero means none. */
const within = (value: number, least = 0, greatest = 0): boolean => value >= least && (greatest === 0 || value <= greatest);

interface NodeCounts {
  readonly allocated: number;
  readonly ready: number;
}

const NO_COUNTS: NodeCounts = { allocated: 0, ready: 0 };

const nodeOf = (gameServer: GameServer): string => gameServer.status?.nodeName ?? '';

function countsByNode(gameServers: readonly GameServer[]): Map<string, NodeCounts> {
  const counts = new Map<string, NodeCounts>();
  for (const gameServer of gameServers) {
    const node = nodeOf(gameServer);
    const { allocated, ready } = counts.get(node) ?? NO_COUNTS;
    const isAllocated = stateOf(gameServer) === 'Allocated';
    counts.set(node, { allocated: allocated + Number(isAllocated), ready: ready + Number(!isAllocated) });
  }
  return counts;
}

function byNode(one: GameServer, other: GameServer, countsOf: (gameServer: GameServer) => NodeCounts): number {
  if (nodeOf(one) === nodeOf(other)) return 0;
  const left = countsOf(one);
  const right = countsOf(other);
  return right.allocated - left.allocated || right.ready - left.ready || compareText(nodeOf(one), nodeOf(other));
}

/** Ascending takes what has least room first; what lacks the counter or list comes last. */
function byPriorities(one: GameServer, other: GameServer, priorities: readonly AllocationPriority[]): number {
  for (const { type, key = '', order } of priorities) {
    const left = availableIn(one, type, key);
    const right = availableIn(other, type, key);
    if (left === right) continue;
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    return order === 'Descending' ? right - left : left - right;
  }
  return 0;
}

function availableIn({ status }: GameServer, type: string | undefined, key: string): number | undefined {
  if (type === 'List') {
    const list = status?.lists?.[key];
    return list === undefined ? undefined : (list.capacity ?? 0) - (list.values?.length ?? 0);
  }
  const counter = status?.counters?.[key];
  return counter === undefined ? undefined : (counter.capacity ?? 0) - (counter.count ?? 0);
}

const compareText = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
