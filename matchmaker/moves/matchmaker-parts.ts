import type { allocatorApi } from '../../contracts/allocator-api.ts';
import type { Client } from '../../contracts/client.ts';
import type { MatchmakerEvents } from '../matchmaker-events.ts';
import type { KnownBuilds } from '../known-builds.ts';
import type { Modes } from '../mode.ts';
import type { MatchmakerStore } from '../store/matchmaker-store.ts';
import type { TicketNews } from '../ticket-news.ts';

type Allocator = Client<typeof allocatorApi.endpoints>;

/** What every move needs. */
export interface MatchmakerParts extends MatchmakerStore {
  readonly modes: Modes;
  readonly allocator: Pick<Allocator, 'requestAllocation' | 'getAllocation' | 'cancelAllocation'>;
  readonly builds: Pick<KnownBuilds, 'closedIn'>;
  readonly events: MatchmakerEvents;
  readonly news: TicketNews;
  readonly now: () => Date;
  /** A fresh unique id, good as a match's. */
  readonly mint: () => string;
  /** This process, among those that move matches on. */
  readonly self: string;
}
