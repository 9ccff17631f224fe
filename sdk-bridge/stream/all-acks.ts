/** How far every journal of the session is, in one answer: what the held call gives, and what the stream tells. */
import type { z } from 'zod';
import type { bridgeApi } from '../../contracts/bridge.ts';
import type { InventoryLink } from '../inventories/inventory-link.ts';
import { keyOf } from '../journals/journal-head.ts';
import type { SessionJournals } from '../journals/session-journals.ts';
import type { SessionStore } from '../store/session-store.ts';

export type AllAcks = z.output<(typeof bridgeApi)['endpoints']['acks']['responses'][200]['body']>;

export interface AcksParts {
  readonly store: Pick<SessionStore, 'current'>;
  readonly journals: Pick<SessionJournals, 'current' | 'opened'>;
  readonly inventories: Pick<InventoryLink, 'all'>;
}

/** The version while there is no session, and so no journal. */
const NONE = 'none';

/** As they are once their version is no longer `from`, or when the signal comes. @param from undefined: the present one. */
export async function awaitAcks(
  { store, journals, inventories }: AcksParts,
  from: string | undefined,
  held: AbortSignal,
): Promise<AllAcks> {
  const found = journals.current() ?? (await journals.opened(held).catch(() => undefined));
  if (found === undefined) return { version: NONE, inventories: [] };
  const known = from ?? found.version();
  await found.until(() => found.version() !== known, held);
  const played = store.current().claim?.session.world;
  const journal = played === undefined ? undefined : keyOf('worlds', played);
  const ofWorld = journal === undefined || found.head(journal) === undefined ? {} : { world: found.acks(journal) };
  return { version: found.version(), ...ofWorld, inventories: inventories.all() };
}
