/**
 * What a cluster's census adds up to: servers per fleet and build, those that carry our mark, and how long servers take
 * to become Ready. Kept up with each change, so that nobody has to go through a million servers to know.
 */
import type { Census } from './census.ts';
import { isAlive, type GameServer } from './game-server.ts';

export interface Counts {
  readonly ready: number;
  readonly allocated: number;
  readonly reserved: number;
  /** On its way to Ready. */
  readonly starting: number;
  /** Every server that is not on its way out. */
  readonly total: number;
}

type Standing = Exclude<keyof Counts, 'total'>;

export interface Tally {
  /** Build → counts; empty where the fleet has no server. */
  builds(fleet: string): ReadonlyMap<string, Counts>;
  fleets(): Iterable<string>;
  /** Servers with our owner mark that are not on their way out. */
  ours(): Iterable<GameServer>;
  /** Fleet → seconds from the first sight of a server to Ready: how many were seen, and the last ones, the oldest first. */
  readySeconds(): ReadonlyMap<string, { readonly count: number; readonly last: readonly number[] }>;
}

const NONE: Counts = { ready: 0, allocated: 0, reserved: 0, starting: 0, total: 0 };
/** Enough for a median that follows a change within a scale-up. */
const KEPT_SECONDS = 15;

/** The tally of a cluster. */
export type Tallies = (cluster: { readonly census: Census }) => Tally;

/** One per census, made at the first asking. @param now milliseconds since the epoch */
export function createTallies(owner: string, now: () => number): Tallies {
  const made = new WeakMap<Census, Tally>();
  return ({ census }) => {
    const known = made.get(census);
    if (known !== undefined) return known;
    const tally = tallyOf(census, owner, now);
    made.set(census, tally);
    return tally;
  };
}

function tallyOf(census: Census, owner: string, now: () => number): Tally {
  const fleets = new Map<string, Map<string, Counts>>();
  const ours = new Map<string, GameServer>();
  const startedAt = new Map<string, number>();
  const seconds = new Map<string, { count: number; last: readonly number[] }>();

  const count = (server: GameServer, by: 1 | -1) => {
    const standing = standingOf(server);
    if (standing === undefined) return;
    const builds = fleets.get(server.fleet) ?? new Map<string, Counts>();
    const counts = builds.get(server.build) ?? NONE;
    const next = { ...counts, [standing]: counts[standing] + by, total: counts.total + by };
    if (next.total > 0) fleets.set(server.fleet, builds.set(server.build, next));
    else if (builds.delete(server.build) && builds.size === 0) fleets.delete(server.fleet);
  };

  const time = (before: GameServer | undefined, after: GameServer | undefined) => {
    const uid = after?.uid ?? before?.uid ?? '';
    const standing = after === undefined ? undefined : standingOf(after);
    if (standing === 'starting') return void (startedAt.has(uid) || startedAt.set(uid, now()));
    const from = startedAt.get(uid);
    startedAt.delete(uid);
    if (from === undefined || after === undefined || standing !== 'ready') return;
    const { count: soFar, last } = seconds.get(after.fleet) ?? { count: 0, last: [] };
    seconds.set(after.fleet, { count: soFar + 1, last: [...last, (now() - from) / 1_000].slice(-KEPT_SECONDS) });
  };

  const change = (before: GameServer | undefined, after: GameServer | undefined) => {
    if (before !== undefined) count(before, -1);
    if (after !== undefined) count(after, 1);
    if (after !== undefined && after.owner === owner && isAlive(after)) ours.set(after.name, after);
    else ours.delete(after?.name ?? before?.name ?? '');
  };

  // A server that is there already has been starting for longer than we know: it is not timed.
  for (const server of census.values()) change(undefined, server);
  census.onChange((before, after) => {
    change(before, after);
    time(before, after);
  });
  return {
    builds: (fleet) => fleets.get(fleet) ?? new Map<string, Counts>(),
    fleets: () => fleets.keys(),
    ours: () => ours.values(),
    readySeconds: () => seconds,
  };
}

function standingOf(server: GameServer): Standing | undefined {
  if (!isAlive(server)) return undefined;
  if (server.state === 'Ready') return 'ready';
  if (server.state === 'Allocated') return 'allocated';
  return server.state === 'Reserved' ? 'reserved' : 'starting';
}

export function sumOf(counts: Iterable<Counts>): Counts {
  let sum = NONE;
  for (const one of counts) {
    sum = {
      ready: sum.ready + one.ready,
      allocated: sum.allocated + one.allocated,
      reserved: sum.reserved + one.reserved,
      starting: sum.starting + one.starting,
      total: sum.total + one.total,
    };
  }
  return sum;
}
