/**
 * Ends the waiting for builds that are closed, and remembers them, and what each cluster had, at each reading of the lines: a change of a
 * fleet begins one, a cluster that was in doubt may come back without. Each process does it by its own watches; whichever gives an allocation
 * its turn, the turn asks the clusters again, and one write decides.
 */
import type { Log } from '../../runtime/log.ts';
import type { LiveClusters } from '../clusters/cluster-registry.ts';
import { createBell } from '../delivery/bell.ts';
import { buildOfLine } from '../placement/pool.ts';
import type { StandingLines } from '../queue/standing-lines.ts';
import type { Turns } from '../queue/turns.ts';
import type { ClosedBuilds } from '../store/closed-builds.ts';
import type { KnownFleets } from '../store/known-fleets.ts';
import type { Line, Waiter } from '../store/line.ts';
import { answers, wordOf, type OpenBuilds } from './open-builds.ts';

export interface KeepClosedParts {
  readonly registry: LiveClusters;
  readonly builds: OpenBuilds;
  readonly past: ClosedBuilds;
  readonly known: Pick<KnownFleets, 'keep'>;
  readonly line: Pick<Line, 'read'>;
  readonly lines: Pick<StandingLines, 'onRead' | 'readSoon'>;
  readonly turns: Pick<Turns, 'give'>;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const PIECE = 200;

/** @returns for the lifecycle: until the signal */
export function keepClosedBuilds(parts: KeepClosedParts): (signal: AbortSignal) => Promise<void> {
  const bell = createBell();
  let standing: readonly string[] = [];
  parts.lines.onRead((lines) => {
    standing = lines;
    bell.ring();
  });
  parts.registry.onAdded((cluster) => cluster.fleets.onChange(() => parts.lines.readSoon()));
  return async (signal) => {
    for (;;) {
      await bell.heard(Number.POSITIVE_INFINITY, signal);
      if (signal.aborted) return;
      try {
        await remember(parts);
        await endWaiting(parts, standing, signal);
      } catch (cause) {
        parts.log.debug('could not see to those who wait for closed builds; the next pass will', { cause });
      }
    }
  };
}

async function remember({ registry, builds, past, known, now }: KeepClosedParts): Promise<void> {
  const clusters = [...registry.clusters.values()];
  for (const one of clusters.filter(answers)) await known.keep(one.config.name, one.fleets.values(), new Date(now()));
  const fleets = clusters.flatMap(wordOf);
  const seen = new Map(fleets.map(({ fleet, build }) => [`${fleet}/${build}`, { fleet, build }]));
  for (const { fleet, build } of seen.values()) {
    const isOpen = fleets.some((one) => one.fleet === fleet && one.build === build && one.state !== 'closed');
    if (isOpen && past.has(fleet, build)) await past.forget(fleet, build);
    if (isOpen || past.has(fleet, build)) continue;
    if ((await builds.closedNow({ fleet, build, regions: [] })) !== undefined) await past.note(fleet, build, new Date(now()));
  }
}

async function endWaiting({ builds, line, turns, log }: KeepClosedParts, standing: readonly string[], signal: AbortSignal): Promise<void> {
  for (const pool of standing) {
    const build = buildOfLine(pool);
    if (signal.aborted || !builds.mayBeClosed(build)) continue;
    let ending = 0;
    // Thousands may wait for the same.
    const ends = new Map<string, boolean>();
    const isEnding = async ({ fleet, regions }: Waiter['request']) => {
      const key = JSON.stringify([fleet, regions]);
      const known = ends.get(key) ?? (await builds.closedNow({ fleet, build, regions })) !== undefined;
      ends.set(key, known);
      return known;
    };
    let after: { turn: number; uid: string } | undefined;
    for (let more = true; more && !signal.aborted;) {
      const piece: Waiter[] = await line.read({ pools: [pool], after, limit: PIECE });
      for (const { _id, state, request } of piece) {
        // Whoever is being placed comes back to the line, or has won a server.
        if (state === 'placing' || !(await isEnding(request))) continue;
        turns.give(_id);
        ending += 1;
      }
      const last = piece.at(-1);
      after = last === undefined ? undefined : { turn: last.turn, uid: last._id };
      more = piece.length === PIECE;
    }
    if (ending > 0) log.info('a build is closed: those who wait for it are told', { build, allocations: ending });
  }
}
