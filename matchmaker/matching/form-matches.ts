/**
 * Tickets → matches of one mode: a pure decision, the same for the same tickets and time.
 *
 * The oldest unit first gathers others of its build, oldest first, as long as all of them share a region that each finds good enough
 * for its age, and the spread of skill fits the oldest one's age. What the limits are, and how they widen, the mode says.
 */
import { widthAfter, type Mode } from '../mode.ts';
import { unitsOf, type Unit, type WaitingTicket } from './unit.ts';

export interface FormedMatch {
  readonly build: string;
  /** Oldest first. */
  readonly tickets: readonly WaitingTicket[];
  /** Regions that are good enough for everybody, best first. */
  readonly regions: readonly string[];
}

/** How many others one unit looks at in one round: bounds the round where nobody fits anybody. */
const LOOKS = 500;

interface Candidate extends Unit {
  readonly ageSeconds: number;
  readonly regions: readonly string[];
}

/** @param now milliseconds since the epoch. */
export function formMatches(tickets: readonly WaitingTicket[], mode: Mode, now: number): FormedMatch[] {
  const byBuild = Map.groupBy(unitsOf(tickets), (unit) => unit.build);
  return [...byBuild.values()].flatMap((units) =>
    formOfOneBuild(
      units.map((unit) => candidateOf(unit, mode, now)),
      mode,
    ),
  );
}

function formOfOneBuild(units: readonly Candidate[], mode: Mode): FormedMatch[] {
  const taken = new Set<Candidate>();
  const matches: FormedMatch[] = [];
  for (const [index, oldest] of units.entries()) {
    if (taken.has(oldest) || oldest.regions.length === 0 || oldest.players.length > mode.players) continue;
    const group = gather(oldest, units, index + 1, taken, mode);
    if (group === undefined) continue;
    for (const unit of group.units) taken.add(unit);
    matches.push({ build: oldest.build, tickets: group.units.flatMap((unit) => unit.tickets), regions: bestFirst(group) });
  }
  return matches;
}

interface Group {
  readonly units: Candidate[];
  readonly regions: readonly string[];
}

/** `undefined` where not enough are there. */
function gather(
  oldest: Candidate,
  units: readonly Candidate[],
  start: number,
  taken: ReadonlySet<Candidate>,
  mode: Mode,
): Group | undefined {
  const width = widthAfter(mode.skill, oldest.ageSeconds);
  const group = [oldest];
  const players = new Set(oldest.players.map((player) => player.id));
  let { regions } = oldest;
  let [lowest, highest] = [oldest.skill, oldest.skill];
  let looks = 0;
  for (let index = start; index < units.length && players.size < mode.players && looks < LOOKS; index += 1) {
    const unit = units[index];
    if (unit === undefined || taken.has(unit)) continue;
    looks += 1;
    if (players.size + unit.players.length > mode.players || unit.players.some((player) => players.has(player.id))) continue;
    const spread = [Math.min(lowest, unit.skill), Math.max(highest, unit.skill)] as const;
    if (spread[1] - spread[0] > width) continue;
    const shared = regions.filter((region) => unit.regions.includes(region));
    if (shared.length === 0) continue;
    group.push(unit);
    regions = shared;
    [lowest, highest] = spread;
    for (const player of unit.players) players.add(player.id);
  }
  const few = mode.minPlayers !== undefined && players.size >= mode.minPlayers && oldest.ageSeconds >= mode.maxWaitSeconds;
  return players.size === mode.players || few ? { units: group, regions } : undefined;
}

function candidateOf(unit: Unit, mode: Mode, now: number): Candidate {
  const ageSeconds = (now - unit.createdAt) / 1_000;
  const limit = widthAfter(mode.latencyMs, ageSeconds);
  const regions = [...unit.worstLatency].filter(([, worst]) => worst <= limit).map(([region]) => region);
  return { ...unit, ageSeconds, regions };
}

function bestFirst({ units, regions }: Group): string[] {
  const worst = (region: string) => Math.max(...units.map((unit) => unit.worstLatency.get(region) ?? Number.POSITIVE_INFINITY));
  return regions
    .map((region) => ({ region, ms: worst(region) }))
    .toSorted((a, b) => a.ms - b.ms || (a.region < b.region ? -1 : 1))
    .map(({ region }) => region);
}
