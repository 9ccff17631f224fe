import type { SavesEvents } from '../saves-events.ts';
import type { SavesStore } from '../store/saves-store.ts';

/** What every move needs. */
export interface SavesParts extends SavesStore {
  readonly events: SavesEvents;
  readonly now: () => Date;
  /** A fresh unique id. */
  readonly mint: () => string;
}
