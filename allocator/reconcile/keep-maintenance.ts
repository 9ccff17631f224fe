/**
 * What maintenance windows ask for, done by one process at a time: game servers in a scope get the notice, sessions that
 * are to end are ended, and it is noted when a scope stands free. Game servers get to know in the same way which players to drop.
 *
 * Everything follows from what is stored and from what the servers carry: a server whose annotation is not what the
 * windows say now is written, whoever wrote it before, whenever it was allocated and however long its cluster was away.
 * A session is ended before its server is told so, and its server is told by the very write that stops the next round from
 * ending it, so that a kill between the two is mended by the next round.
 */
import { GAME_SERVER_MARKS } from '../../contracts/allocator.ts';
import type { WindowNotice } from '../../contracts/notices.ts';
import { pause } from '../../runtime/deadline.ts';
import type { AllocationDocument } from '../allocation.ts';
import type { AgonesCluster } from '../clusters/agones-cluster.ts';
import type { GameServer } from '../clusters/game-server.ts';
import type { Tallies } from '../clusters/tally.ts';
import { kickNotices } from '../kicks.ts';
import type { MaintenanceMetrics } from '../maintenance-metrics.ts';
import { end } from '../moves/attempts.ts';
import type { MoveParts } from '../moves/parts.ts';
import { noticesFor, phaseOf } from '../placement/maintenance.ts';
import type { ScopeLook } from './scope-look.ts';
import { telling } from '../store/allocations.ts';
import type { MaintenanceWindows } from '../store/maintenance-windows.ts';

export interface MaintenanceParts {
  readonly moves: MoveParts;
  readonly windows: MaintenanceWindows;
  readonly tallyOf: Tallies;
  readonly look: Pick<ScopeLook, 'leftIn'>;
  readonly metrics: MaintenanceMetrics;
}

/** Windows begin by the clock, and servers come by the watch; a round without work looks at our own servers only. */
const ROUND_MS = 500;
/** Bounds what a window over ten thousand servers asks of their API server: with the round, 100 a second. */
const TOLD_PER_ROUND = 50;
/** Each ends with a flush of its saves, and brings its players back to the matchmaker: with the round, 20 a second and cluster. */
const ENDED_PER_ROUND = 10;
/** Until the watch shows what was written. */
const SHOWN_WITHIN_MS = 10_000;
const PRUNE_EVERY_MS = 3_600_000;

/** For `whileLeased`: runs until the signal. A cluster that is slow holds up no other. */
export async function keepMaintenance(parts: MaintenanceParts, signal: AbortSignal): Promise<void> {
  const busy = new Map<AgonesCluster, Promise<void>>();
  const written = new Map<string, { readonly value: string | undefined; readonly at: number }>();
  let prunedAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    await parts.windows.refresh();
    const kicks = new Map((await parts.moves.allocations.kicking()).map((one) => [one._id, one]));
    for (const cluster of parts.moves.clusters.values()) {
      if (!cluster.healthy || busy.has(cluster)) continue;
      const round = tellServers(parts, cluster, written, kicks, signal)
        .catch((cause: unknown) =>
          parts.moves.log.warn('game servers could not be told of maintenance; the next round tries again', {
            cluster: cluster.config.name,
            cause,
          }),
        )
        .finally(() => busy.delete(cluster));
      busy.set(cluster, round);
    }
    await noteDrained(parts);
    forgetShown(written, parts.moves.now());
    if (performance.now() - prunedAt > PRUNE_EVERY_MS) {
      await parts.windows.prune();
      prunedAt = performance.now();
    }
    await pause(ROUND_MS, signal);
  }
  await Promise.all(busy.values());
}

type Written = Map<string, { readonly value: string | undefined; readonly at: number }>;

