/** The run's verdict and its figures. Pure. */
import { isFinal, type AllocationDocument } from '../../allocator/allocation.ts';
import { matchOf, type Tally } from './tally.ts';

/** `.local/demo.json`. */
export interface Report {
  readonly players: number;
  readonly matches: number;
  readonly allocations: { readonly requested: number; readonly ready: number; readonly ended: number; readonly failed: number };
  readonly doubled: number;
  readonly orphans: number;
  readonly refusedTickets: number;
  readonly worldsResumed: number;
  readonly serversResized: number;
  readonly entriesDurable: number;
  readonly entriesLost: number;
  readonly placementMs: { readonly p50: number; readonly p99: number };
  readonly startSeconds: number;
}

export interface Findings {
  readonly players: number;
  readonly allocations: readonly AllocationDocument[];
  readonly tally: Tally;
  readonly doubled: number;
  readonly orphans: number;
  readonly entriesDurable: number;
  readonly entriesLost: number;
  readonly startSeconds: number;
}

export function reportOf(found: Findings): Report {
  const { allocations, tally, players, doubled, orphans, entriesDurable, entriesLost, startSeconds } = found;
  const placed = placementTimes(allocations);
  return {
    players,
    matches: matchesOf(allocations, tally),
    allocations: {
      requested: allocations.length,
      ready: allocations.filter(({ readyAt }) => readyAt !== null).length,
      ended: allocations.filter(({ state }) => state === 'ended').length,
      failed: failedOf(allocations).length,
    },
    doubled,
    orphans,
    refusedTickets: tally.refusedTickets.size,
    worldsResumed: tally.resumed.size,
    serversResized: tally.resizedServers.size,
    entriesDurable,
    entriesLost,
    placementMs: { p50: percentile(placed, 0.5), p99: percentile(placed, 0.99) },
    startSeconds,
  };
}

/** Matches in which every seat was taken, by the first allocation that each asked for. */
export function matchesOf(allocations: readonly AllocationDocument[], tally: Tally): number {
  return tally.fullMatches(
    allocations
      .filter(({ id }) => matchOf(id) === id)
      .map(({ id, request }) => ({ match: id, players: request.players.map((player) => player.id) })),
  );
}

/** Milliseconds from the request to ready, ascending. */
export function placementTimes(allocations: readonly AllocationDocument[]): number[] {
  return allocations
    .flatMap(({ createdAt, readyAt }) => (readyAt === null ? [] : [readyAt.getTime() - createdAt.getTime()]))
    .toSorted((a, b) => a - b);
}

/** Nearest rank. @param sorted ascending */
export function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}

/** Why the run is a failure; empty where all is right. */
export function faultsOf(report: Report, { allocations, tally }: Findings, wantedMatches: number): string[] {
  const unplanned = failedOf(allocations).filter(
    ({ state, server }) => !(state === 'lost' && tally.killedServers.has(server?.gameServer ?? '')),
  );
  const open = allocations.filter(({ state }) => !isFinal(state));
  return [
    ...(report.matches < wantedMatches ? [`${report.matches} of ${wantedMatches} matches were played`] : []),
    ...(report.doubled > 0 ? [`${report.doubled} allocations were doubled`] : []),
    ...(report.orphans > 0 ? [`${report.orphans} game servers were orphaned`] : []),
    ...(report.entriesLost > 0 ? [`${report.entriesLost} durable entries were lost`] : []),
    ...(report.entriesDurable === 0 ? ['no entry was made durable'] : []),
    ...(report.worldsResumed === 0 ? ['no world was resumed'] : []),
    ...(report.refusedTickets === 3 ? [] : [`${report.refusedTickets} of 3 bad tickets were refused`]),
    ...(tally.killedServers.size === 0 ? ['no game server was killed'] : []),
    ...(tally.allocatorKills.length === 0 ? ['the allocator was not killed'] : []),
    ...unplanned.map(({ id, state, reason }) => `${id} is ${state}: ${reason ?? 'no reason'}`),
    ...open.map(({ id, state }) => `${id} never came to an end: ${state}`),
    ...tally.troubles,
  ];
}

function failedOf(allocations: readonly AllocationDocument[]): AllocationDocument[] {
  return allocations.filter(({ state }) => isFinal(state) && state !== 'ended');
}

export function tableOf(report: Report): string[] {
  const { allocations, placementMs } = report;
  const rows: readonly (readonly [string, string])[] = [
    ['players', String(report.players)],
    ['matches', String(report.matches)],
    [
      'allocations',
      `${allocations.requested} requested, ${allocations.ready} ready, ${allocations.ended} ended, ${allocations.failed} failed`,
    ],
    ['doubled, orphans', `${report.doubled}, ${report.orphans}`],
    ['bad tickets refused', String(report.refusedTickets)],
    ['worlds resumed', String(report.worldsResumed)],
    ['servers resized', String(report.serversResized)],
    ['durable entries', `${report.entriesDurable}, ${report.entriesLost} lost`],
    ['placing', `p50 ${placementMs.p50} ms, p99 ${placementMs.p99} ms (Agones and its cluster are stand-ins)`],
    ['start', `${report.startSeconds} s`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
}
