/** Maintenance windows as placement, the game servers and the operator see them. Pure; times are milliseconds since the epoch. */
import type { MaintenancePhase, MaintenanceRequest, MaintenanceScope } from '../../contracts/allocator-api/maintenance-windows.ts';
import { MOST_NOTICES, type WindowNotice } from '../../contracts/notices.ts';

/** What of a window decides. */
export interface Window extends Pick<MaintenanceRequest, 'scope' | 'drainLeadSeconds' | 'reason' | 'end'> {
  readonly id: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly cancelledAt: Date | null;
}

/** Where a game server stands. */
export interface Place {
  readonly cluster: string;
  readonly region: string;
  readonly fleet: string;
  /** Undefined where it cannot be told: then no window for a build of the fleet is about it. */
  readonly build: string | undefined;
}

export function phaseOf(window: Pick<Window, 'startsAt' | 'endsAt' | 'drainLeadSeconds' | 'cancelledAt'>, now: number): MaintenancePhase {
  if (window.cancelledAt !== null) return 'cancelled';
  if (now >= window.endsAt.getTime()) return 'over';
  if (now >= window.startsAt.getTime()) return 'running';
  return now >= window.startsAt.getTime() - window.drainLeadSeconds * 1_000 ? 'draining' : 'planned';
}

/** Whether a window is about this place. */
export function touches(scope: MaintenanceScope, place: Place): boolean {
  if (scope.region !== undefined) return scope.region === place.region;
  const isOther = (scope.cluster ?? place.cluster) !== place.cluster || (scope.fleet ?? place.fleet) !== place.fleet;
  return !isOther && (scope.build ?? place.build) === place.build;
}

/** The windows that are still to count and are about a cluster, or about any fleet in it: none, for most clusters. */
export function aboutFleetsAt(windows: readonly Window[], at: Omit<Place, 'fleet' | 'build'>, now: number): readonly Window[] {
  return windows.filter(({ scope, endsAt, cancelledAt }) => {
    const isAbout = scope.region === undefined ? (scope.cluster ?? at.cluster) === at.cluster : scope.region === at.region;
    return isAbout && cancelledAt === null && now < endsAt.getTime();
  });
}

/**
 * How long a session that begins now may be played at a place before a window begins there: 0 while one drains or runs,
 * undefined where none is in sight.
 */
export function playableMs(windows: readonly Window[], place: Place, now: number): number | undefined {
  let least: number | undefined;
  for (const window of windows) {
    const phase = phaseOf(window, now);
    if (phase === 'over' || phase === 'cancelled' || !touches(window.scope, place)) continue;
    const left = phase === 'planned' ? window.startsAt.getTime() - now : 0;
    least = Math.min(least ?? left, left);
  }
  return least;
}

/** What a game server at a place is to be told now, the soonest first. */
export function noticesFor(windows: readonly Window[], place: Place, now: number): WindowNotice[] {
  return windows
    .filter((window) => ['draining', 'running'].includes(phaseOf(window, now)) && touches(window.scope, place))
    .toSorted((a, b) => a.startsAt.getTime() - b.startsAt.getTime() || (a.id < b.id ? -1 : 1))
    .slice(0, MOST_NOTICES)
    .map((window) => ({
      kind: window.end === 'end-sessions' && now >= window.startsAt.getTime() ? 'session-end' : 'maintenance',
      reason: window.reason,
      startsAt: window.startsAt.toISOString(),
      endsAt: window.endsAt.toISOString(),
      end: window.end,
      window: window.id,
    }));
}