async function tellServers(
  parts: MaintenanceParts,
  cluster: AgonesCluster,
  written: Written,
  kicking: ReadonlyMap<string, AllocationDocument>,
  signal: AbortSignal,
): Promise<void> {
  const { moves, windows, metrics } = parts;
  const { name, region } = cluster.config;
  let servers = 0;
  let ended = 0;
  for (const server of parts.tallyOf(cluster).ours()) {
    if (signal.aborted || servers >= TOLD_PER_ROUND) return;
    const notices = noticesFor(windows.open, { cluster: name, region, fleet: server.fleet, build: server.build }, moves.now());
    const session = kicking.get(server.allocationUid ?? '');
    const kicks = session?.attempt === server.attempt ? kickNotices(session?.kicks) : [];
    const told = [...notices, ...kicks];
    const value = told.length === 0 ? undefined : JSON.stringify(told);
    if (server.notice === value || isShownSoon(written.get(server.uid), value)) continue;
    const ending = notices.find(({ kind }) => kind === 'session-end');
    if (ending === undefined) await tellReaders(moves, server, notices);
    else {
      if (ended >= ENDED_PER_ROUND || !(await endSession(moves, server, ending))) continue;
      ended += 1;
    }
    const outcome = await cluster.annotate(server, moves.owner, GAME_SERVER_MARKS.notice, value);
    metrics.told(name, outcome);
    // One that has changed meanwhile is seen again, as it is then, in the next round.
    if (outcome === 'written') written.set(server.uid, { value, at: moves.now() });
    servers += 1;
  }
}

function isShownSoon(last: { readonly value: string | undefined } | undefined, value: string | undefined): boolean {
  return last !== undefined && last.value === value;
}

function forgetShown(written: Written, now: number): void {
  for (const [uid, { at }] of written) if (now - at > SHOWN_WITHIN_MS) written.delete(uid);
}

/** True when the server's session is over, and it may be told so. */
async function endSession(moves: MoveParts, server: GameServer, { reason, window }: WindowNotice): Promise<boolean> {
  const found = await moves.allocations.find(server.allocationUid ?? '');
  // None of the store's own, or superseded: the reconciler's business.
  if (found === undefined || found.attempt !== server.attempt) return false;
  if (found.state === 'placing' || found.state === 'cancelling') return false;
  const state = await end(moves, found, `maintenance: ${reason}`);
  if (state !== found.state) moves.log.info('a session was ended for maintenance', { allocationId: found.id, window });
  // A session that was still loading has gone back to the line, and its server has been released.
  return state === 'ended';
}

/** The event comes before the annotation, and its id is the same each time: told at least once, and kept once by the event log. */
async function tellReaders(moves: MoveParts, server: GameServer, notices: readonly WindowNotice[]): Promise<void> {
  const { allocationUid: uid, attempt } = server;
  if (uid === undefined || attempt === undefined) return;
  for (const notice of notices) {
    if (server.notice?.includes(`"window":"${notice.window}"`) === true) continue;
    const { $push, ...told } = telling({ kind: 'notice', at: new Date(moves.now()), data: { ...notice, gameServer: server.name } });
    const event = { ...$push.outbox, id: `${uid}:${attempt}:notice:${notice.window}` };
    await moves.allocations.documents.change(
      { _id: uid, attempt, state: { $in: ['allocated', 'ready'] }, 'outbox.id': { $ne: event.id } },
      { ...told, $push: { outbox: event } },
    );
  }
}

async function noteDrained({ windows, moves, look, metrics }: MaintenanceParts): Promise<void> {
  const active = windows.open.filter((window) => ['draining', 'running'].includes(phaseOf(window, moves.now())));
  let sessions = 0;
  for (const window of active) {
    const left = await look.leftIn(window);
    sessions += left.sessions;
    const isFree = left.sessions === 0 && left.busyServers === 0;
    if (isFree === (window.drainedAt !== null)) continue;
    await windows.noteDrained(window, isFree ? new Date(moves.now()) : null);
    moves.log.info(isFree ? 'the scope of a maintenance window stands free' : 'the scope of a maintenance window is in use again', {
      window: window.id,
    });
  }
  metrics.active(active.length, sessions);
}
