/** What the LifeVerse surface is made of. */
import type { bridgeApi } from '../../contracts/bridge.ts';
import type { Handlers } from '../../runtime/serve-api.ts';
import type { Heartbeat } from '../health/beat.ts';
import type { InventoryLink } from '../inventories/inventory-link.ts';
import type { SessionJournals } from '../journals/session-journals.ts';
import type { AcceptParts } from '../moves/accept-session.ts';
import type { AdmitParts } from '../moves/admit-player.ts';
import type { NoticeBoard } from '../notices/notice-board.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { WorldLink } from '../world/world-link.ts';

export interface BridgeParts {
  readonly store: SessionStore;
  readonly accept: AcceptParts;
  readonly admit: AdmitParts;
  readonly world: WorldLink;
  readonly inventories: InventoryLink;
  readonly journals: Pick<SessionJournals, 'current' | 'opened'>;
  readonly notices: NoticeBoard;
  readonly heartbeat: Heartbeat;
  readonly gameServer: string;
  /** The game server is warm: Ready goes to Agones, if the gate lets it. */
  readonly earnReady: () => void;
  /** Asks the allocator for players who were added since the claim; never rejects. */
  readonly refreshClaim: () => Promise<void>;
  readonly now: () => number;
}

export type BridgeHandlers = Handlers<(typeof bridgeApi)['endpoints']>;
