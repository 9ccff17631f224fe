/** What happens in the matchmaker, as metrics and log lines: one function per event. */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Log } from '../runtime/log.ts';
import type { Match } from './match.ts';

export interface MatchmakerEvents {
  ticketQueued(mode: string): void;
  /** It was not kept. */
  ticketRefused(mode: string, reason: string): void;
  ticketFailed(mode: string, reason: string): void;
  /** The allocator cannot say which builds are open: nobody is turned away meanwhile. */
  buildsUnknown(cause: unknown): void;
  matchFormed(match: Match): void;
  /** @param seconds since the match was formed. */
  matchPlaced(match: Match, seconds: number): void;
  /** Its tickets wait again. */
  matchReturned(match: Match, reason: string): void;
  worldLost(match: Match, allocationId: string): void;
  /** The allocator will not have the request: the mode's config and the allocator disagree. */
  requestRefused(match: Match, cause: unknown): void;
  /** The allocator or the database did not do what was asked; it is tried again. */
  moveDelayed(matchId: string, cause: unknown): void;
  /** Matching or sweeping failed this time. */
  roundFailed(cause: unknown): void;
}

export function createMatchmakerEvents(registry: Registry, log: Log): MatchmakerEvents {
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name: `lifeverse_matchmaker_${name}_total`, help, labelNames, registers: [registry] });
  const tickets = counter('tickets', 'Tickets queued', ['mode']);
  const refusals = counter('tickets_refused', 'Tickets that were not kept, such as those for a closed build', ['mode', 'reason']);
  const failures = counter('tickets_failed', 'Tickets that ended without a place', ['mode', 'reason']);
  const formed = counter('matches', 'Matches formed', ['mode']);
  const returned = counter('matches_returned', 'Matches that came to nothing; their tickets wait again', ['mode']);
  const lost = counter('worlds_lost', 'Worlds lost and asked for again', ['mode']);
  const delayed = counter('moves_delayed', 'Steps that have to be tried again', []);
  const seconds = new Histogram({
    name: 'lifeverse_matchmaker_placing_duration_seconds',
    help: 'From a formed match to its players knowing where to play',
    labelNames: ['mode'],
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 40, 60, 120],
    registers: [registry],
  });
  return {
    ticketQueued: (mode) => tickets.inc({ mode }),
    ticketRefused: (mode, reason) => refusals.inc({ mode, reason }),
    buildsUnknown: (cause) => log.warn('the allocator does not say which builds are open; every build is taken until it does', { cause }),
    ticketFailed: (mode, reason) => failures.inc({ mode, reason }),
    matchFormed: (match) => {
      formed.inc({ mode: match.mode });
      log.info('match formed', { allocationId: match._id, mode: match.mode, tickets: match.tickets.length });
    },
    matchPlaced: (match, took) => {
      seconds.observe({ mode: match.mode }, took);
      log.info('match placed', { allocationId: match._id, mode: match.mode, round: match.round, seconds: took });
    },
    matchReturned: (match, reason) => {
      returned.inc({ mode: match.mode });
      log.warn('match came to nothing', { allocationId: match._id, mode: match.mode, reason });
    },
    worldLost: (match, allocationId) => {
      lost.inc({ mode: match.mode });
      log.warn('world lost', { allocationId, world: match.world });
    },
    requestRefused: (match, cause) => log.error('the allocator refused a match', { allocationId: match._id, mode: match.mode, cause }),
    moveDelayed: (matchId, cause) => {
      delayed.inc();
      log.warn('a step of a match has to be tried again', { allocationId: matchId, cause });
    },
    roundFailed: (cause) => {
      delayed.inc();
      log.warn('a round of matchmaking failed', { cause });
    },
  };
}
