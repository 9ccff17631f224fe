/**
 * Which servers a request may be served by, and what tells servers apart for that. Pure.
 *
 * A pool is the servers of one build that meet a request's selectors; a request that names a fleet has those of that fleet,
 * whether Agones knows it by this name or under a name of each build. Requests of different pools may want the same servers, so they stand in lines that are read together: one line
 * per build and fleet, and one per build for those who choose by selectors.
 */
import { GAME_SERVER_MARKS, type AllocationRequest } from '../../contracts/allocator.ts';
import type { CounterCondition, ListCondition, ServerSelector } from '../../contracts/server-selectors.ts';
import { ownMember } from '../../contracts/own-member.ts';

export const FLEET_LABEL = 'agones.dev/fleet';

export interface ServerCounter {
  readonly count: number;
  readonly capacity: number;
}

export interface ServerList {
  readonly values: readonly string[];
  readonly capacity: number;
}

/** What all servers of a kind have in common; it holds only what somebody has asked for. */
export interface Kind {
  /** As requests call it. */
  readonly fleet: string;
  readonly build: string;
  /** With Agones' fleet and the build. */
  readonly labels: Readonly<Record<string, string>>;
  readonly counters: Readonly<Record<string, ServerCounter>>;
  readonly lists: Readonly<Record<string, ServerList>>;
}

export interface Pool {
  /** The same for all requests that the same servers may serve, in the same order of preference. */
  readonly key: string;
  /** Where in line such requests stand. See `lineOf`. */
  readonly line: string;
  readonly build: string;
  /** Undefined: whatever the selectors say. */
  readonly fleet: string | undefined;
  /** With the build: as Agones is asked. */
  readonly selectors: readonly ServerSelector[];
  /** By which it tells servers apart, beside fleet and build. */
  readonly names: Names;
}

/** Names of labels, counters and lists. */
export interface Names {
  readonly labels: readonly string[];
  readonly counters: readonly string[];
  readonly lists: readonly string[];
}

const NO_NAMES: Names = { labels: [], counters: [], lists: [] };

/** What a request says of the servers that it may be served by. */
export type Asked = Pick<AllocationRequest, 'build' | 'fleet' | 'selectors'>;

export function poolOf({ build, fleet, selectors = [] }: Asked): Pool {
  if (fleet !== undefined) {
    const line = lineOf(build, fleet);
    return { key: line, line, build, fleet, selectors: selectorsOf(build, fleet), names: NO_NAMES };
  }
  const withBuild = selectors.map((selector) => ({ ...selector, matchLabels: { ...selector.matchLabels, ...labelOf(build) } }));
  const key = `${lineOf(build)} ${JSON.stringify(withBuild)}`;
  return { ...anyOf(build), key, selectors: withBuild, names: namesIn(selectors) };
}

/** Every server of a build, told apart as these pools do. */
export function anyOf(build: string, pools: readonly Pool[] = []): Pool {
  const line = lineOf(build);
  const any = { line, build, fleet: undefined, selectors: [selectorOf(labelOf(build))] };
  const all = (of: keyof Names) => [...new Set(pools.flatMap(({ names }) => names[of]))].toSorted();
  const names = { labels: all('labels'), counters: all('counters'), lists: all('lists') };
  const isPlain = names.labels.length + names.counters.length + names.lists.length === 0;
  return isPlain ? { ...any, key: line, names: NO_NAMES } : { ...any, key: `${line} ${JSON.stringify(names)}`, names };
}

/** @param fleet none for those who choose by selectors. A fleet's name has no asterisk. */
export function lineOf(build: string, fleet = '*'): string {
  return `${build}/${fleet}`;
}

export function buildOfLine(line: string): string {
  return line.slice(0, line.lastIndexOf('/'));
}

/** The place of the first selector that servers of this kind meet: smaller is preferred. -1: they will not do. */
export function rankOf(pool: Pool, kind: Kind): number {
  if (pool.fleet !== undefined) return kind.fleet === pool.fleet && kind.build === pool.build ? 0 : -1;
  return pool.selectors.findIndex((selector) => meets(kind, selector));
}

function namesIn(selectors: readonly ServerSelector[]): Names {
  const labels = selectors.flatMap(({ matchLabels, matchExpressions }) => [
    ...Object.keys(matchLabels),
    ...matchExpressions.map(({ key }) => key),
  ]);
  return {
    labels: labels.filter((name) => name !== FLEET_LABEL),
    counters: selectors.flatMap(({ counters }) => Object.keys(counters)),
    lists: selectors.flatMap(({ lists }) => Object.keys(lists)),
  };
}

/** As Agones matches a selector. */
function meets(kind: Kind, { matchLabels, matchExpressions, counters, lists }: ServerSelector): boolean {
  return (
    Object.entries(matchLabels).every(([name, value]) => ownMember(kind.labels, name) === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      const value = ownMember(kind.labels, key);
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      return (operator === 'Exists') === (value !== undefined);
    }) &&
    Object.entries(counters).every(([name, condition]) => counterMeets(ownMember(kind.counters, name), condition)) &&
    Object.entries(lists).every(([name, condition]) => listMeets(ownMember(kind.lists, name), condition))
  );
}

function counterMeets(counter: ServerCounter | undefined, condition: CounterCondition): boolean {
  if (counter === undefined) return false;
  const { minCount, maxCount, minAvailable, maxAvailable } = condition;
  return within(counter.count, minCount, maxCount) && within(counter.capacity - counter.count, minAvailable, maxAvailable);
}

function listMeets(list: ServerList | undefined, { containsValue = '', minAvailable, maxAvailable }: ListCondition): boolean {
  if (list === undefined) return false;
  const has = containsValue === '' || list.values.includes(containsValue);
  return has && within(list.capacity - list.values.length, minAvailable, maxAvailable);
}

/** A most of zero is no limit. */
function within(value: number, least = 0, most = 0): boolean {
  return value >= least && (most === 0 || value <= most);
}

function selectorsOf(build: string, fleet: string): ServerSelector[] {
  return [FLEET_LABEL, GAME_SERVER_MARKS.fleet].map((name) => selectorOf({ [name]: fleet, ...labelOf(build) }));
}

function selectorOf(matchLabels: Record<string, string>): ServerSelector {
  return { matchLabels, matchExpressions: [], counters: {}, lists: {} };
}

function labelOf(build: string): Record<string, string> {
  return { [GAME_SERVER_MARKS.build]: build };
}
